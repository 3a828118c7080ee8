"""tidegate plan-labels"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tidegate.cli.from_server import OfRun

IN_HALF = "labels, in half of all gates"
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command(
    "plan-labels", cls=OfRun, short_help="How many labels a figure needs, and the design that needs fewest."
)
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option("--score", help="The run's calibrated score of risk, such as a signal of the text-risk model.")
@click.option(
    "--prevalence", type=SHARE, help="Share of what passed that violates; without it, by the score."
)
@click.option(
    "--auc", type=click.FloatRange(0.5, 1, max_open=True), help="Quality of the score, without a run."
)
@click.option("--items", type=click.IntRange(1), help="How many items pass in the period, without a run.")
@click.option(
    "--half-width", type=SHARE, help="How wide the interval may be: 0.001 is ± 0.1 percentage points."
)
@click.option("--limit", type=SHARE, help="Of a gate: the leakage rate that is to be told from --rate.")
@click.option("--rate", type=SHARE, help="Of a gate: the true leakage rate; without it, the prevalence.")
@click.option(
    "--disagreements", type=SHARE, help="Of a comparison: the share of items on which two strategies differ."
)
@click.option(
    "--rises-at-most",
    type=float,
    default=0.0,
    show_default=True,
    help="Of a comparison: by how much leakage may rise, in errors per decided item.",
)
@click.option(
    "--rise", type=float, help="Of a comparison: the true change; without it, two better for one worse."
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(
    run: Path | None,
    score: str | None,
    prevalence: float | None,
    auc: float | None,
    items: int | None,
    half_width: float | None,
    limit: float | None,
    rate: float | None,
    disagreements: float | None,
    rises_at_most: float,
    rise: float | None,
    confidence: float,
    as_json: bool,
) -> None:
    """How many labels the leakage rate needs under each audit design, before any is bought.

    Give either RUN and --score, or --items, --prevalence and --auc; and a half-width or a gate's limit. For a
    limit it says what `tidegate gate` needs, which may be looked at after every label, and what an interval
    needs that is looked at once. For a comparison of two strategies give --disagreements alone.

    \b
      tidegate plan-labels --items 1000000 --prevalence 0.005 --auc 0.96 --half-width 0.0005
      tidegate plan-labels run/ --score text.max_risk --limit 0.004 --rate 0.002
      tidegate plan-labels --disagreements 0.03 --rises-at-most 0
    """
    from tidegate.measure.planning import decides, narrow_enough
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.label_plan import assumed, comparison_plan, gate_plan, label_plan, risk_of_run

    if disagreements is not None:
        if any(one is not None for one in (run, score, prevalence, auc, items, half_width, limit, rate)):
            raise click.UsageError("A comparison needs --disagreements, --rises-at-most and --rise alone.")
        compared = comparison_plan(disagreements, rises_at_most, rise, confidence)
        if as_json:
            click.echo(json.dumps(compared, ensure_ascii=False, indent=2))
        else:
            _show_comparison(compared)
        return
    if (half_width is None) == (limit is None):
        raise click.UsageError(
            "Give either --half-width or --limit; to compare two strategies, --disagreements alone."
        )
    wanted = prevalence if rate is None else rate
    if run is not None:
        if score is None or auc is not None or items is not None:
            raise click.UsageError("With RUN give --score; --auc and --items are for planning without a run.")
        risk = risk_of_run(RunFolder(run), score, wanted)
    elif wanted is None or auc is None or items is None:
        raise click.UsageError("Give RUN and --score, or --items, --prevalence and --auc.")
    else:
        risk = assumed(items, wanted, auc)
    enough = narrow_enough(half_width) if half_width is not None else decides(limit or 0.0, risk.prevalence)
    plan = label_plan(risk, enough, confidence)
    if limit is not None:
        plan["gate"] = gate_plan(risk, limit, confidence)
    if as_json:
        click.echo(json.dumps(plan, ensure_ascii=False, indent=2))
    else:
        _show(plan, f", by {score}" if wanted is None else "")


def _of_gate(plans: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "design": plan["design"],
            IN_HALF: _about(plan["labels"], plan["within"]),
            "floor, of the even rate": f"{plan['floor_share']:.0%}",
        }
        for plan in plans
    ]


def _show_comparison(plan: dict[str, Any]) -> None:
    import polars as pl

    from tidegate.cli import show

    rows = [{"design": one["design"], IN_HALF: _about(one["labels"], one["within"])} for one in plan["gate"]]
    title = f"two strategies that differ on {plan['disagreements']:.2%} of the items: a gate on the change"
    show.frame(pl.DataFrame(rows), title)
    click.echo("Of the disagreements every one is taken to be an error of either side, the slowest case.")


def _about(labels: int | None, within: int) -> str:
    """To two digits: the simulation knows no more."""
    digits = int(float(f"{within if labels is None else labels:.1e}"))
    return f"{'more than ' if labels is None else ''}about {digits:,}"


def _show(plan: dict[str, Any], source: str) -> None:
    import polars as pl

    from tidegate.cli import show

    def percent(value: float | None) -> str:
        return "–" if value is None else f"{value:.4%}"

    rows = [
        {
            "design": row["design"],
            "labels": row["labels"],
            "expected interval": f"{percent(row['low'])} – {percent(row['high'])}"
            if row["labels"]
            else "not even by all",
            "floor, of the even rate": None if row["floor_share"] is None else f"{row['floor_share']:.0%}",
        }
        for row in plan["designs"]
    ]
    title = f"{plan['items']:,} items, {plan['prevalence']:.3%} of which violate{source}"
    if "gate" in plan:
        show.frame(pl.DataFrame(_of_gate(plan["gate"])), f"{title}: a gate, looked at after every label")
        click.echo(
            f"In this order if {plan['prevalence']:.3%} violate and the score is calibrated. The verdict "
            "holds for any score; where none has proved good, draw at a fixed rate."
        )
        title = "An interval on one side of the limit, looked at once"
    show.frame(pl.DataFrame(rows), title)
    click.echo("Expected from the risks alone, for a calibrated score; the interval holds for any score.")
