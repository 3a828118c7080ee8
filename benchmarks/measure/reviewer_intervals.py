"""Ways to put an interval around a rate that fallible reviewers found, all from the same counts.

Each takes `Counts` and gives (samples,) lower and upper limits at 95 %, not yet kept between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri, xlogy

from tidegate.measure.reviewers.skill import mid_p_limits

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

Limits = Callable[[Floats, int], Pair]

ALPHA = 0.05
Z = float(ndtri(1 - ALPHA / 2))


@dataclass(frozen=True)
class Counts:
    """(samples,) labels called violating; violating golds called so; fine golds called fine."""

    called: Floats
    hits: Floats
    spared: Floats
    labels: int
    golds: int

    @property
    def shares(self) -> tuple[Floats, Floats, Floats]:
        """Apparent rate, sensitivity, specificity."""
        return self.called / self.labels, self.hits / self.golds, self.spared / self.golds

    @property
    def evidence(self) -> tuple[tuple[Floats, int], ...]:
        return (self.called, self.labels), (self.hits, self.golds), (self.spared, self.golds)


Interval = Callable[[Counts], Pair]


def rate(p: Floats, se: Floats, sp: Floats) -> Floats:
    """W. J. Rogan and B. Gladen (1978), equation 2."""
    return (p + sp - 1) / (se + sp - 1)


def exact(count: Floats, of: int, alpha: float = ALPHA) -> Pair:
    """C. J. Clopper and E. S. Pearson (1934)."""
    inside = np.clip(count, 0.5, of - 0.5)
    low = np.where(count > 0, betaincinv(np.maximum(count, 0.5), of - inside + 1, alpha / 2), 0.0)
    high = np.where(count < of, betaincinv(inside + 1, np.maximum(of - count, 0.5), 1 - alpha / 2), 1.0)
    return low, high


def delta(counts: Counts) -> Pair:
    """Rogan and Gladen's own interval: the normal law with the variance of their equation 5."""
    p, se, sp = counts.shares
    return _normal(rate(p, se, sp), p, se, sp, counts.labels, counts.golds)


def _normal(r: Floats, p: Floats, se: Floats, sp: Floats, labels: float, golds: float) -> Pair:
    of_skill = ((1 - r) ** 2 * sp * (1 - sp) + r**2 * se * (1 - se)) / golds
    half = Z * np.sqrt(p * (1 - p) / labels + of_skill) / (se + sp - 1)
    return r - half, r + half


def lang_reiczigel(counts: Counts) -> Pair:
    """Z. Lang and J. Reiczigel, Confidence limits for prevalence of disease adjusted for estimated
    sensitivity and specificity (2014), equations 6, 7, 16, 17: counts are added, and the middle is shifted.
    """
    n, g = counts.labels + Z**2, counts.golds + 2
    p, se, sp = (counts.called + Z**2 / 2) / n, (counts.hits + 1) / g, (counts.spared + 1) / g
    r = rate(p, se, sp)
    shift = 2 * Z**2 * (r * se * (1 - se) - (1 - r) * sp * (1 - sp)) / g
    low, high = _normal(r, p, se, sp, n, g)
    return low + shift, high + shift


def box(counts: Counts) -> Pair:
    """The three exact intervals at a third of the error each (C. E. Bonferroni), and the worst corners."""
    p, se, sp = (exact(count, of, ALPHA / 3) for count, of in counts.evidence)
    return rate(p[0], se[1], sp[0]), rate(p[1], se[0], sp[1])


def square_and_add(of_skill: Limits, of_rate: Limits = exact) -> Interval:
    """R. G. Newcombe (2001), G. Zou and A. Donner (2008): how far each share moves the rate, squared, added.

    The apparent rate has exact limits, as `tidegate measure` gives them for a simple sample; with unequal
    probabilities its limits are close to mid-P.
    """

    def interval(counts: Counts) -> Pair:
        p, se, sp = counts.shares
        of_p = of_rate(*counts.evidence[0])
        of_se, of_sp = (of_skill(count, of) for count, of in counts.evidence[1:])
        r = rate(p, se, sp)
        below = (r - rate(of_p[0], se, sp), r - rate(p, of_se[1], sp), r - rate(p, se, of_sp[0]))
        above = (rate(of_p[1], se, sp) - r, rate(p, of_se[0], sp) - r, rate(p, se, of_sp[1]) - r)
        return r - _length(below), r + _length(above)

    return interval


def _length(moves: tuple[Floats, ...]) -> Floats:
    squares: Floats = np.sum([np.maximum(move, 0.0) ** 2 for move in moves], axis=0)
    return np.sqrt(squares)


POINTS = 2_048


def melded(of_skill: float) -> Interval:
    """M. P. Fay, M. A. Proschan and E. Brittain (2015), for this rate Bayer, Fay and Graubard (2023).

    A limit is a quantile of the rate of three independent shares, each from its confidence distribution:
    exact ones of the apparent rate, and of the skill exact (1) or, half of either, mid-P (0.5).
    """

    def interval(counts: Counts) -> Pair:
        from scipy.stats import qmc

        u = qmc.Sobol(3, seed=0).random(POINTS)
        tables = [
            {one: _distributions(one, of, u[:, k], 1.0 if k == 0 else of_skill) for one in np.unique(count)}
            for k, (count, of) in enumerate(counts.evidence)
        ]
        columns = np.column_stack([count for count, _ in counts.evidence])
        triples, at = np.unique(columns, axis=0, return_inverse=True)
        limits = np.empty((len(triples), 2))
        for i, triple in enumerate(triples):
            p, se, sp = (table[value] for table, value in zip(tables, triple, strict=True))
            limits[i, 0] = np.quantile(rate(p[0], se[1], sp[0]), ALPHA / 2)
            limits[i, 1] = np.quantile(rate(p[1], se[0], sp[1]), 1 - ALPHA / 2)
        low, high = limits[at.ravel()].T
        return low, high

    return interval


def _distributions(count: float, of: int, u: Floats, weight: float) -> Pair:
    """Draws of the lower and the upper confidence distribution, mixed where the weight is below 1."""
    lower = betaincinv(count, of - count + 1, u) if count > 0 else np.zeros_like(u)
    upper = betaincinv(count + 1, of - count, u) if count < of else np.ones_like(u)
    # A fixed scramble of u decides which is taken.
    own = np.modf(u * 104_729)[0] < weight
    return np.where(own, lower, upper), np.where(own, upper, lower)


def mid_p(count: Floats, of: int) -> Pair:
    """H. O. Lancaster (1961): half the chance of what was seen counts."""
    values, at = np.unique(count, return_inverse=True)
    limits = np.array([mid_p_limits(value / of, of, 1 - ALPHA) for value in values])
    low, high = limits[at.ravel()].T
    return low, high


def jeffreys(count: Floats, of: int) -> Pair:
    """L. D. Brown, T. T. Cai and A. DasGupta (2001), section 4.3, with 0 and 1 at the ends."""
    low, high = (betaincinv(count + 0.5, of - count + 0.5, tail) for tail in (ALPHA / 2, 1 - ALPHA / 2))
    return np.where(count == 0, 0.0, low), np.where(count == of, 1.0, high)


def profile(counts: Counts) -> Pair:
    """The rates that a likelihood ratio test does not reject, with the skill that fits each of them best."""
    most = _likelihood(counts, np.clip(rate(*counts.shares), 0.0, 1.0))
    limit = most - Z**2 / 2
    best = np.clip(rate(*counts.shares), 0.0, 1.0)
    ends = []
    for end in (0.0, 1.0):
        kept, cut = best.copy(), np.full_like(best, end)
        inside = _likelihood(counts, cut) >= limit
        for _ in range(22):
            middle = (kept + cut) / 2
            held = _likelihood(counts, middle) >= limit
            kept, cut = np.where(held, middle, kept), np.where(held, cut, middle)
        ends.append(np.where(inside, end, kept))
    return ends[0], ends[1]


def _likelihood(counts: Counts, r: Floats, steps: int = 60) -> Floats:
    """Profile log-likelihood at rate r, by EM over who is truly violating among those labelled."""
    x, n, g = counts.called, counts.labels, counts.golds
    se, sp = (counts.hits + 0.5) / (g + 1), (counts.spared + 0.5) / (g + 1)
    for _ in range(steps):
        p = np.clip(r * se + (1 - r) * (1 - sp), 1e-12, 1 - 1e-12)
        hits, missed = x * r * se / p, (n - x) * r * (1 - se) / (1 - p)
        se = (counts.hits + hits) / (g + hits + missed)
        false, spared = x - hits, n - x - missed
        sp = (counts.spared + spared) / (g + false + spared)
    p = r * se + (1 - r) * (1 - sp)
    found: Floats = (
        xlogy(x, p) + xlogy(n - x, 1 - p) + xlogy(counts.hits, se) + xlogy(g - counts.hits, 1 - se)
    )
    found += xlogy(counts.spared, sp) + xlogy(g - counts.spared, 1 - sp)
    return found


CONSTRUCTIONS: dict[str, Interval] = {
    "square and add, mid-P skill (ours)": square_and_add(mid_p),
    "the same, mid-P rate too": square_and_add(mid_p, mid_p),
    "square and add, Jeffreys skill": square_and_add(jeffreys),
    "the same, Jeffreys rate too": square_and_add(jeffreys, jeffreys),
    "square and add, exact skill": square_and_add(exact),
    "melded, mid-P skill": melded(0.5),
    "melded, exact": melded(1.0),
    "Lang and Reiczigel": lang_reiczigel,
    "profile likelihood": profile,
    "box (Bonferroni)": box,
    "delta method": delta,
}
