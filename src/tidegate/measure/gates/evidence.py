"""The running evidence of a gate, label by label, for many paths at once.

Two e-processes: one says that the rate is above its limit (roll back), the other that it is below (advance).
While what it speaks against is true, either stays below 20 for ever with probability 95 %.
Both are made for an arm that changes: see `Evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.gates.bets import Bets

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FROM_THE_START = 0.5
"""Prior weight of an arm that was bad from its first label; the rest is for arms that turn bad later."""

CHECKPOINTS = 16
"""Into so many blocks the memory is divided."""

_AT_ONCE = 64
_MOST = 1e280
_MOST_LOG = 640.0


@dataclass(frozen=True)
class Stakes:
    """The bets of a gate in both directions.

    `memory` is in labels: it is how long ago an arm must have turned bad for the evidence to advance to hold
    good again; see `Evidence`. It also scales the prior over the label from which an arm is bad.
    """

    above: Bets
    below: Bets
    memory: int

    @property
    def block(self) -> int:
        return max(1, -(-self.memory // CHECKPOINTS))


def later_than(stakes: Stakes, label: npt.NDArray[np.int64]) -> Floats:
    """The prior weight of an arm that turns bad only after the label that follows this one (from 0)."""
    later: Floats = (1 - FROM_THE_START) * stakes.memory / (stakes.memory + label)
    return later


def starts(stakes: Stakes, labels: int) -> Floats:
    """(labels,) the prior weights of being bad from the first label on, the second, …"""
    return np.concatenate([[FROM_THE_START], -np.diff(later_than(stakes, np.arange(labels)))])


class Evidence:
    """(paths,) e-values for roll back and advance, after each label.

    **Roll back.** The capitals of bets that begin at label ν, mixed over ν with a prior π that adds up to 1:
    R_n = Σ_ν π_ν Π_{ν ≤ i ≤ n} factor_i + Σ_{ν > n} π_ν, computed by R ← (R + π) · factor (J. Shin, A. Ramdas
    and A. Rinaldo, E-detectors, 2023, with weights that make the false alarms of a whole life, not
    their frequency, at most α). R is a non-negative supermartingale that starts at 1 while every label's rate
    is at most the limit, so P(R ever ≥ 1/α) ≤ α (J. Ville 1939).

    **Advance.** With C_ν,n the capital over the labels after the ν-th, A_n is the mixture over bets of
    min C_ν,n over ν = 0 and all checkpoints ν ≤ n − memory. It is at most C_ν,n for each of these ν. So the
    chance that A ever reaches 1/α is at most α for an arm that was above the limit from its first label; for
    one that went above at a later label, the same holds from `memory` and one block after that label on.

    Both fall (or stay) when any label turns worse for them, whatever its place. `late` rests on that.
    """

    def __init__(self, stakes: Stakes, paths: int = 1) -> None:
        self.stakes = stakes
        self.paths = paths
        self.labels = 0
        bets = len(stakes.above.size)
        self._up = np.full((bets, paths), FROM_THE_START)
        bets = len(stakes.below.size)
        self._block = np.ones((bets, paths))
        self._before = np.zeros((bets, paths))
        self._highest = np.zeros((bets, paths))
        self._checkpoints: list[Floats] = []
        self._weight = np.repeat(stakes.below.prior[:, None], paths, axis=1)

    def take(self, fewest: Floats, most: Floats, a: Floats) -> tuple[Floats, Floats]:
        """Take the next labels of each path, and return the e-values (roll back, advance) after each.

        Args:
            fewest: (labels, paths) in [0, 1], as the evidence to roll back must read them.
            most: (labels, paths), as the evidence to advance must read them; ≥ `fewest`, and equal to it
                where the label has come.
            a: (labels, paths) weights in [0, 1].

        Returns:
            Two arrays of (labels, paths).
        """
        back, advance = np.empty(a.shape), np.empty(a.shape)
        start = 0
        while start < len(a):
            left = self.stakes.block - self.labels % self.stakes.block
            end = min(len(a), start + min(left, _AT_ONCE))
            back[start:end] = self._take_up(fewest[start:end], a[start:end])
            advance[start:end] = self._take_down(most[start:end], a[start:end])
            self.labels += end - start
            if self.labels % self.stakes.block == 0:
                self._close_block()
            start = end
        return back, advance

    def _take_up(self, x: Floats, a: Floats) -> Floats:
        # A product that overflows has passed every bound before; it is held at _MOST below.
        with np.errstate(over="ignore"):
            grown = _running(np.multiply, self.stakes.above.factors(x, a))
        later = later_than(self.stakes, self.labels + np.arange(-1, len(x) + 1))
        born = later[:-1] - later[1:]
        # U_n = (U_{n-1} + born_n) · factor_n, for a few labels at once: divided by the product of factors it
        # is a sum. What is born before the first label is in self._up already.
        capital = np.empty_like(grown)
        capital[0] = self._up
        np.divide(born[1:-1, None, None], grown[:-1], out=capital[1:])
        capital = _running(np.add, capital)
        with np.errstate(over="ignore"):
            capital *= grown
        np.minimum(capital, _MOST, out=capital)
        self._up = capital[-1] + born[-1]
        back: Floats = self.stakes.above.prior @ capital + later[1:-1, None]
        return back

    def _take_down(self, x: Floats, a: Floats) -> Floats:
        grown = self.stakes.below.factors(x, a)
        grown[0] *= self._block
        with np.errstate(over="ignore"):
            grown = _running(np.multiply, grown)
            np.minimum(grown, _MOST, out=grown)
            self._block = grown[-1].copy()
            grown *= self._weight
        advance: Floats = np.minimum(grown.sum(axis=1), _MOST)
        return advance

    def _close_block(self) -> None:
        self._before = self._before + np.log(self._block)
        self._block = np.ones_like(self._block)
        self._checkpoints.append(self._before)
        if len(self._checkpoints) > CHECKPOINTS:
            self._highest = np.maximum(self._highest, self._checkpoints.pop(0))
        least = np.minimum(self._before - self._highest, _MOST_LOG)
        self._weight = self.stakes.below.prior[:, None] * np.exp(least)

    def keep(self, paths: Bools | npt.NDArray[np.int64]) -> None:
        """Go on with these paths only: a mask, or their numbers."""
        for name in ("_up", "_block", "_before", "_highest", "_weight"):
            setattr(self, name, getattr(self, name)[:, paths])
        self._checkpoints = [one[:, paths] for one in self._checkpoints]
        self.paths = self._up.shape[1]


def _running(operation: np.ufunc, values: Floats) -> Floats:
    """Accumulate along the first axis, in place where that is quicker."""
    if values[0].size < 500:
        out: Floats = operation.accumulate(values, axis=0)
        return out
    for i in range(1, len(values)):
        operation(values[i], values[i - 1], out=values[i])
    return values
