"""The difference between two groups of people, from one bounded value of each person.

For trials: chance puts people into the groups, each person counts once, and values lie between known limits.
No shape of their distribution is assumed, since groups are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import MeasureError
from tidegate.measure.estimate import check_confidence
from tidegate.measure.limits import Evidence, upper_limits

Limits = tuple[float, float]


@dataclass(frozen=True)
class Mean:
    """The mean of a group's people, with its interval."""

    people: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """Both groups, and the difference on − off with its interval, in the unit of the values."""

    on: Mean
    off: Mean
    estimate: float
    low: float
    high: float


def effect(on: Sequence[float], off: Sequence[float], within: Limits, *, confidence: float = 0.95) -> Effect:
    """Compare two groups.

    Args:
        on, off: one value of each person; at least one in each group.
        within: between which limits every value lies.
        confidence: of each interval on its own.

    Raises:
        MeasureError: a group is empty, or a value lies outside of the limits.

    Each mean has the bound of N. Gaffke (2005) for bounded values, which assumes no distribution; that of the
    difference d moves each mean to the end of its own interval, and adds the squares of the moves (R. G.
    Newcombe 1998; G. Zou and A. Donner 2008): d - √((m₁ - l₁)² + (u₀ - m₀)²), and the other way round.

    >>> effect([0.2, 0.4], [0.6, 0.8], (0.0, 1.0)).estimate
    -0.4
    """
    check_confidence(confidence)
    means = [_mean(values, within, 1.0 - confidence) for values in (on, off)]
    one, other = means
    moved = one.estimate - other.estimate
    low = moved - float(np.hypot(one.estimate - one.low, other.high - other.estimate))
    high = moved + float(np.hypot(one.high - one.estimate, other.estimate - other.low))
    widest = within[1] - within[0]
    return Effect(one, other, round(moved, 12), max(low, -widest), min(high, widest))


def _mean(values: Sequence[float], within: Limits, alpha: float) -> Mean:
    lowest, highest = within
    if not values:
        raise MeasureError(
            "a group has nobody in it", remedy="Give one value of each person, in both groups."
        )
    shares = (np.asarray(values, dtype=np.float64) - lowest) / (highest - lowest)
    if shares.min() < 0 or shares.max() > 1:
        raise MeasureError(
            f"a value lies outside of {lowest:g} to {highest:g}", remedy="Cut values at their limits first."
        )
    one = np.ones_like(shares)
    evidence = Evidence(
        terms=np.column_stack([shares, one, one]),
        known=np.zeros(2),
        either=np.zeros((0, 4)),
        # Somebody who was not asked might have had the least or the most.
        unseen=np.array([[0.0, 1.0, 1.0, 1.0]]),
    )
    high = float(upper_limits([evidence], alpha / 2, 0.0, 1.0)[0])
    low = -float(upper_limits([evidence.negated()], alpha / 2, -1.0, 0.0)[0])
    scaled = [lowest + float(share) * (highest - lowest) for share in (shares.mean(), low, high)]
    return Mean(len(shares), *scaled)
