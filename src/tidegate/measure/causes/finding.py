"""A slice as it is told: what it is, how large, how much more often it errs, and which items to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import xlogy

from tidegate.measure.causes.predicates import Predicate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """One slice of the population that errs more often than the rest.

    Attributes:
        clauses: what all of its items have in common; `description` says it in words.
        items, errors: how many labelled items and errors it rests on.
        share, error_share: its share of the items and of the errors of the population (weighted).
        rate: its errors per item (weighted).
        lift: error_share / share: how many times as often it errs as the population does.
        low, high: limits of the lift that hold for all searched slices at once.
        explained: its errors beyond its share, as a share of all errors (weighted, by item).
        explained_views: the same, each item counted as often as it is seen; None without views.
        p_value: the chance that a search over permuted errors finds anything as clear.
        proven: whether that is at most 1 − confidence.
        labels_more: labels of items of the slice that would be needed beyond those there are, so that a lift
            as seen is as likely as not to be proven; 0 where it is proven.
        examples: ids of some of its errors, the most viewed first.
    """

    clauses: tuple[Predicate, ...]
    items: int
    errors: int
    share: float
    error_share: float
    rate: float
    lift: float
    low: float
    high: float
    explained: float
    explained_views: float | None
    p_value: float
    proven: bool
    labels_more: int
    examples: tuple[str, ...]

    @property
    def description(self) -> str:
        """Such as "language is zh and the text has 'x'"."""
        return " and ".join(str(clause) for clause in self.clauses)


def excess(inside: NDArray[np.bool_], errors: NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """The slice's weighted share of the items, and of the errors (ratios of Σ w; J. Hájek 1971)."""
    of_items = float(weight[inside].sum() / weight.sum()) if weight.sum() > 0 else 0.0
    wrong = weight[errors].sum()
    of_errors = float(weight[inside & errors].sum() / wrong) if wrong > 0 else 0.0
    return of_items, of_errors


def lift_limits(
    inside: NDArray[np.bool_], errors: NDArray[np.bool_], weight: Floats, critical: float
) -> tuple[float, float]:
    """Limits of the lift: those lifts at which the signed root of the likelihood ratio is below `critical`.

    The lift is q₁ / (e q₁ + (1 − e) q₀), with q₁ and q₀ the slice's share of the errors and of all other
    items, and e the rate of errors, taken as known. For each lift the likelihood of the two binomial shares
    is that of their best values under it (Koopman 1984 has the closed form). A lift of 1 is outside just
    where the slice's own `signed_root` is above `critical`, and none can be above 1 / e, all errors.

    With `critical` the quantile of the largest root over all searched slices, the limits hold for all of them
    at once, so the one that was chosen for being large is not flattered (the winner's curse). Where weights
    differ, Kish's (Σw)² / Σw² (1965) stands for the number of errors and of other items.
    """
    rate = float(weight[errors].sum() / weight.sum())
    of_errors, of_rest = (_share(inside[part], weight[part]) for part in (errors, ~errors))
    trials, others = effective(weight[errors]), effective(weight[~errors])
    share, highest = rate * of_errors + (1 - rate) * of_rest, 1 / rate if rate else np.inf
    if not 0 < rate < 1 or not share:
        return 0.0, highest
    lift = of_errors / share
    hits = trials * of_errors + others * of_rest

    def fit(one: float, other: float) -> float:
        one, other = min(one, 1.0), min(other, 1.0)
        of_one = xlogy(of_errors, one) + xlogy(1 - of_errors, 1 - one)
        of_other = xlogy(of_rest, other) + xlogy(1 - of_rest, 1 - other)
        return float(trials * of_one + others * of_other)

    def root(at: float) -> float:
        ratio = (1 / at - rate) / (1 - rate)
        half = trials + others * of_rest + ratio * (others + trials * of_errors)
        best = 2 * hits / (half + np.sqrt(max(half**2 - 4 * ratio * (trials + others) * hits, 0.0)))
        return float(np.sqrt(2 * max(fit(of_errors, of_rest) - fit(best, ratio * best), 0.0))) - critical

    least, most = 1e-12 * highest, highest * (1 - 1e-12)
    start = min(max(lift, least), most)
    if root(start) >= 0:
        return lift, lift
    low = float(brentq(root, least, start)) if root(least) > 0 else 0.0
    high = float(brentq(root, start, most)) if root(most) > 0 else highest
    return min(low, lift), max(high, lift)


def _share(inside: NDArray[np.bool_], weight: Floats) -> float:
    return float(weight[inside].sum() / weight.sum()) if weight.sum() > 0 else 0.0


def effective(weight: Floats) -> float:
    """(Σ w)² / Σ w², as many equal weights as would be as informative (L. Kish 1965)."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
