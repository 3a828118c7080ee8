"""A share with its interval, and whether enough is behind it to say anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tidegate.measure.reviewers.skill import FEWEST, exact_limits

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """`estimate` is None where there is nothing to take a share of."""

    estimate: float | None
    low: float
    high: float
    of: int

    @classmethod
    def of_counts(cls, some: int, of: int) -> Share:
        """`some` of `of`, with the limits of C. J. Clopper and E. S. Pearson (1934)."""
        estimate = some / of if of else None
        return cls(estimate, *exact_limits(estimate, of, CONFIDENCE), of)

    @property
    def enough(self) -> bool:
        """Whether pages state it; else they state only how much there is."""
        return self.estimate is not None and self.of >= FEWEST

    @property
    def text(self) -> str:
        """In whole percent, with its limits, rounded outwards so that none is told narrower than it is."""
        if self.estimate is None:
            return "–"
        low, high = math.floor(100 * self.low), math.ceil(100 * self.high)
        return f"{100 * self.estimate:.0f} % ({low}–{high} %)"
