"""Bets on a bounded mean: how much is staked that a rate lies above, or below, its limit.

A label x in [0, 1] of weight a in [0, 1] multiplies the capital of a bet by 1 ± λ · (x − limit) · a. Bets
are constants chosen before the first label, several at a time with prior weights. Constants are less clever
than bets that learn, and have two properties that the gate lives on: the capital does not depend on the order
of the labels, and it only falls when a label turns worse for it. docs/measurement/gates.md has what follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

AIMED = 0.7
"""Prior weight of the one alternative that a gate is set up for; the rest is spread over the others."""

SPREAD = 8
TIMIDEST, BOLDEST = 0.1, 0.9
"""The spread bets run from a tenth of an even bet to nine tenths of the stake."""


@dataclass(frozen=True)
class Bets:
    """(K,) stakes λ with their prior weights, on a mean above (`sign` 1) or below (−1) the limit."""

    limit: float
    aimed: float
    sign: int
    size: Floats
    prior: Floats

    def factors(self, x: Floats, a: Floats) -> Floats:
        """(…, K, n) by which labels x of weights a, both (…, n), multiply the capitals. All are > 0.

        1 + λ (x − limit) a, the factor of a capital process (I. Waudby-Smith and A. Ramdas 2024), or with −λ.
        """
        gain = (x - self.limit) * a * self.sign
        return 1.0 + gain[..., None, :] * self.size[:, None]


def above(limit: float, bad: float) -> Bets:
    """Bets that the rate is above the limit, aimed at `bad`.

    For labels of 0 and 1 of weight 1 the stake λ = (bad − limit) / (limit · (1 − limit)) makes the capital
    the likelihood ratio of `bad` to the limit (A. Wald 1945), the fastest growth that there is when the rate
    is `bad`. In general the capital is that of I. Waudby-Smith and A. Ramdas, Estimating means of bounded
    random variables by betting (2024), their capital process with constant bets.
    """
    most = BOLDEST / limit
    spread = np.geomspace(min(TIMIDEST / (1 - limit), TIMIDEST * most), most, SPREAD)
    return _bets(limit, bad, 1, most, spread)


def below(limit: float, good: float) -> Bets:
    """Bets that the rate is below the limit, aimed at `good`.

    The mirror of `above`: A. Wald (1945) for labels of 0 and 1, I. Waudby-Smith and A. Ramdas (2024) in
    general.
    """
    most = BOLDEST / (1 - limit)
    spread = np.linspace(TIMIDEST / (1 - limit), most, SPREAD)
    return _bets(limit, good, -1, most, spread)


def _bets(limit: float, aimed: float, sign: int, most: float, spread: Floats) -> Bets:
    size = np.concatenate([[min(abs(aimed - limit) / (limit * (1 - limit)), most)], spread])
    prior = np.concatenate([[AIMED], np.full(len(spread), (1 - AIMED) / len(spread))])
    return Bets(limit, aimed, sign, size, prior)
