"""Leakage and overkill from the audit sample: estimates with intervals, and the truth where it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure import notes
from tidegate.measure.figures import MEASURES, Figure, figures, is_simple
from tidegate.measure.grouping import Sample, exact, sampled
from tidegate.measure.hypergeometric import hypergeometric_limits
from tidegate.measure.limits import two_sided
from tidegate.measure.parts import certainty, evidence, is_assisted, is_census, totals
from tidegate.measure.population import WEIGHTS, checked
from tidegate.measure.votes import Ballots, ballots, on_any_policy, on_policy

ESTIMATES = {
    "measure": pl.String,
    "weight": pl.String,
    "slice": pl.String,
    "value": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "labels": pl.Int64,
    "items": pl.Int64,
    "method": pl.String,
    "note": pl.String,
}
TRUTHS = {name: ESTIMATES[name] for name in ("measure", "weight", "slice", "value")} | {
    "truth": pl.Float64,
    "items": pl.Int64,
}

NOTHING, EVERYTHING = 1e-12, 1 - 1e-8
"""A share below, and one above: as near to 0 and 1 as the search for limits comes."""


def estimate(
    population: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    prediction: str | None = None,
    measures: Sequence[str] = MEASURES,
    weights: Sequence[str] = WEIGHTS,
) -> pl.DataFrame:
    """Leakage and overkill, rate and share, by item and by view, overall and for each value of each slice.

    Only labels of audited items count, each with the recorded probability of its item. Drawn items without an
    answer are taken as missing at random among those of the same slice and outcome.

    Args:
        population: item_id, outcome (passed, actioned, held), audit_probability, audited, views (null counts
            as 0), policy (of the deciding rule), and the slice columns.
        labels: `tables.LABELS`; several per item are settled by majority (see `votes`).
        by: slice columns. By `policy`, leakage is harm that violates that policy, so the labels must name
            policies; overkill is what that policy's rules stopped wrongly.
        confidence: of each interval on its own.
        prediction: column with a chance of violating for every item, known before the labels. Rates with 20
            labelled errors or more rely on it as far as it proves right (method `assisted`), and need no
            more of it than that: a useless prediction changes nothing.
        measures, weights: which figures are wanted; each costs time, rates by item the least.

    Returns:
        measure, weight, slice, value (both null for everything), estimate (null where nothing can be said),
        low, high, labels (how many the figure rests on), items (size of its domain), method, note.

    Raises:
        MeasureError: a column is missing or senseless.

    Sources: docs/measures.md says why. The estimate is a ratio of totals of Horvitz and Thompson (1952), a
    rate's centred (`parts.totals`); the limits are those of `hypergeometric_limits` where sampling is simple,
    and of `limits.two_sided` where it is not.
    """
    check_confidence(confidence)
    alpha = 1.0 - confidence
    frame = checked(population, by, prediction=prediction)
    drawn = frame.filter("audited")
    given = ballots(labels)
    counted = given.of(drawn)
    general = notes.left_out(_items(given) - _items(counted))

    def sample_of(policy: str | None) -> Sample:
        votes = on_any_policy(counted) if policy is None else on_policy(counted, policy)
        return Sample(frame, _beside(drawn, votes.answers), votes.tied)

    chosen = [weight for weight in WEIGHTS if weight in weights]
    wanted = [
        figure
        for figure in figures(sample_of, counted.policies, by, partial(sampled, alpha=alpha), chosen)
        if figure.measure in measures
    ]
    views_missing = int(frame["views_missing"].sum())
    out = [
        {
            **_name(figure),
            **interval,
            "labels": sum(part.cell.labels for part in figure.parts),
            "items": sum(part.cell.items for part in figure.parts),
            "note": notes.of(figure, views_missing, general),
        }
        for figure, interval in zip(wanted, _intervals(wanted, alpha), strict=True)
    ]
    return pl.DataFrame(out, schema=ESTIMATES)


def truth(population: pl.DataFrame, truth_frame: pl.DataFrame, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """The same figures from full truth, for comparison; items whose truth is unknown are set aside.

    Returns:
        measure, weight, slice, value, truth (null where nothing is to be divided by), items (of known truth).
    """
    frame = checked(population, by)
    known = ballots(truth_frame)

    def sample_of(policy: str | None) -> Sample:
        votes = on_any_policy(known) if policy is None else on_policy(known, policy)
        return Sample(frame, frame.join(votes.answers, on="item_id", maintain_order="left"))

    out = [
        {
            **_name(figure),
            "truth": _point(figure),
            "items": sum(part.cell.items for part in figure.parts),
        }
        for figure in figures(sample_of, known.policies, by, exact)
    ]
    return pl.DataFrame(out, schema=TRUTHS)


def _beside(drawn: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Items with their answers, those without left out. Where every item has one, no join is needed."""
    if drawn["item_id"].equals(answers["item_id"]):
        return drawn.with_columns(answers["y"])
    return drawn.join(answers, on="item_id", maintain_order="left")


def _items(given: Ballots) -> int:
    return len(given.rows) if given.single else given.rows["item_id"].n_unique()


def _name(figure: Figure) -> dict[str, str | None]:
    return {
        "measure": figure.measure,
        "weight": figure.weight,
        "slice": figure.slice,
        "value": figure.value,
    }


def _point(figure: Figure) -> float | None:
    """The ratio of the two estimated totals; None where there is nothing to divide by."""
    numerator, denominator = totals(figure.parts)
    return float(numerator / denominator) if denominator > 0 else None


def _intervals(wanted: Sequence[Figure], alpha: float) -> list[dict[str, float | str | None]]:
    weighted = [figure for figure in wanted if _is_weighted(figure)]
    low, high = two_sided([evidence(figure.parts) for figure in weighted], alpha, 0.0, 1.0)
    least, most = two_sided([certainty(figure.parts) for figure in weighted], alpha, 0.0, 1.0)
    limits = iter(zip(_snapped(np.maximum(low, least)), _snapped(np.minimum(high, most)), strict=True))
    return [_interval(figure, limits, alpha) for figure in wanted]


def _snapped(limits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The limits, exactly 0 or 1 where only the steps of the search are between."""
    return np.where(limits < NOTHING, 0.0, np.where(limits > EVERYTHING, 1.0, limits))


def _interval(
    figure: Figure, limits: Iterator[tuple[float, float]], alpha: float
) -> dict[str, float | str | None]:
    """Estimate, low, high and method of one figure; `limits` are those of the weighted figures, in order."""
    value = _point(figure)
    if value is None or not _has_labels(figure):
        return {"estimate": None, "low": 0.0, "high": 1.0, "method": "none"}
    if is_census(figure.parts):
        return {"estimate": value, "low": value, "high": value, "method": "census"}
    if is_simple(figure):
        low, high = _simple(figure, alpha)
        method = "hypergeometric"
    else:
        low, high = next(limits)
        method = "assisted" if is_assisted(figure.parts) else "gamma"
    # A few heavy items can push the estimate out of an interval that does not rely on them.
    inside = float(np.clip(value, low, high))
    return {"estimate": inside, "low": float(low), "high": float(high), "method": method}


def _simple(figure: Figure, alpha: float) -> tuple[float, float]:
    cell, bad = figure.parts[0].cell, figure.parts[0].counts[1][0] == 1
    low, high = hypergeometric_limits(cell.items, cell.labels, cell.found[bad], alpha)
    return low / cell.items, high / cell.items


def _is_measurable(figure: Figure) -> bool:
    return _has_labels(figure) and _point(figure) is not None


def _has_labels(figure: Figure) -> bool:
    return any(part.cell.labels for part in figure.parts)


def _is_weighted(figure: Figure) -> bool:
    return _is_measurable(figure) and not is_census(figure.parts) and not is_simple(figure)


def check_confidence(confidence: float) -> None:
    """Refuse what is no confidence level, a percentage such as 95 above all."""
    if not 0.5 <= confidence < 1:
        raise MeasureError(
            f"{confidence} is no confidence",
            where=Where(field="confidence"),
            remedy="Give a number from 0.5 to below 1, such as 0.95.",
        )
