"""Intervals for the total of a rare property under Poisson sampling with known, unequal probabilities.

A domain of items is known in full: how many there are, what each weighs, and with which probability it was drawn.
What is not known is which of them have the property; that was seen only where an item was drawn.

Two methods, both exact or conservative where the property is rare (the usual normal interval is neither):

- `hypergeometric`, where all weights and probabilities are equal: given how many were drawn, they are a simple random
  sample without replacement, so the interval is found by inverting the hypergeometric distribution (Clopper & Pearson
  1934 for a finite population; Buonaccorsi 1987).
- `gamma` otherwise: the interval of Fay & Feuer 1997 (Statistics in Medicine 16, 791–801) for a weighted sum of
  Poisson counts, whose upper limit stands ready for one more find of the greatest weight that could have been missed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval, how many labels are behind it, and the method."""

    estimate: float | None
    low: float
    high: float
    labels: int
    method: str


@dataclass(frozen=True)
class Domain:
    """Items of which a total is wanted.

    weights: (n,) known, ≥ 0. probabilities: (n,) of a label, in (0, 1]. seen: positions (m,) of the labelled items;
    found: (m,) whether each has the property.
    """

    weights: Floats
    probabilities: Floats
    seen: NDArray[np.int64]
    found: Bools

    @property
    def total_weight(self) -> float:
        return float(self.weights.sum())

    def without_weightless(self) -> Domain:
        """The same without items of weight 0, which can add nothing to a total."""
        if (self.weights > 0).all():
            return self
        kept = self.weights > 0
        place = np.cumsum(kept) - 1
        here = kept[self.seen]
        return Domain(
            self.weights[kept], self.probabilities[kept], place[self.seen[here]], self.found[here]
        )


def total(domain: Domain, confidence: float = 0.95) -> Interval:
    """The total weight of items with the property, with a two-sided interval."""
    domain = domain.without_weightless()
    if not len(domain.weights):
        return Interval(0.0, 0.0, 0.0, 0, "no items")
    if not len(domain.seen):
        return Interval(None, 0.0, domain.total_weight, 0, "no labels")
    if _equal(domain.weights) and _equal(domain.probabilities):
        return hypergeometric(domain, confidence)
    return gamma(domain, confidence)


def hypergeometric(domain: Domain, confidence: float) -> Interval:
    """Exact for equal weights and probabilities, given the number of labels."""
    from scipy import stats

    population, labels, found = len(domain.weights), len(domain.seen), int(domain.found.sum())
    tail = (1 - confidence) / 2
    weight = float(domain.weights[0])

    def below(count: int) -> bool:
        """Whether so few have the property that finding this many would be too lucky."""
        return bool(stats.hypergeom.sf(found - 1, population, count, labels) <= tail)

    def above(count: int) -> bool:
        return bool(stats.hypergeom.cdf(found, population, count, labels) <= tail)

    least, most = found, population - (labels - found)
    low = least if found == 0 else _first(lambda count: not below(count), least, most)
    high = most if found == labels else _first(above, least, most + 1) - 1
    return Interval(
        estimate=weight * population * found / labels,
        low=weight * low,
        high=weight * max(high, low),
        labels=labels,
        method="hypergeometric",
    )


def gamma(domain: Domain, confidence: float) -> Interval:
    """Fay–Feuer for unequal weights or probabilities, on whichever is rarer: having the property, or not."""
    w, p = domain.weights[domain.seen], domain.probabilities[domain.seen]
    expanded = w / p
    whole = domain.total_weight
    positive, negative = float(expanded[domain.found].sum()), float(expanded[~domain.found].sum())
    # The Hájek estimate: the share among what was expanded, of the weight that is known.
    estimate = whole * positive / (positive + negative)
    missable = domain.probabilities < 1
    missed = np.ones(len(domain.weights), dtype=bool)
    missed[domain.seen] = False
    greatest = float((domain.weights / domain.probabilities)[missed & missable].max(initial=0.0))
    rare = domain.found if positive <= negative else ~domain.found
    low, high = _fay_feuer(expanded[rare], 1 - p[rare], greatest, confidence)
    # What was seen is certain, and what was not seen cannot weigh more than it does.
    certain = float(w[rare].sum())
    other = float(w[~rare].sum())
    low, high = max(low, certain), min(high, whole - other)
    low, high = min(low, whole - other), max(high, certain)
    if rare is not domain.found:
        low, high = whole - high, whole - low
    return Interval(min(max(estimate, low), high), low, high, len(domain.seen), "gamma (Fay–Feuer)")


def _fay_feuer(terms: Floats, thinning: Floats, greatest: float, confidence: float) -> tuple[float, float]:
    """Limits for a sum of weighted Poisson counts; a term drawn with certainty adds no variance."""
    from scipy import stats

    tail = (1 - confidence) / 2
    sure = float(terms[thinning <= 0].sum())
    chance = thinning > 0
    estimate, variance = float(terms[chance].sum()), float((terms[chance] ** 2).sum())
    low = 0.0
    if estimate > 0:
        low = variance / (2 * estimate) * stats.chi2.ppf(tail, 2 * estimate**2 / variance)
    if greatest == 0:
        return sure + low, sure + estimate
    bigger, wider = estimate + greatest, variance + greatest**2
    high = wider / (2 * bigger) * stats.chi2.ppf(1 - tail, 2 * bigger**2 / wider)
    return sure + float(low), sure + float(high)


def _equal(values: Floats) -> bool:
    return bool(values.min() == values.max())


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first whole number in [low, high) for which `holds`, which stays true once it is; `high` where none."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
