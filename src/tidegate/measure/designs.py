"""Audit designs: with which probability each decided item is to be looked at by a person.

Poisson sampling: every item is drawn on its own with its own probability (`draw`), so that the probability
recorded on the decision is all that the estimators need. Every probability is above zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidegate.errors import MeasureError, Where

Floats = npt.NDArray[np.float64]


EVEN_SHARE = 0.5
"""The share of a budget that is spread evenly where no floor is given."""


def fixed_rate(n: int, rate: float) -> Floats:
    """The same probability for each of n items.

    Raises:
        MeasureError: the rate is not in (0, 1].
    """
    _check_probability("rate", rate)
    return np.full(n, float(rate))


def proportional(
    scores: npt.ArrayLike, days: npt.ArrayLike | None, budget_per_day: float, floor: float | None = None
) -> Floats:
    """Probabilities in proportion to a score, within a budget of labels a day, never below a floor.

    p_i = min(1, max(floor, c_d · score_i)), with c_d such that the probabilities of day d add up to the
    budget (Poisson sampling with probability proportional to size; C.-E. Särndal, B. Swensson and J.
    Wretman, Model Assisted Survey Sampling, 1992, section 3.6). The sum is the expected number of labels,
    not the exact one.

    The floor wins over the budget: a day whose floor alone spends more gets the floor everywhere. A day with
    fewer items than the budget, or whose scored items are all certain already, may spend less.

    Args:
        scores: (n,) risk scores of any scale; missing (NaN), infinite and negative ones count as 0.
        days: (n,) day of each item, as integers; None means one day.
        budget_per_day: expected number of labels a day, > 0.
        floor: the least probability, in (0, 1]; None spreads half of a day's budget evenly over its items,
            since what the score does not see is found by the floor alone.

    Returns:
        (n,) probabilities in [floor, 1].
    """
    if floor is not None:
        _check_probability("floor", floor)
    if not budget_per_day > 0 or not np.isfinite(budget_per_day):
        raise MeasureError(
            f"a budget of {budget_per_day} labels a day draws nothing",
            where=Where(field="budget_per_day"),
            remedy="Give a number of labels above 0.",
        )
    score = np.asarray(scores, dtype=np.float64)
    score = np.where(np.isfinite(score) & (score > 0), score, 0.0)
    if days is None:
        return _one_day(score, budget_per_day, floor)
    day = np.asarray(days)
    if day.shape != score.shape:
        raise MeasureError(
            f"{len(score)} scores but {len(day)} days",
            where=Where(field="days"),
            remedy="Give each item its day.",
        )
    p = np.empty_like(score)
    order = np.argsort(day, kind="stable")
    starts = np.flatnonzero(np.diff(day[order])) + 1
    for members in np.split(order, starts):
        p[members] = _one_day(score[members], budget_per_day, floor)
    return p


def _one_day(score: Floats, budget: float, given: float | None) -> Floats:
    """The multiplier c that spends the budget, found by bisection: the sum of probabilities grows with it."""
    # In units of the largest score, what is below 1e-300 is no more than 0, and nothing overflows.
    score = score / score.max() if score.any() else score
    score = np.where(score > 1e-300, score, 0.0)
    positive = np.sort(score[score > 0])
    floor = min(1.0, EVEN_SHARE * budget / max(len(score), 1)) if given is None else given
    if len(score) * floor >= budget or not len(positive):
        return np.full(len(score), floor)
    # At multiplier c an item is at the floor below floor/c, certain above 1/c, and at c·score in between.
    below = np.concatenate([[0.0], np.cumsum(positive)])
    unscored = len(score) - len(positive)

    def spent(c: float) -> float:
        at_floor = np.searchsorted(positive, floor / c, side="right")
        certain_from = np.searchsorted(positive, 1.0 / c, side="left")
        between = c * (below[certain_from] - below[at_floor]) if certain_from > at_floor else 0.0
        return float(floor * (unscored + at_floor) + between + (len(positive) - max(certain_from, at_floor)))

    low, high = floor / positive[-1], 1.0 / positive[0]
    if spent(high) > budget:
        # Bisection on the logarithm: scores may span hundreds of orders of magnitude.
        for _ in range(200):
            middle = float(np.sqrt(low) * np.sqrt(high))
            if not low < middle < high:
                break
            low, high = (low, middle) if spent(middle) > budget else (middle, high)
    else:
        low = high
    p: Floats = np.clip(low * score, floor, 1.0)
    return p


def _check_probability(field: str, value: float) -> None:
    if not 0 < value <= 1:
        raise MeasureError(
            f"{value} is not a probability above 0",
            where=Where(field=field),
            remedy="Give a number above 0 and at most 1: what can never be drawn can never be measured.",
        )
