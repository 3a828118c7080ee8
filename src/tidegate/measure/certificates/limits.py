"""A limit on a rate of errors, and what it becomes in labels that fallible reviewers gave.

An error among actioned items is a fine item (overkill), among passed items a violating one (leakage).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.reviewers import Reviewers

OUTCOME_OF = {"overkill_rate": "actioned", "leakage_rate": "passed"}
"""The measures that a certificate can bound, and the outcome among which each is counted."""


@dataclass(frozen=True)
class Limit:
    """`measure` (see docs/measures.md) is to be at most `at_most`, a rate in (0, 1)."""

    measure: str
    at_most: float
    reviewers: Reviewers = field(default_factory=Reviewers)

    def __post_init__(self) -> None:
        if self.measure not in OUTCOME_OF:
            raise MeasureError(
                f"no certificate can bound '{self.measure}'",
                where=Where(field="measure"),
                remedy=f"Choose from {', '.join(OUTCOME_OF)}.",
            )
        if not 0 < self.at_most < 1:
            raise MeasureError(
                f"{self.at_most} is no limit for {self.measure}",
                where=Where(field=self.measure),
                remedy="Give a share between 0 and 1, such as 0.02.",
            )

    @property
    def outcome(self) -> str:
        return OUTCOME_OF[self.measure]

    @property
    def about_overkill(self) -> bool:
        return self.outcome == "actioned"

    @property
    def shown(self) -> float:
        """The share of labels that say "error" which must not be exceeded.

        W. J. Rogan and B. Gladen (1978): where a share q are errors, labels say so of
        hit · q + slip · (1 − q). Of the values that hit and slip may have, those of the lowest share count.
        """
        return min(
            hit * self.at_most + slip * (1 - self.at_most)
            for hit, slip in self.reviewers.corners(self.about_overkill)
        )

    @property
    def least_shown(self) -> float:
        """The share that labels would show at worst if there were no error at all.

        That of `shown` at q = 0 (W. J. Rogan and B. Gladen 1978), slip, where it is highest.
        """
        return max(slip for _, slip in self.reviewers.corners(self.about_overkill))

    def true(self, shown: float) -> float:
        """An upper bound of the true rate from an upper bound of the share that labels show.

        (shown − slip) / (hit − slip), cut to [0, 1]: W. J. Rogan and B. Gladen (1978), at the
        values of hit and slip that make it largest.
        """
        worst = max(
            (shown - slip) / (hit - slip) for hit, slip in self.reviewers.corners(self.about_overkill)
        )
        return float(min(max(worst, 0.0), 1.0))
