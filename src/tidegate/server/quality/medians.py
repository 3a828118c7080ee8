"""The median of times, with limits that no shape of their distribution can upset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.measure.reviewers.skill import FEWEST
from tidegate.server.quality.shares import CONFIDENCE


@dataclass(frozen=True)
class Median:
    """`estimate` is None where there is nothing to take it of."""

    estimate: float | None
    low: float
    high: float
    of: int

    @property
    def enough(self) -> bool:
        return self.estimate is not None and self.of >= FEWEST

    @property
    def text(self) -> str:
        return "–" if self.estimate is None else f"{self.estimate:.0f} ({self.low:.0f}–{self.high:.0f})"


def median(values: Sequence[float]) -> Median:
    """The median with the order statistics that hold it with 95 % at least (W. R. Thompson 1936).

    Of n values in order, the k-th and the (n+1-k)-th, for the largest k with P(Binomial(n, ½) < k) ≤ 2.5 %.
    Where n is below 6 there is no such k, and the limits are the least and the greatest value.
    """
    import numpy as np
    from scipy.special import bdtr

    if not values:
        return Median(None, 0.0, 0.0, 0)
    ordered = sorted(values)
    n = len(ordered)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    k = int((bdtr(np.arange(n), n, 0.5) <= (1 - CONFIDENCE) / 2).sum())
    return Median(middle, ordered[max(k - 1, 0)], ordered[min(n - k, n - 1)], n)
