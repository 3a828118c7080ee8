"""tidegate tune"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli import options
from tidegate.cli.commands.gate import BoundsType
from tidegate.cli.from_server import OfRun

if TYPE_CHECKING:
    from tidegate.runs.tuning import Tuning

RATE = click.FloatRange(0, 1, min_open=True, max_open=True)
IMPOSSIBLE = 1


def days(_: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """`90d` or `90` as a time."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})d?", value.strip())
    if not found:
        raise click.BadParameter(f"'{value}' is no number of days, such as 90d", param=parameter)
    return timedelta(days=int(found.group(1)))


@click.command("tune", cls=OfRun, short_help="New let: numbers, with a certificate that limits are kept.")
@click.argument("strategy", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    help="The run whose recorded signals are decided anew; without it, the folder of the labels.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the audit sample (CSV, JSONL, Parquet); without it, the run's truth where it has one.",
)
@click.option("--overkill-at-most", type=RATE, help="Limit of the overkill rate, such as 0.02.")
@click.option("--leakage-at-most", type=RATE, help="Limit of the leakage rate, such as 0.005.")
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option(
    "--only", callback=options.names, help="The let: numbers to tune: remove,review. Others stay as they are."
)
@options.sliced(None)
@click.option(
    "--sensitivity",
    type=BoundsType(),
    default=(1.0, 1.0),
    show_default="perfect",
    help="Share of violating items that your reviewers call violating: 0.85, or bounds 0.80-0.90.",
)
@click.option(
    "--specificity",
    type=BoundsType(),
    default=(1.0, 1.0),
    show_default="perfect",
    help="Share of fine items that your reviewers call fine.",
)
@click.option("--expires", default="90d", callback=days, show_default=True, help="When to tune again.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Leave STRATEGY as it is and write the tuned one to this file (--by: to this folder).",
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(
    strategy: Path,
    run: Path | None,
    labels: Path | None,
    overkill_at_most: float | None,
    leakage_at_most: float | None,
    confidence: float,
    only: tuple[str, ...],
    by: tuple[str, ...],
    sensitivity: tuple[float, float],
    specificity: tuple[float, float],
    expires: timedelta,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Choose STRATEGY's thresholds so that overkill and leakage keep their limits, and certify it.

    With probability CONFIDENCE over the labelled sample both rates are at most their limits, and as few items
    as possible are held for people. The new let: numbers are written into STRATEGY, with a certificate file
    beside it. With --by every group gets a strategy file of its own, each at the full confidence.

    Exit status 1: a limit cannot be certified, and nothing is written; the answer says which limit, by how
    much, and how many more labels would be needed.
    """
    from tidegate.measure.certificates.limits import Limit
    from tidegate.measure.gates.reviewers import Reviewers
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.tuning import tune
    from tidegate.runs.tuning.files import targets, write
    from tidegate.runs.tuning.words import as_dict

    root = run or (labels.parent if labels is not None else None)
    if root is None:
        raise click.UsageError("Give --labels, or --run with a run that was told the truth.")
    if run is None and not RunFolder(root).manifest.is_file():
        raise click.UsageError(f"Of which run are these labels? {root} is none; name it with --run.")
    reviewers = Reviewers(sensitivity, specificity)
    asked = {"overkill_rate": overkill_at_most, "leakage_rate": leakage_at_most}
    limits = [Limit(measure, value, reviewers) for measure, value in asked.items() if value is not None]
    folder = RunFolder(root)
    found = tune(folder, strategy, labels, limits, confidence=confidence, only=only, by=by)
    places: dict[int, str] = {}
    for at, (one, target) in enumerate(zip(found, targets(strategy, found, out), strict=True)):
        if one.certified:
            places[at] = str(target)
            if not dry_run:
                write(
                    target,
                    strategy,
                    one,
                    folder,
                    confidence=confidence,
                    reviewers=reviewers,
                    made_at=datetime.now(UTC),
                    expires=expires,
                )
    if as_json:
        rows = [as_dict(one, None if dry_run else places.get(at)) for at, one in enumerate(found)]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        _show(found, places, confidence, dry_run)
    if not all(one.certified for one in found):
        raise click.exceptions.Exit(IMPOSSIBLE)


def _show(found: list[Tuning], places: dict[int, str], confidence: float, dry_run: bool) -> None:
    from tidegate.cli import show
    from tidegate.runs.tuning.words import in_words

    for at, one in enumerate(found):
        head, *rest = in_words(one, confidence)
        show.out.print(head, style="bold", markup=False)
        for line in rest:
            show.out.print(f"  {line}", markup=False)
        if at in places:
            said = "Would be written" if dry_run else "Written"
            show.out.print(f"  {said} to {places[at]}, with its certificate beside it.", markup=False)
