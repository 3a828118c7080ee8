"""Fallible reviewers: how bounds on their sensitivity and specificity move the limit that labels are held to.

W. J. Rogan and B. Gladen, Estimating prevalence from the results of a screening test (1978): of items of
which a share q is in error, reviewers call q · hit + (1 − q) · slip an error. Where hit and slip are known
only within bounds, a gate takes the bounds that are worst for what it is about to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.errors import MeasureError, Where

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Reviewers:
    """Bounds on the chance that a violating item is called so (sensitivity), and a fine one fine
    (specificity)."""

    sensitivity: Bounds = (1.0, 1.0)
    specificity: Bounds = (1.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 1:
                raise MeasureError(
                    f"{name} from {low} to {high} is no pair of bounds",
                    where=Where(field=name),
                    remedy="Give the lower bound first; both lie between 0 and 1.",
                )
        if not self.sensitivity[0] + self.specificity[0] > 1:
            raise MeasureError(
                "labels of such reviewers may be no better than chance",
                where=Where(field="sensitivity"),
                remedy="At their lower bounds sensitivity and specificity must add up to more than 1: "
                "measure them on more gold items, or train the reviewers.",
            )

    @property
    def perfect(self) -> bool:
        return self.sensitivity[0] == self.specificity[0] == 1.0

    def corners(self, about_overkill: bool) -> list[tuple[float, float]]:
        """(hit, slip) at the corners of the bounds: the chance that an error is called one, and a non-error.

        What is an error depends on the measure: an actioned item that is fine, or a passed one that violates.
        """
        found, spared = self.sensitivity, self.specificity
        hits, misses = (spared, found) if about_overkill else (found, spared)
        return [(hit, 1 - other) for hit in hits for other in misses]

    def middle(self, about_overkill: bool) -> tuple[float, float]:
        """(hit, slip) in the middle of the bounds."""
        corners = self.corners(about_overkill)
        return sum(hit for hit, _ in corners) / 4, sum(slip for _, slip in corners) / 4
