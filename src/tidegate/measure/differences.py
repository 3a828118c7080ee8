"""How each measure changes when other rules decide the same items: differences with an interval.

The comparison is paired. Items that both sides treat alike cancel; they enter only through the denominators,
so what the labels must tell is about the items on which the outcomes disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from tidegate.measure.cells import Cell
from tidegate.measure.estimate import check_confidence
from tidegate.measure.figures import BAD, MEASURES, TARGET, Cells, CellsOf
from tidegate.measure.grouping import Key, Sample, exact, sampled
from tidegate.measure.limits import two_sided
from tidegate.measure.notes import FEW_LABELS
from tidegate.measure.parts import Counts, Part, certainty, evidence, is_census, rate, share, totals
from tidegate.measure.population import WEIGHTS, checked
from tidegate.measure.votes import ballots, on_any_policy
from tidegate.names import counted

SIDES = ("outcome_before", "outcome_after")
DIFFERENCES = {
    "measure": pl.String,
    "weight": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "labels": pl.Int64,
    "labels_changed": pl.Int64,
    "items": pl.Int64,
    "items_changed": pl.Int64,
    "method": pl.String,
    "note": pl.String,
}
TRUE_DIFFERENCES = {
    "measure": pl.String,
    "weight": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "truth": pl.Float64,
    "items": pl.Int64,
}


@dataclass(frozen=True)
class Change:
    """One measure on both sides; `parts` and `known` make the ratio that is its difference.

    `before` is the figure that `estimate` gives of that side; `both` says whether both sides have one.
    """

    measure: str
    weight: str
    parts: Sequence[Part]
    changed: Sequence[Cell]
    before: float | None
    both: bool
    known: tuple[float, float]

    @property
    def point(self) -> float | None:
        if self.before is None or not self.both:
            return None
        numerator, denominator = totals(self.parts) + np.array(self.known)
        return float(np.clip(numerator / denominator, -1.0, 1.0)) if denominator > 0 else None


def differences(population: pl.DataFrame, labels: pl.DataFrame, *, confidence: float = 0.95) -> pl.DataFrame:
    """Change (after − before) of leakage and overkill, rate and share, by item and by view.

    Args:
        population: as for `estimate`, with outcome_before and outcome_after instead of outcome.
        labels: `tables.LABELS`, of the items that were audited.
        confidence: of each interval on its own.

    Returns:
        measure, weight, before (as `estimate` has it), after (before and the change together), estimate (of
        the change; null where one side has no items of the kind), low, high, labels and labels_changed (all,
        and those on items that move into or out of the target outcome), items and items_changed, method,
        note.

    Raises:
        MeasureError: a column is missing or senseless.

    The change of a rate is Σ k_i w_i (y_i − m) with k_i = 1[after]/W_after − 1[before]/W_before, whose
    weights add up to 0 for any centre m; m is the estimated rate, which takes most of the variance away (the
    difference estimator; Särndal et al. 1992). The change of a share is a ratio of totals of
    the items that count, each with +1, 0 or −1 above the line. Both are limits as in `limits`.
    """
    check_confidence(confidence)
    alpha = 1.0 - confidence
    frame = checked(population, (), SIDES)
    drawn = frame.filter("audited")
    votes = on_any_policy(ballots(labels).of(drawn))
    sample = Sample(frame, drawn.join(votes.answers, on="item_id", maintain_order="left"), votes.tied)
    changes = list(_changes(sample, partial(sampled, alpha=alpha)))
    out = [
        {
            "measure": change.measure,
            "weight": change.weight,
            "before": change.before,
            **_added_up(change, interval),
            "labels": sum(part.cell.labels for part in change.parts),
            "labels_changed": sum(cell.labels for cell in change.changed),
            "items": sum(part.cell.items for part in change.parts),
            "items_changed": sum(cell.items for cell in change.changed),
            "note": _note(change, votes.tied),
        }
        for change, interval in zip(changes, _intervals(changes, alpha), strict=True)
    ]
    return pl.DataFrame(out, schema=DIFFERENCES)


def true_differences(population: pl.DataFrame, truth_frame: pl.DataFrame) -> pl.DataFrame:
    """The same changes from full truth: measure, weight, before, after, truth, items (of known truth)."""
    frame = checked(population, (), SIDES)
    known = frame.join(on_any_policy(ballots(truth_frame)).answers, on="item_id", maintain_order="left")
    out = [
        {
            "measure": change.measure,
            "weight": change.weight,
            "before": change.before,
            "after": None if change.before is None or change.point is None else change.before + change.point,
            "truth": change.point,
            "items": sum(part.cell.items for part in change.parts),
        }
        for change in _changes(Sample(frame, known), exact)
    ]
    return pl.DataFrame(out, schema=TRUE_DIFFERENCES)


def _added_up(change: Change, interval: dict[str, float | str | None]) -> dict[str, float | str | None]:
    """The interval, and what comes after: before and change add up to it, as far as shares can."""
    moved, low, high = interval["estimate"], interval["low"], interval["high"]
    if change.before is None or not isinstance(moved, float):
        return {"after": None, **interval}
    after = float(np.clip(change.before + moved, 0.0, 1.0))
    return {"after": after, **interval, "estimate": float(np.clip(after - change.before, low, high))}


def _intervals(changes: Sequence[Change], alpha: float) -> list[dict[str, float | str | None]]:
    known = [change for change in changes if change.point is not None]
    low, high = two_sided([evidence(change.parts, change.known) for change in known], alpha)
    least, most = two_sided([certainty(change.parts, change.known) for change in known], alpha)
    limits = iter(zip(np.maximum(low, least), np.minimum(high, most), strict=True))
    out: list[dict[str, float | str | None]] = []
    for change in changes:
        if change.point is None:
            out.append({"estimate": None, "low": -1.0, "high": 1.0, "method": "none"})
            continue
        lower, upper = map(float, next(limits))
        if is_census(change.parts):
            out.append(
                {"estimate": change.point, "low": change.point, "high": change.point, "method": "census"}
            )
            continue
        inside = float(np.clip(change.point, lower, upper))
        out.append({"estimate": inside, "low": lower, "high": upper, "method": "gamma"})
    return out


def _changes(sample: Sample, cells_of: CellsOf) -> Iterator[Change]:
    found = {weight: cells_of(sample, SIDES, weight) for weight in WEIGHTS}
    before = {weight: cells_of(sample, SIDES[:1], weight) for weight in WEIGHTS}
    for measure in MEASURES:
        error, kind = measure.split("_")
        for weight in WEIGHTS:
            change = _rate_change if kind == "rate" else _share_change
            yield change(measure, weight, found[weight], before[weight], error)


def _rate_change(measure: str, weight: str, found: Cells, before: Cells, error: str) -> Change:
    target, bad = TARGET[error], BAD[error]
    either = {key: cell for key, cell in found.items() if target in key}
    size = [sum(cell.weight for key, cell in either.items() if key[side] == target) for side in (0, 1)]
    labelled = [any(cell.labels for key, cell in either.items() if key[side] == target) for side in (0, 1)]
    of_before = _ratio([Part(cell, rate(bad)) for key, cell in before.items() if key == (target,)])
    centre = _ratio([Part(cell, rate(bad)) for cell in either.values()]) or 0.0

    def counts(key: Key) -> Counts:
        k = sum(
            sign / weight_of if key[side] == target and weight_of else 0.0
            for side, sign, weight_of in ((0, -1, size[0]), (1, 1, size[1]))
        )
        error_of = (1.0 - bad - centre, bad - centre)
        return ((k * error_of[0], 0.0), (k * error_of[1], 0.0))

    parts = [Part(cell, counts(key)) for key, cell in either.items()]
    changed = [cell for key, cell in either.items() if key[0] != key[1]]
    return Change(measure, weight, parts, changed, of_before, all(size) and all(labelled), known=(0.0, 1.0))


def _share_change(measure: str, weight: str, found: Cells, before: Cells, error: str) -> Change:
    target, bad = TARGET[error], BAD[error]
    of_before = _ratio([Part(cell, share(bad, inside=key == (target,))) for key, cell in before.items()])

    def counts(key: Key) -> Counts:
        moved = (float(key[1] == target) - float(key[0] == target), 1.0)
        return ((0.0, 0.0), moved) if bad else (moved, (0.0, 0.0))

    parts = [Part(cell, counts(key)) for key, cell in found.items()]
    changed = [cell for key, cell in found.items() if (key[0] == target) != (key[1] == target)]
    return Change(measure, weight, parts, changed, of_before, of_before is not None, known=(0.0, 0.0))


def _ratio(parts: Sequence[Part]) -> float | None:
    numerator, denominator = totals(parts)
    return float(numerator / denominator) if denominator > 0 else None


def _note(change: Change, tied: int) -> str | None:
    notes = []
    labels = sum(cell.labels for cell in change.changed)
    if change.point is None:
        notes.append("one side has no items of this kind, or none is labelled")
    elif change.changed and labels < FEW_LABELS:
        seen = f"only {counted(labels, 'label')}" if labels else "no label"
        notes.append(f"{seen} on items whose outcome changes: read the interval, not the estimate")
    if tied:
        notes.append(f"{tied:,} items with as many yes as no were set aside: have them adjudicated")
    return "; ".join(notes) or None
