"""tidegate drift"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tidegate.cli import options
from tidegate.cli.from_server import OfRun

DRIFTED = 1


@click.command("drift", cls=OfRun, short_help="What has changed since a reference run: scores, mix, errors.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--against", required=True, type=click.Path(path_type=Path), help="The reference run.")
@click.option("--labels", type=click.Path(path_type=Path), help="Labels of RUN; else its truth, if any.")
@click.option("--labels-before", type=click.Path(path_type=Path), help="Labels of the reference run.")
@click.option(
    "--score",
    "scores",
    multiple=True,
    help="A signal to watch; may be given several times.",
    show_default="those named max_risk",
)
@options.sliced(None)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="The smallest change in a share of items that matters: 0.01 is one point in a hundred.",
)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="Chance that the report flags anything where nothing has changed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(
    run: Path,
    against: Path,
    labels: Path | None,
    labels_before: Path | None,
    scores: tuple[str, ...],
    by: tuple[str, ...],
    at_least: float,
    false_alarms: float,
    as_json: bool,
) -> None:
    """Compare RUN with a reference run.

    Looked at are the distributions of scores, the mix of items and outcomes, how often people overrule the
    machine, and whether a predicted chance still means what it did.

    Exit status 1 says that something has drifted.
    """
    from tidegate.runs.drifting import drift
    from tidegate.runs.folder import RunFolder

    report = drift(
        (RunFolder(run), labels),
        (RunFolder(against), labels_before),
        scores=scores,
        by=by,
        at_least=at_least,
        level=false_alarms,
    ).as_dict()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _show(report)
    if report["drifted"]:
        click.get_current_context().exit(DRIFTED)


def _show(report: dict[str, Any]) -> None:
    from tidegate.cli import show

    changed = [row for row in report["checks"] if row["drifted"]]
    quiet = [row for row in report["checks"] if row["p"] is not None and not row["drifted"]]
    silent = [row for row in report["checks"] if row["p"] is None]
    if changed:
        _table("What has changed", changed, with_p=True)
    else:
        show.out.print(f"Nothing has changed that {report['tested']} checks could show.", style="bold")
    if quiet:
        show.out.print()
        _table("No change shown; the smallest that would have been seen", quiet, with_p=False)
    for row in silent:
        show.out.print(
            f"  not compared: {row['check']}, {_where(row)}{row['what']}: {row['note']}", markup=False
        )


def _table(title: str, rows: list[dict[str, Any]], *, with_p: bool) -> None:
    from rich.table import Table

    from tidegate.cli import show

    last = "p, of all checks" if with_p else "smallest seen"
    table = Table(title=title, title_justify="left")
    for name in ("check", "of", "before", "now", "change, 95 % interval", last):
        table.add_column(name, justify="left" if name in ("check", "of") else "right")
    for row in rows:
        end = f"{row['p']:.2g}" if with_p else f"± {_points(row['smallest'], sign=False)}"
        table.add_row(
            row["check"],
            f"{_where(row)}{row['what']}",
            _percent(row["before"]),
            _percent(row["now"]),
            f"{_points(row['change'])} ({_points(row['low'])} to {_points(row['high'])})",
            end,
        )
    show.out.print(table)


def _where(row: dict[str, Any]) -> str:
    return f"{row['slice']} {row['value']}: " if row["slice"] else ""


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{_points(share, sign=False)} %"


def _points(share: float | None, *, sign: bool = True) -> str:
    """Points in a hundred."""
    if share is None:
        return "–"
    number = 100 * share
    digits = 1 if abs(number) >= 10 else 2 if abs(number) >= 0.1 or number == 0 else 4
    return f"{number:+.{digits}f}" if sign else f"{number:.{digits}f}"
