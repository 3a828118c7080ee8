"""tidegate gate"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli import options

if TYPE_CHECKING:
    from tidegate.measure.gates import Verdict

STATUS = {"advance": 0, "hold": 4, "roll back": 5}
RATE = click.FloatRange(0, 1, min_open=True, max_open=True)
CHANGE = click.FloatRange(-1, 1, min_open=True, max_open=True)
CHANCE = click.FloatRange(0, 0.5, min_open=True)


class BoundsType(click.ParamType[tuple[float, float]]):
    """`0.85-0.95`, or one number for both."""

    name = "low-high"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        if isinstance(value, tuple):
            return value
        low, _, high = str(value).partition("-")
        try:
            return float(low), float(high or low)
        except ValueError:
            self.fail(f"'{value}' is not LOW-HIGH, such as 0.85-0.95", param, ctx)


@click.command(
    "gate", short_help="Advance, hold or roll back an arm, on evidence that may be looked at daily."
)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the audit samples so far (CSV, JSONL, Parquet); without it, the runs' truth.",
)
@click.option(
    "--overkill-at-most", "overkill_rate", type=RATE, help="Limit of the overkill rate: 0.02 is 2 %."
)
@click.option("--leakage-at-most", "leakage_rate", type=RATE, help="Limit of the leakage rate.")
@click.option(
    "--against",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The current strategy's run over the same items; may be given several times.",
)
@click.option(
    "--overkill-rises-at-most",
    "overkill_change",
    type=CHANGE,
    help="Limit of wrong actions per decided item, beyond those of --against; 0 for no more.",
)
@click.option(
    "--leakage-rises-at-most",
    "leakage_change",
    type=CHANGE,
    help="Limit of violating items passed per decided item, beyond those of --against.",
)
@click.option(
    "--disagreement-rate",
    type=click.FloatRange(0, 1, min_open=True),
    help="Draw this share of the items on which the arm and --against disagree, beyond the audit sample.",
)
@click.option(
    "--awaited",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the drawn items that have no label yet, as a sheet for people to fill in.",
)
@click.option("--arm", help="The arm on trial, where the runs have several.")
@click.option(
    "--split",
    multiple=True,
    callback=options.numbers,
    metavar="ARM=SHARE",
    help="The share of the traffic that an arm should get, one per arm: tests for a mismatch.",
)
@click.option(
    "--sensitivity",
    type=BoundsType(),
    default=(1.0, 1.0),
    help="Bounds of the reviewers' sensitivity, such as 0.85-0.95.",
    show_default="perfect",
)
@click.option(
    "--specificity",
    type=BoundsType(),
    default=(1.0, 1.0),
    help="Bounds of their specificity.",
    show_default="perfect",
)
@click.option("--budget", type=click.IntRange(1), help="Labels that may be spent on a criterion in all.")
@click.option(
    "--false-launches",
    type=CHANCE,
    default=0.05,
    show_default=True,
    help="Chance that an arm above a limit advances, over all looks.",
)
@click.option(
    "--false-roll-backs",
    type=CHANCE,
    default=0.05,
    show_default=True,
    help="Chance that an arm within its limits is rolled back.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
def command(
    runs: tuple[Path, ...],
    labels: Path | None,
    overkill_rate: float | None,
    leakage_rate: float | None,
    against: tuple[Path, ...],
    overkill_change: float | None,
    leakage_change: float | None,
    disagreement_rate: float | None,
    awaited: Path | None,
    arm: str | None,
    split: dict[str, float],
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    budget: int | None,
    false_launches: float,
    false_roll_backs: float,
    as_json: bool,
) -> None:
    """Whether the arm that decided RUNS may advance, from the labels that have come so far.

    RUNS are run folders in the order in which they were decided. LABELS may be incomplete, and the command
    may be run as often as you like: neither makes a wrong verdict more likely.

    Exit status: 0 advance · 4 hold · 5 roll back.
    """
    from tidegate.measure.gates import Reviewers
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.gating import Gate, record, truth_of
    from tidegate.runs.gating_items import write_awaited

    limits = {
        "overkill_rate": overkill_rate,
        "leakage_rate": leakage_rate,
        "overkill_change": overkill_change,
        "leakage_change": leakage_change,
    }
    asked = Gate(
        limits={measure: limit for measure, limit in limits.items() if limit is not None},
        arm=arm,
        against=[RunFolder(path) for path in against],
        disagreement_rate=disagreement_rate,
        reviewers=Reviewers(sensitivity, specificity),
        split=split,
        budget=budget,
        false_launches=false_launches,
        false_roll_backs=false_roll_backs,
    )
    folders = [RunFolder(path) for path in runs]
    # Who asks what is still to be labelled wants people's answers.
    truth = truth_of(folders) if labels is None and awaited is None else None
    if truth is not None:
        click.echo("By the runs' truth of the drawn items; --labels goes by people's answers.", err=True)
    found = record(folders, truth if labels is None else labels, asked)
    if awaited is not None:
        write_awaited(folders, found.rows, awaited)
    verdict = found.verdict
    if as_json:
        click.echo(json.dumps(verdict.as_dict(), ensure_ascii=False, indent=2))
    else:
        _show(verdict)
    click.get_current_context().exit(STATUS[verdict.call])


def _show(verdict: Verdict) -> None:
    from tidegate.cli import show
    from tidegate.measure.gates import in_words

    lead, *lines = in_words(verdict)
    show.out.print(lead, style="bold", markup=False)
    for line in lines:
        show.out.print(line, markup=False)
