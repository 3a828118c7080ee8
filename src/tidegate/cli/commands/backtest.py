"""tidegate backtest"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli import options
from tidegate.cli.from_server import OfRun
from tidegate.names import counted

if TYPE_CHECKING:
    import polars as pl

    from tidegate.runs.backtest import Backtest

RULES_SHOWN = 15


@click.command("backtest", cls=OfRun, short_help="Try another strategy on a recorded run.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--strategy", required=True, help='New strategy file; "starter" for the one that ships with Tidegate.'
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the audit sample (CSV, JSONL, Parquet); without it, the run's truth where it has one.",
)
@options.sliced(None)
@options.let
@click.option(
    "--compute-missing",
    is_flag=True,
    help="Ask the detectors for signals that the run never computed and the new strategy needs.",
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with charts."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option(
    "--show-text", is_flag=True, help="Show the texts of the most viewed flips; they may be hard to read."
)
def command(
    run: Path,
    strategy: str,
    labels: Path | None,
    by: tuple[str, ...],
    let: dict[str, float],
    compute_missing: bool,
    confidence: float,
    page: Path | None,
    as_json: bool,
    show_text: bool,
) -> None:
    """What would change if STRATEGY had decided RUN: flips, reviews, cost, leakage and overkill.

    The new strategy is decided over the signals that RUN recorded; nothing recorded is computed again.
    Changes of leakage and overkill come with an interval, from the labels of the audit sample.
    """
    from tidegate.cli import show
    from tidegate.runs.backtest import as_dict, backtest
    from tidegate.runs.folder import RunFolder, write_text

    if page is not None:
        _check_page(page)
    with show.progress("backtesting") as report:
        result = backtest(
            RunFolder(run),
            strategy,
            labels=labels,
            by=by,
            compute_missing=compute_missing,
            let=let,
            confidence=confidence,
            show_text=show_text,
            report=report,
        )
    show.problems(result.warnings)
    if page is not None:
        from tidegate.runs.backtest_report import html

        write_text(page, html(result))
    if as_json:
        click.echo(json.dumps(as_dict(result), ensure_ascii=False, indent=2))
    else:
        _show(result)
        if page is not None:
            click.echo(f"\nReport written to {page}.")


def _check_page(page: Path) -> None:
    """Before the work, not after it."""
    from tidegate.errors import RunError, Where
    from tidegate.runs.backtest_charts import check_installed

    check_installed()
    if not page.absolute().parent.is_dir():
        raise RunError(
            "the folder for the report does not exist", where=Where(page), remedy="Make it, or name another."
        )


def _show(result: Backtest) -> None:
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.backtest_words import lead, number, percent

    show.out.print(lead(result), style="bold", markup=False)
    totals = result.totals
    seconds = f"{number(totals.cost_ms.before / 1000)} → {number(totals.cost_ms.after / 1000)} s"
    changes = [
        f"reviews {number(totals.reviews.before)} → {number(totals.reviews.after)}",
        f"signals {seconds} of one core as declared",
    ]
    if totals.cost_money.before or totals.cost_money.after:
        changes.append(f"{number(totals.cost_money.before)} → {number(totals.cost_money.after)} US dollars")
    show.out.print("  " + " · ".join(changes))
    show.out.print(f"  items whose action stays, by another rule: {totals.other_rule:,}")
    if result.computed:
        asked = ", ".join(f"{name} for {counted(items, 'item')}" for name, items in result.computed.items())
        show.out.print(f"  computed now: {asked}")
    _section(result.matrix, "From → to, by action", totals.flips > 0 or totals.undetermined > 0)
    _section(result.rules.head(RULES_SHOWN), "Flips by rule", not result.rules.is_empty())
    for (name,), part in result.slices.group_by("slice", maintain_order=True):
        share = pl.Series("share", [percent(f / n) for f, n in part.select("flips", "items").iter_rows()])
        _section(part.drop("slice").insert_column(3, share), f"Flips by {name}")
    if result.differences is not None:
        _section(_differences(result), "Leakage and overkill, before and after; changes in points")
        for note in result.differences["note"].drop_nulls().unique(maintain_order=True):
            show.out.print(f"  {note}", style="italic", markup=False)
    _section(
        result.undetermined,
        "Undetermined: the run never computed what these need",
        len(result.undetermined) > 0,
    )
    _section(result.most_viewed, "Most viewed flips", len(result.most_viewed) > 0)


def _section(frame: pl.DataFrame, title: str, wanted: bool = True) -> None:
    from tidegate.cli import show

    if wanted:
        show.out.print()
        show.frame(frame, title)


def _differences(result: Backtest) -> pl.DataFrame:
    import polars as pl

    from tidegate.runs.backtest_words import change_in_words

    assert result.differences is not None
    rows = pl.DataFrame([change_in_words(row) for row in result.differences.iter_rows(named=True)])
    return rows if result.differences["truth"].null_count() < len(rows) else rows.drop("truth")
