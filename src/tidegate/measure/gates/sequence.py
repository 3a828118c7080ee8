"""Confidence sequences: limits of a mean that hold at every look at once.

All limits that the same bets would not yet have refuted (Waudby-Smith and Ramdas 2024): the lower
limit is where the capital staked on "above" falls to 1/α, the upper where the capital staked on "below" does.
With constant bets each capital is monotone in the limit, so bisection finds it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from tidegate.measure.gates.bets import Bets

Floats = npt.NDArray[np.float64]

_HALVINGS = 40
_EDGE = 1e-9


def lower_limit(bets: Callable[[float], Bets], x: Floats, a: Floats, at: float) -> float:
    """The largest limit that is refuted because the mean is above it; 0 where none is.

    Refuted is m where Σ prior · Π (1 + λ(m) (x − m) a) ≥ 1/α (I. Waudby-Smith and A. Ramdas 2024, with
    constant bets).

    Args:
        bets: the bets that a mean is above a given limit.
        x: (n,) labels in [0, 1].
        a: (n,) weights in [0, 1].
        at: the e-value that refutes, 1/α.
    """
    return _turn(bets, x, a, at, low_is_refuted=True)


def upper_limit(bets: Callable[[float], Bets], x: Floats, a: Floats, at: float) -> float:
    """The smallest limit that is refuted because the mean is below it; 1 where none is.

    As `lower_limit`, with −λ (I. Waudby-Smith and A. Ramdas 2024).
    """
    return _turn(bets, x, a, at, low_is_refuted=False)


def _turn(bets: Callable[[float], Bets], x: Floats, a: Floats, at: float, *, low_is_refuted: bool) -> float:
    # Few labels differ in both value and weight, so they are counted once.
    kinds, times = np.unique(np.stack([x, a]), axis=1, return_counts=True)

    def refuted(limit: float) -> bool:
        staked = bets(limit)
        logs = np.log(staked.factors(kinds[0], kinds[1])) @ times
        return bool(logsumexp(logs, b=staked.prior) >= np.log(at))

    low, high = _EDGE, 1 - _EDGE
    if not refuted(low if low_is_refuted else high):
        return 0.0 if low_is_refuted else 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if refuted(middle) == low_is_refuted else (low, middle)
    return low if low_is_refuted else high
