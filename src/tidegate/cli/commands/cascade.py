"""tidegate cascade curve"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.group("cascade", short_help="What a cheap filter and a dear judge are worth together.")
def command() -> None:
    """Cascades: a cheap filter settles what it is sure of, and a judge the rest."""


@command.command("curve")
@click.argument("scores", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--filter",
    "filters",
    required=True,
    callback=options.names,
    help="Signals of the filter: text.hate,text.harassment.",
)
@click.option("--judge", default="judge.violates", show_default=True, help="The judge's verdict.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path, exists=True),
    help="What people found; the judge's verdicts without it.",
)
@click.option(
    "--at-most",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.10,
    show_default=True,
    help="Share of items that may be judged.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Draw the curve into this SVG, PNG or HTML file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def curve(
    scores: Path,
    filters: tuple[str, ...],
    judge: str,
    labels: Path | None,
    at_most: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """How much of a judge's F1 a cascade keeps, by the share of items that it asks the judge about.

    SCORES is a Parquet file of `tidegate score`, in which the judge was asked about every item: a sample of
    some thousands. Thresholds are chosen on half of it and tried on the other half.
    """
    import json

    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.cascading.chart import check, write_chart
    from tidegate.runs.cascading.curve import SHARES, cascade_curve

    if out is not None:
        check(out)
    shares = sorted({*SHARES, at_most})
    found = cascade_curve(scores, filters, judge, labels, shares)
    if out is not None:
        write_chart(found.frame, out)
    if as_json:
        told = {
            "curve": found.frame.to_dicts(),
            "own_f1": found.own,
            "tuning": found.tuning,
            "tried": found.tried,
            "price": found.price,
            "unanswered": found.unanswered,
            "rules": found.rules(judge, at_most),
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(
        f"The judge alone: F1 {found.own:.3f} on {found.tried:,} items; "
        f"thresholds chosen on {found.tuning:,} others."
    )
    if found.unanswered:
        click.echo(f"  left out: {found.unanswered:,} items without a verdict")
    rounded = found.frame.with_columns(
        pl.col("judged", "f1", "of_judge", "low", "high", "from", "to").round(3)
    )
    show.frame(rounded)
    if found.price:
        judged = float(str(found.at("blend", at_most)["judged"]))
        click.echo(
            f"  judging costs {1000 * judged * found.price:,.3f} US dollars a thousand items, "
            f"not {1000 * found.price:,.3f}"
        )
    click.echo(f"\nWith at most {at_most:.0%} judged:\n")
    click.echo(found.rules(judge, at_most), nl=False)
    if out is not None:
        click.echo(f"\nDrawn into {out}.")
