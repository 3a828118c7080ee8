"""tidegate drift"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tidegate.cli import options
from tidegate.cli.from_server import OfRun

DRIFTED = 1


@click.command("drift", cls=OfRun, short_help="What has changed since a reference run: scores, mix, errors.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--against", type=click.Path(path_type=Path), help="The reference run.")
@click.option(
    "--window",
    callback=options.days,
    metavar="DAYS",
    help="Instead of --against: the last days of RUN, such as 7d, against those before them.",
)
@click.option(
    "--reference",
    callback=options.days,
    metavar="DAYS",
    help="With --window: how many days before them.  [default: four times as many]",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="With --window: items posted before this time (UTC); to the last item without it.",
)
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
    help="The smallest change of a share or rate that matters: 0.01 is one point in a hundred.",
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
    against: Path | None,
    window: timedelta | None,
    reference: timedelta | None,
    until: datetime | None,
    labels: Path | None,
    labels_before: Path | None,
    scores: tuple[str, ...],
    by: tuple[str, ...],
    at_least: float,
    false_alarms: float,
    as_json: bool,
) -> None:
    """Compare RUN with a reference run, or its last days with those before them.

    Looked at are the distributions of scores, the mix of items and outcomes, how often people overrule the
    machine, and whether a predicted chance still means what it did.

    Exit status 1 says that something has drifted.
    """
    if (against is None) == (window is None):
        raise click.UsageError("Give one of --against (a reference run) and --window (days of RUN).")
    if window is None and (reference or until):
        raise click.UsageError("--reference and --until go with --window.")
    if window is not None and labels_before is not None:
        raise click.UsageError("With --window, --labels are of the whole run, and there are none before.")

    from tidegate.runs.drift_windows import Spans
    from tidegate.runs.drifting import drift, drift_in_time
    from tidegate.runs.folder import RunFolder

    now = RunFolder(run), labels
    if window is None:
        assert against is not None
        before = RunFolder(against), labels_before
        found = drift(now, before, scores=scores, by=by, at_least=at_least, level=false_alarms)
    else:
        spans = Spans(window, reference, until and until.replace(tzinfo=UTC))
        found = drift_in_time(now, spans, scores=scores, by=by, at_least=at_least, level=false_alarms)
    report = found.as_dict()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _show(report)
    if report["drifted"]:
        click.get_current_context().exit(DRIFTED)


def _show(report: dict[str, Any]) -> None:
    from tidegate.cli import show
    from tidegate.names import counted

    changed = [row for row in report["checks"] if row["drifted"]]
    quiet = [row for row in report["checks"] if row["p"] is not None and not row["drifted"]]
    silent = [row for row in report["checks"] if row["p"] is None]
    for side in ("now", "before"):
        show.out.print(
            f"{side}: {report[side]['of']}, {counted(report[side]['items'], 'item')}", markup=False
        )
    for note in report["notes"]:
        show.out.print(f"  {note}", markup=False)
    show.out.print(f"asked: has anything changed{_asked(report['at_least'])}?\n", markup=False)
    if changed:
        _table("What has changed", changed, with_p=True)
    else:
        show.out.print(_nothing(len(quiet)), style="bold")
    alone = sum(_beyond(row) for row in quiet)
    if alone:
        show.out.print(
            f"{counted(alone, 'interval')} below would show a change if looked at alone. Among "
            f"{counted(report['tested'], 'check')} it may be chance: more items, or fewer slices, will tell.",
            markup=False,
        )
    if quiet:
        show.out.print()
        _table("No change shown; the smallest that would have been seen", quiet, with_p=False)
    for row in silent:
        show.out.print(
            f"  not compared: {row['check']}, {_where(row)}{row['what']}: {row['note']}", markup=False
        )


def _nothing(tested: int) -> str:
    if not tested:
        return "Nothing could be compared: either window has too little."
    return "The one check shows no change." if tested == 1 else f"None of {tested} checks shows a change."


def _beyond(row: dict[str, Any]) -> bool:
    """Whether the interval, which is of this change by itself, leaves no room for what does not matter."""
    least = row["at_least"]
    return row["low"] is not None and (row["low"] > least or row["high"] < -least)


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


def _asked(at_least: float) -> str:
    if not at_least:
        return " at all"
    return f" by {100 * at_least:g} % of items or more (of the top 1 %: a tenth of that)"


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
