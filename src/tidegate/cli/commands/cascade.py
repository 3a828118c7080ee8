"""tidegate cascade curve"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli import options

if TYPE_CHECKING:
    from tidegate.runs.cascading.curve import Cascade, Surely


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
    "--policy",
    help="On which policy labels are read and rules act; any for whether anything is violated. Needed where "
    "labels name several.",
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
    policy: str | None,
    at_most: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """How much of a judge's F1 a cascade keeps, by the share of items that it asks the judge about.

    SCORES is a Parquet file of `tidegate score`, in which the judge was asked about every item: a sample of
    some thousands. Thresholds are chosen on half of it and tried on the other half. A rule that acts without
    the judge is printed only where LABELS prove it to be right as often as the judge.
    """
    from dataclasses import asdict

    import orjson
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.cascading.chart import check, write_chart
    from tidegate.runs.cascading.curve import SHARES, cascade_curve
    from tidegate.runs.outputs import new

    if out is not None:
        check(out)
        new(out)
    shares = sorted({*SHARES, at_most})
    found = cascade_curve(scores, filters, judge, labels, shares, policy)
    surely = found.surely(at_most)
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
            "policy": found.policy,
            "left_out": found.told.notes() if found.told else [],
            "surely": asdict(surely) | {"why_not": surely.why_not},
            "rules": found.rules(judge, at_most),
        }
        # It writes a figure that there is not as null.
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(
        f"The judge alone: F1 {found.own:.3f} on {found.tried:,} items; "
        f"thresholds chosen on {found.tuning:,} others."
    )
    if found.unanswered:
        click.echo(f"  left out: {found.unanswered:,} items without a verdict")
    for note in found.told.notes() if found.told else ():
        click.echo(f"  left out: {note}")
    rounded = found.frame.with_columns(
        pl.col("judged", "f1", "of_judge", "low", "high", "from", "to").round(3)
    )
    show.frame(rounded)
    if found.price:
        judged = surely.judged if surely.why_not else float(str(found.at("blend", at_most)["judged"]))
        click.echo(
            f"  judging costs {1000 * judged * found.price:,.3f} US dollars a thousand items, "
            f"not {1000 * found.price:,.3f}"
        )
    click.echo(f"\nWith at most {at_most:.0%} judged:\n")
    click.echo(found.rules(judge, at_most), nl=False)
    click.echo()
    for line in _surely(surely, found):
        click.echo(line)
    if out is not None:
        click.echo(f"\nDrawn into {out}.")


def _surely(of: Surely, found: Cascade) -> Iterator[str]:
    """What is removed without the judge, and how often that is right; or why no rule does so."""
    why = of.why_not
    if why is None and (right := of.precision) is not None:
        yield (
            f"surely-violating acts on {of.share:.1%} of items by itself, and is right about "
            f"{right.estimate:.1%} of them ({right.low:.1%} to {right.high:.1%}); the judge is right "
            f"about {of.judge:.1%} of what it calls violating."
        )
        if found.policy is None and len(found.policies) > 1:
            yield "Name its policy before you paste it: a score does not say which of several is violated."
        return
    yield f"No rule acts without the judge on the {of.share:.1%} of items with the highest scores: {why}."
    keeps = "" if math.isnan(of.of_judge) else f", which keeps {of.of_judge:.1%} of its F1"
    yield f"So the judge is asked about these too: about {of.judged:.1%} of all items{keeps}."
