"""Audit designs: with which probability each decided item is to be looked at by a person.

Poisson sampling: every item is drawn on its own with its own probability (`draw`), so that the probability
recorded on the decision is all that the estimators need. Every probability is above zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tidegate.errors import MeasureError, Where
from tidegate.measure.planning import best_floor, risk_of

Floats = npt.NDArray[np.float64]


EVEN_SHARE = 0.5
"""The share of a budget that is spread evenly where no floor is given."""


def fixed_rate(n: int, rate: float) -> Floats:
    """The same probability for each of n items (Bernoulli sampling; Särndal et al. 1992).

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
    Wretman, Model Assisted Survey Sampling, 1992). The sum is the expected number of labels,
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
    for members in _by_day(day):
        p[members] = _one_day(score[members], budget_per_day, floor)
    return p


def risk_proportional(
    risk: npt.ArrayLike, days: npt.ArrayLike | None, budget_per_day: float, floor: float | None = None
) -> Floats:
    """Probabilities in proportion to √risk: the fewest labels for a rate, where the risk is calibrated.

    The anticipated variance of the estimated total is Σ E[y²] (1 − p) / p, and least for p ∝ √E[y²] = √risk
    (V. P. Godambe and V. M. Joshi, 1965, J. R. Statist. Soc. B 27).

    Args:
        risk: (n,) calibrated chance of violating; missing, infinite and negative ones count as 0.
        days, budget_per_day: as for `proportional`.
        floor: the least probability; None chooses, from the risks alone, the one that makes the expected
            interval narrowest, or nearly so (`planning.best_floor`). Where few violations are to be expected
            that is a fixed rate.

    Returns:
        (n,) probabilities in [floor, 1].
    """
    chance = np.asarray(risk, dtype=np.float64)
    chance = np.clip(np.where(np.isfinite(chance), chance, 0.0), 0.0, 1.0)
    size = np.sqrt(chance)
    if floor is None and len(chance) and budget_per_day > 0 and chance.any():
        per_day = len(chance) / (1 if days is None else max(1, len(np.unique(days))))
        share = best_floor(risk_of(chance), min(budget_per_day * len(chance) / per_day, len(chance)))
        floor = min(1.0, share * budget_per_day / per_day)
    return proportional(size, days, budget_per_day, floor)


def stratified(
    strata: npt.ArrayLike,
    risk: npt.ArrayLike,
    days: npt.ArrayLike | None,
    budget_per_day: float,
    floor: float | None = None,
) -> Floats:
    """One probability per stratum, by Neyman's allocation: in proportion to √(mean risk of the stratum).

    The rate of a stratum is proportional to its standard deviation, √(π (1 − π)) ≈ √π for rare harm (J.
    Neyman, 1934, J. R. Statist. Soc. 97, section V).

    Args:
        strata: (n,) stratum of each item, of any type that can be sorted.
        risk: (n,) chance of violating, of which only the strata's means are used.
        days, budget_per_day, floor: as for `risk_proportional`.
    """
    names, stratum = np.unique(np.asarray(strata), return_inverse=True)
    chance = np.asarray(risk, dtype=np.float64)
    if stratum.shape != chance.shape:
        raise MeasureError(
            f"{len(stratum)} items have a stratum but {len(chance)} a risk",
            where=Where(field="strata"),
            remedy="Give each item its stratum and its risk.",
        )
    chance = np.clip(np.where(np.isfinite(chance), chance, 0.0), 0.0, 1.0)
    mean = np.bincount(stratum, chance, len(names)) / np.maximum(
        np.bincount(stratum, minlength=len(names)), 1
    )
    return risk_proportional(mean[stratum], days, budget_per_day, floor)


def disagreement(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    days: npt.ArrayLike | None,
    budget_per_day: float,
    scores: npt.ArrayLike | None = None,
    elsewhere: float = 0.1,
) -> Floats:
    """Probabilities for the difference of two arms: labels where their outcomes differ, few elsewhere.

    Items that both arms treat alike cancel in a paired difference of leakage rates, so they tell little of it
    (Q. McNemar 1947, of concordant pairs). A share `elsewhere` of the budget is spread over them all the
    same, since what can never be drawn can never be measured, and so is what the items that differ cannot use
    up.

    Args:
        before, after: (n,) outcomes of the two arms.
        days, budget_per_day: as for `proportional`.
        scores: (n,) sizes within the disagreement; None means all alike.
        elsewhere: share of the budget for the items on which the arms agree, in (0, 1); a half where the
            difference of shares or of overkill rates is wanted too, whose size the labels elsewhere tell.

    Returns:
        (n,) probabilities above 0.
    """
    differ = np.asarray(before) != np.asarray(after)
    if not 0 < elsewhere < 1:
        raise MeasureError(
            f"a share of {elsewhere} is not between 0 and 1",
            where=Where(field="elsewhere"),
            remedy="Give a small share above 0, such as 0.1.",
        )
    size = np.ones(len(differ)) if scores is None else np.asarray(scores, dtype=np.float64)
    p = np.empty(len(differ))
    for members in _by_day(np.zeros(len(differ)) if days is None else np.asarray(days)):
        changed, alike = members[differ[members]], members[~differ[members]]
        p[changed] = proportional(size[changed], None, budget_per_day * (1 - elsewhere))
        p[alike] = proportional(np.ones(len(alike)), None, budget_per_day - float(p[changed].sum()))
    return p


def _by_day(day: npt.NDArray[np.generic]) -> list[npt.NDArray[np.intp]]:
    """The positions of the items of each day."""
    order = np.argsort(day, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(day[order])) + 1)


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
