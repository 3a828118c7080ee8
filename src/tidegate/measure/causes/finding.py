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
    """The slice's weighted share of the items, and of the errors."""
    of_items = float(weight[inside].sum() / weight.sum()) if weight.sum() > 0 else 0.0
    wrong = weight[errors].sum()
    of_errors = float(weight[inside & errors].sum() / wrong) if wrong > 0 else 0.0
    return of_items, of_errors


def share_limits(share: float, trials: float, critical: float) -> tuple[float, float]:
    """Limits of a binomial share by inverting the signed root of its likelihood ratio at `critical`.

    With `critical` the quantile of the largest root over all searched slices, the limits hold for all of them
    at once, so the one that was chosen for being large is not flattered (the winner's curse). `trials` is the
    number of errors; for weighted ones Kish's (Σw)² / Σw² (1965).
    """

    share = min(max(share, 0.0), 1.0)

    def root(of: float) -> float:
        gain = xlogy(share, share / of) + xlogy(1 - share, (1 - share) / (1 - of))
        return float(np.sqrt(2 * trials * max(gain, 0.0))) - critical

    tiny = 1e-12
    at = min(max(share, tiny), 1 - tiny)
    if root(at) >= 0:
        return share, share
    low = brentq(root, tiny, at) if root(tiny) > 0 else 0.0
    high = brentq(root, at, 1 - tiny) if root(1 - tiny) > 0 else 1.0
    return min(float(low), share), max(float(high), share)


def effective(weight: Floats) -> float:
    """Kish's effective number: as many equal weights as would be as informative."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
