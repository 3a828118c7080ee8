"""One check of drift: two windows, one question, an answer that can be corrected for the others asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POWER = 0.8
"""Chance with which the smallest change that a check speaks of would have been seen."""


@dataclass(frozen=True)
class Check:
    """What one check found.

    Attributes:
        check: scores, top scores, mix, overrides or calibration.
        what: what was compared, in words, such as the score and where it changed most.
        slice, value: of which items; empty for all.
        before, now: the figure in either window; None where it has none.
        p: chance of a change as large as this where there is none that matters; None where too little is
            there to test.
        spread: half the width of an interval of the change, per normal quantile.
        counted_before, counted_now: items or labels behind the two figures.
        at_least: the smallest change that matters, against which it was tested.
        note: why there is no p, and other warnings.
        looks: places at which the check looked; this is the most surprising, and p allows for all of them.
    """

    check: str
    what: str
    slice: str
    value: str
    before: float | None
    now: float | None
    p: float | None
    spread: float
    counted_before: int
    counted_now: int
    at_least: float = 0.0
    note: str = ""
    looks: int = 1

    @property
    def change(self) -> float | None:
        return None if self.before is None or self.now is None else self.now - self.before

    def smallest(self, level: float) -> float | None:
        """The smallest change that a test at `level` sees with probability `POWER`, by the normal law.

        `at_least` + (z of 1 − level/2 + z of the power) · spread; the usual sample-size formula solved for
        the difference (J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988).
        """
        from scipy.special import ndtri

        if self.p is None or not np.isfinite(self.spread):
            return None
        each = level / self.looks
        return float(self.at_least + (ndtri(1 - each / 2) + ndtri(POWER)) * self.spread)

    def interval(self, level: float) -> tuple[float, float] | None:
        """An interval of the change at confidence 1 − level: ± (z of 1 − level/2) · spread (A. Wald 1943)."""
        from scipy.special import ndtri

        if self.change is None or not np.isfinite(self.spread):
            return None
        half = float(ndtri(1 - level / 2)) * self.spread
        return self.change - half, self.change + half
