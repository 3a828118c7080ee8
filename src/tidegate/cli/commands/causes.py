"""tidegate causes"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli import options
from tidegate.cli.from_server import OfRun

if TYPE_CHECKING:
    from tidegate.runs.causes.root_causes import RootCauses


@click.command("causes", cls=OfRun, short_help="Where a run leaks and over-kills, and what would fix it.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the audit sample (CSV, JSONL, Parquet); without it, the run's truth where it has one.",
)
@click.option(
    "--by",
    callback=options.names,
    help="What slices are made of, such as language,rule,words; without it, all that the run has but scores.",
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.99), default=0.95, show_default=True)
@click.option("--most", type=click.IntRange(1, 50), default=10, show_default=True, help="Slices to tell.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the permutations.")
@click.option(
    "--changes/--no-changes",
    "suggest",
    default=True,
    show_default=True,
    help="Try changes to the strategy, each by a backtest.",
)
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a report.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(
    run: Path,
    labels: Path | None,
    by: tuple[str, ...],
    confidence: float,
    most: int,
    seed: int,
    suggest: bool,
    page: Path | None,
    as_json: bool,
) -> None:
    """Slices of RUN in which leakage or overkill is more frequent, and changes that a backtest confirms.

    A slice is proven where a search over permuted errors finds one as clear in at most 5 % of the runs.
    Words of the texts are shown, as they describe a slice; texts never are.
    """
    from tidegate.errors import RunError, Where
    from tidegate.runs.causes.root_causes import as_dict, root_causes
    from tidegate.runs.folder import RunFolder, write_text

    if page is not None and not page.absolute().parent.is_dir():
        raise RunError(
            "the folder for the report does not exist", where=Where(page), remedy="Make it, or name another."
        )
    result = root_causes(
        RunFolder(run), labels, by=by, confidence=confidence, most=most, suggest=suggest, seed=seed
    )
    if page is not None:
        from tidegate.runs.causes.report import html

        write_text(page, html(result))
    if as_json:
        click.echo(json.dumps(as_dict(result), ensure_ascii=False, indent=2))
    else:
        _show(result)
        if page is not None:
            click.echo(f"\nReport written to {page}.")


def _show(result: RootCauses) -> None:
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.causes.words import finding_cells, lead, suggestion_cells, trade

    show.out.print(lead(result), style="bold", markup=False)
    show.out.print(f"  By {result.source}.", markup=False)
    for part in result.errors:
        if part.causes.findings:
            show.out.print()
            rows = pl.DataFrame([finding_cells(one) for one in part.causes.findings])
            show.frame(rows, f"{part.error.capitalize()}: slices that err more often")
        if part.suggestions:
            show.out.print()
            show.frame(
                pl.DataFrame([suggestion_cells(one) for one in part.suggestions]),
                f"{part.error.capitalize()}: changes that a backtest confirms; changes of shares in points",
            )
            for one in part.suggestions:
                show.out.print(f"\n{one.yaml}", markup=False, highlight=False)
                traded = trade(one)
                if traded is not None:
                    show.out.print(f"  {one.change}. {traded}", style="yellow", markup=False)
