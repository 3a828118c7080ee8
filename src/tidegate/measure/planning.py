"""How many labels a figure will need, before any label is bought, and under which design the fewest.

A population is described by its risk alone: how many items have which chance of violating. From that follows
what a design is expected to see, and from the expected sample the interval that `limits` would give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.errors import MeasureError, Where
from tidegate.measure.limits import Evidence, two_sided

Floats = npt.NDArray[np.float64]

SHARES = (0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.9)
"""Shares of the budget that are tried as the floor of a risk-proportional design."""

AS_NARROW = 1.03
"""Of floors whose expected widths are within this ratio of the least, the highest is taken."""

STRATA = 5
_BINS = 500
_MOST_STEPS = 60


@dataclass(frozen=True)
class Risk:
    """(bins,) numbers of items, and the chance of violating of each of them, lowest first."""

    items: Floats
    risk: Floats

    @property
    def size(self) -> float:
        return float(self.items.sum())

    @property
    def prevalence(self) -> float:
        return float(self.items @ self.risk / self.items.sum())


@dataclass(frozen=True)
class Plan:
    """What one design is expected to need; labels is infinite where even all items would not do."""

    design: str
    labels: float
    low: float
    high: float
    floor_share: float


def risk_of(scores: npt.ArrayLike, prevalence: float | None = None) -> Risk:
    """The risk of scored items, in up to 500 bins of equal numbers.

    Args:
        scores: (n,) calibrated chances of violating; missing ones count as the mean of the others.
        prevalence: scales the scores' odds by one factor to this mean, where they are only known to be in
            proportion (M. Saerens, P. Latinne and C. Decaestecker 2002, of a prior that is another).

    Raises:
        MeasureError: no item has a score, or one is not in [0, 1].
    """
    score = np.asarray(scores, dtype=np.float64)
    known = np.isfinite(score)
    if not known.any() or not ((score[known] >= 0) & (score[known] <= 1)).all():
        raise MeasureError(
            "the scores are no chances of violating",
            where=Where(field="scores"),
            remedy="Give calibrated scores from 0 to 1.",
        )
    risk = np.sort(np.where(known, score, score[known].mean()))
    parts = np.array_split(risk, min(_BINS, len(risk)))
    items, mean = np.array([len(part) for part in parts], float), np.array([part.mean() for part in parts])
    if prevalence is not None:
        _check_prevalence(prevalence)
        mean = _scaled(items, mean, prevalence)
    return Risk(items, mean)


def binormal(items: int, prevalence: float, auc: float) -> Risk:
    """The risk of items whose score is normal in both classes, with equal variance, and calibrated.

    AUC = Φ(d / √2) for means d apart (D. Bamber, 1975).

    Raises:
        MeasureError: prevalence is not in (0, 1) or AUC not in [0.5, 1).
    """
    from scipy.special import ndtri

    _check_prevalence(prevalence)
    if not 0.5 <= auc < 1:
        raise MeasureError(
            f"an AUC of {auc} is not from 0.5 to below 1", where=Where(field="auc"), remedy="Give, say, 0.9."
        )
    d = float(np.sqrt(2) * ndtri(auc))
    x = np.linspace(-6.0, d + 6.0, _BINS)
    fine, violating = np.exp(-x * x / 2), np.exp(-((x - d) ** 2) / 2)
    share = (1 - prevalence) * fine / fine.sum() + prevalence * violating / violating.sum()
    return Risk(items * share, prevalence * violating / violating.sum() / share)


def fixed(risk: Risk, budget: float) -> Floats:
    """Every item with the same probability (Bernoulli sampling; Särndal et al. 1992)."""
    return np.full(len(risk.items), min(1.0, budget / risk.size))


def neyman(risk: Risk, budget: float, floor_share: float) -> Floats:
    """Probabilities in proportion to √risk, never below `floor_share` of the budget's fixed rate.

    The anticipated variance Σ risk / p is least for p ∝ √risk (V. P. Godambe and V. M. Joshi, 1965;
    J. Neyman, 1934, for strata).
    """
    return filled(risk.items, np.sqrt(risk.risk), budget, floor_share)


def stratified(risk: Risk, budget: float, floor_share: float) -> Floats:
    """Neyman's allocation over five strata of the same Σ √risk each (T. Dalenius and J. Hodges, 1959)."""
    size = np.cumsum(risk.items * np.sqrt(risk.risk))
    stratum = (
        np.minimum((STRATA * size / size[-1]).astype(int), STRATA - 1)
        if size[-1] > 0
        else 0 * size.astype(int)
    )
    items, harm = (
        np.bincount(stratum, of, STRATA).astype(np.float64) for of in (risk.items, risk.items * risk.risk)
    )
    mean = harm / np.where(items > 0, items, 1.0)
    probabilities: Floats = filled(items, np.sqrt(mean), budget, floor_share)[stratum]
    return probabilities


FIXED = "fixed rate"
DESIGNS: dict[str, Callable[[Risk, float, float], Floats]] = {
    FIXED: lambda risk, budget, _: fixed(risk, budget),
    "stratified by risk": stratified,
    "proportional to √risk": neyman,
}
"""By name: probabilities from a risk, a budget, and the floor as a share of the budget's fixed rate."""


def expected_interval(
    risk: Risk, designs: Sequence[Floats], confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """(designs,) low and high that each design is expected to give for the rate of violation.

    The expected sample goes into `limits.two_sided` as one gamma variable with the mean and the variance of
    the total of Horvitz and Thompson (1952), Σ risk and Σ risk (1 − p) / p; that variance is over both draw
    and labels, the anticipated variance of C. T. Isaki and W. A. Fuller (1982). The least probable item is
    the unseen one.
    """
    n = risk.size
    total = risk.items @ risk.risk
    evidence = []
    for p in designs:
        variance = float(risk.items @ (risk.risk * (1.0 - p) / p))
        sure = variance <= 1e-12 * total
        terms = np.empty((0, 3)) if sure else np.array([[variance / total, 0.0, total * total / variance]])
        heaviest = float((1.0 / p)[p < 1].max(initial=0.0))
        evidence.append(
            Evidence(
                terms=terms,
                known=np.array([total if sure else 0.0, n]),
                either=np.empty((0, 4)),
                unseen=np.array([[0.0, 0.0, heaviest, 0.0]]),
            )
        )
    return two_sided(evidence, 1.0 - confidence, 0.0, 1.0)


def best_floor(risk: Risk, budget: float, design: Callable[[Risk, float, float], Floats] = neyman) -> float:
    """The floor, as a share of the fixed rate, with the narrowest expected interval; 1 is a fixed rate.

    Of several that are as narrow, the highest: it finds more of what the score does not see, and leaves more
    to be gained by the score as a prediction.
    """
    shares = (*SHARES, 1.0)
    low, high = expected_interval(risk, [design(risk, budget, share) for share in shares])
    width = high - low
    return shares[int(np.flatnonzero(width <= AS_NARROW * width.min())[-1])]


def plans(risk: Risk, enough: Callable[[float, float], bool], confidence: float = 0.95) -> list[Plan]:
    """Per design the fewest labels whose expected interval is `enough(low, high)`, cheapest first."""
    made = [
        _fewest(risk, name, (1.0,) if name == FIXED else SHARES, probabilities, enough, confidence)
        for name, probabilities in DESIGNS.items()
    ]
    return sorted(made, key=lambda plan: plan.labels)


def narrow_enough(half_width: float) -> Callable[[float, float], bool]:
    """For `plans`: the interval is at most ± half_width."""
    if not half_width > 0:
        raise MeasureError(
            f"a half-width of {half_width} asks for no doubt at all",
            where=Where(field="half_width"),
            remedy="Give a share above 0, such as 0.001 for ± 0.1 percentage points.",
        )
    return lambda low, high: high - low <= 2 * half_width


def decides(limit: float, rate: float) -> Callable[[float, float], bool]:
    """For `plans`: the interval lies wholly on the side of the limit on which the true rate lies."""
    if not (0 < limit < 1 and 0 <= rate < 1) or limit == rate:
        raise MeasureError(
            f"a rate of {rate} cannot be told from a limit of {limit}",
            where=Where(field="limit"),
            remedy="Give a limit above 0 and a true rate that differs from it.",
        )
    return (lambda low, high: high <= limit) if rate < limit else (lambda low, high: low >= limit)


def _fewest(
    risk: Risk,
    name: str,
    shares: Sequence[float],
    probabilities: Callable[[Risk, float, float], Floats],
    enough: Callable[[float, float], bool],
    confidence: float,
) -> Plan:
    def at(labels: float) -> Plan | None:
        low, high = expected_interval(
            risk, [probabilities(risk, labels, share) for share in shares], confidence
        )
        good = [i for i in range(len(shares)) if enough(float(low[i]), float(high[i]))]
        if not good:
            return None
        # As in `best_floor`: of floors that are as narrow (one that does not bind is just so) the highest.
        width = high - low
        i = [i for i in good if width[i] <= AS_NARROW * width[good].min()][-1]
        return Plan(name, labels, float(low[i]), float(high[i]), shares[i])

    few, many = 1.0, risk.size
    found = at(many)
    if found is None:
        return Plan(name, np.inf, 0.0, 1.0, 1.0)
    for _ in range(_MOST_STEPS):
        if many - few <= max(0.5, 0.002 * few):
            break
        middle = float(np.sqrt(few * many))
        better = at(middle)
        few, many, found = (few, middle, better) if better else (middle, many, found)
    return found


def filled(items: Floats, size: Floats, budget: float, floor_share: float) -> Floats:
    """p = min(1, max(floor, c · size)) with c such that Σ items · p is the budget."""
    n = items.sum()
    floor = min(1.0, floor_share * budget / n)
    if budget >= n or floor_share >= 1 or not size.any():
        return np.full(len(items), min(1.0, budget / n))
    low, high = 0.0, 1.0 / float(size[size > 0].min())
    for _ in range(80):
        # On the logarithm once a lower end is known: sizes may span many orders of magnitude.
        middle = np.sqrt(low * high) if low > 0 else high * 1e-3
        spent = items @ np.clip(middle * size, floor, 1.0)
        low, high = (low, middle) if spent > budget else (middle, high)
        if low > 0 and high / low < 1 + 1e-12:
            break
    return np.clip(high * size, floor, 1.0)


def _scaled(items: Floats, risk: Floats, prevalence: float) -> Floats:
    """Odds multiplied by one factor, so that the mean is the prevalence and no risk exceeds 1."""
    low, high = 1e-12, 1e12
    risk = np.clip(risk, 1e-12, 1 - 1e-12)
    for _ in range(100):
        factor = np.sqrt(low * high)
        mean = items @ (factor * risk / (1 - risk + factor * risk)) / items.sum()
        low, high = (low, factor) if mean > prevalence else (factor, high)
    return np.asarray(factor * risk / (1 - risk + factor * risk))


def _check_prevalence(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise MeasureError(
            f"a prevalence of {prevalence} is not between 0 and 1",
            where=Where(field="prevalence"),
            remedy="Give a share, such as 0.002.",
        )
