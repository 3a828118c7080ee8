"""The gate of an arm, over the run folders that it has left: decisions and labels in, verdict out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates import (
    Criterion,
    GateSettings,
    Reviewers,
    Verdict,
    change_rows,
    judge,
    rate_rows,
)
from tidegate.measure.gates.settings import CHANGES, RATES
from tidegate.runs.folder import RunFolder
from tidegate.runs.gating_items import TARGET, beside, decided, heaviest, moved
from tidegate.runs.population import truth_labels
from tidegate.tables import LABELS
from tidegate.warehouse import read_labels

BATCH = ("run", "day")


@dataclass(frozen=True)
class Gate:
    """What `tidegate gate` was asked.

    Attributes:
        limits: the limit of each measure that is gated.
        arm: the arm on trial; None where the runs have one arm only.
        against: the current strategy's runs over the same items, for changes.
        disagreement_rate: the share of the disagreements that is drawn at least; None for the audit sample.
        split: the share of the traffic that each arm should get; empty for no test.
    """

    limits: Mapping[str, float]
    arm: str | None = None
    against: Sequence[RunFolder] = ()
    disagreement_rate: float | None = None
    reviewers: Reviewers = field(default_factory=Reviewers)
    split: Mapping[str, float] = field(default_factory=dict)
    budget: int | None = None
    false_launches: float = 0.05
    false_roll_backs: float = 0.05


@dataclass(frozen=True)
class Record:
    """All that a verdict follows from: `verdict` is a function of it, today and in ten years."""

    settings: GateSettings
    rows: pl.DataFrame
    traffic: pl.DataFrame
    labels_per_day: Mapping[str, float]

    @property
    def verdict(self) -> Verdict:
        return judge(self.settings, self.rows, traffic=self.traffic, labels_per_day=self.labels_per_day)


def record(folders: Sequence[RunFolder], labels: Path | pl.DataFrame | None, asked: Gate) -> Record:
    """What a gate has to go by: an arm's decisions, and the labels of its audit samples so far.

    Args:
        folders: finished runs in the order in which they were decided; those of other arms count for the
            split alone.
        labels: a file of labels, or a frame such as that of `truth_of`; None where there are none yet.

    Raises:
        MeasureError: the runs and the question do not fit together.
        RunError: a folder holds no finished run.
        InputError: the labels cannot be read.
    """
    if not asked.limits:
        raise MeasureError(
            "there is no limit to gate on",
            where=Where(folders[0].root),
            remedy="Give --overkill-at-most, --leakage-at-most, or a rise over --against.",
        )
    everyone = decided(folders)
    mine = everyone.filter(pl.col("arm") == _arm(everyone, asked))
    said = _labels(labels, everyone) if isinstance(labels, Path) else labels
    said = LABELS.empty() if said is None else said
    rows, criteria = [], []
    if any(measure in asked.limits for measure in RATES):
        rows.append(rate_rows(mine, said, batch=BATCH))
        criteria += [_rate(mine, measure, asked) for measure in RATES if measure in asked.limits]
    if any(measure in asked.limits for measure in CHANGES):
        both = beside(mine, asked.against, asked.disagreement_rate)
        changes, known = change_rows(both, said, batch=BATCH)
        rows.append(changes)
        for measure in (one for one in CHANGES if one in asked.limits):
            found = known[measure]
            criteria.append(
                Criterion(
                    measure,
                    asked.limits[measure],
                    reviewers=asked.reviewers,
                    share=found.share,
                    net=found.net,
                    heaviest=heaviest(moved(both, measure)),
                )
            )
    settings = GateSettings(
        tuple(criteria),
        false_launches=asked.false_launches,
        false_roll_backs=asked.false_roll_backs,
        budget=asked.budget,
        split=dict(asked.split) or None,
    )
    gated = pl.concat(rows).filter(pl.col("measure").is_in(list(asked.limits)))
    return Record(settings, gated, _traffic(everyone), _pace(gated, said))


def truth_of(folders: Sequence[RunFolder]) -> pl.DataFrame | None:
    """What runs were told is true of their items, as labels; None where a run was told nothing.

    A gate looks at the drawn ones alone.
    """
    known = [truth_labels(folder) for folder in folders]
    if any(one is None for one in known):
        return None
    frame = pl.concat([one.drop_nulls("violates") for one in known if one is not None])
    return frame.select(
        "item_id",
        "violates",
        "policy",
        labeller=pl.lit("truth"),
        labelled_at=pl.lit(None, dtype=LABELS["labelled_at"].dtype),
    )


def _labels(path: Path, everyone: pl.DataFrame) -> pl.DataFrame:
    """The labels of a file, some of which at least must be of the runs' items."""
    found = read_labels(path)
    if not found["item_id"].is_in(everyone["item_id"].implode()).any():
        raise MeasureError(
            "none of these labels is of an item of these runs",
            where=Where(path, field="item_id"),
            remedy="Label the items of the runs' audit.csv.",
        )
    return found


def _arm(everyone: pl.DataFrame, asked: Gate) -> str:
    wanted = asked.arm
    arms = everyone["arm"].unique().sort().to_list()
    if wanted is None and len(arms) <= 1:
        return str(arms[0]) if arms else ""
    # An arm of the split without any traffic is known, and its gate holds.
    if arms and wanted not in arms and wanted not in asked.split:
        raise MeasureError(
            f"there is no arm '{wanted}' in the runs" if wanted else "the runs have more than one arm",
            where=Where(field="arm"),
            remedy=f"Name one with --arm: {', '.join(arms)}.",
        )
    return wanted or ""


def _rate(mine: pl.DataFrame, measure: str, asked: Gate) -> Criterion:
    target = mine.filter(pl.col("outcome") == TARGET[measure.partition("_")[0]])
    return Criterion(measure, asked.limits[measure], reviewers=asked.reviewers, heaviest=heaviest(target))


def _traffic(everyone: pl.DataFrame) -> pl.DataFrame:
    """Items per arm (columns) and day (rows)."""
    counts = everyone.group_by("day", "arm").len().sort("day")
    return counts.pivot("arm", index="day", values="len").drop("day").fill_null(0)


def _pace(rows: pl.DataFrame, said: pl.DataFrame) -> dict[str, float]:
    """Labels that came per day, for each measure, over the days from the first label to the last."""
    first, last = said["labelled_at"].min(), said["labelled_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return {}
    days = max((last - first).total_seconds() / 86_400, 1.0)
    come = rows.filter(pl.col("x").is_not_null()).group_by("measure").len()
    return {measure: count / days for measure, count in come.iter_rows()}
