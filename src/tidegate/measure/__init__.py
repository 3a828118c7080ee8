"""Audit sampling, and leakage and overkill with intervals that hold: see docs/measures.md."""

from tidegate.measure.designs import fixed_rate, proportional
from tidegate.measure.differences import differences, true_differences
from tidegate.measure.draw import draw
from tidegate.measure.estimate import estimate, truth
from tidegate.measure.plot import plot
from tidegate.measure.wording import format_estimate

__all__ = [
    "differences",
    "draw",
    "estimate",
    "fixed_rate",
    "format_estimate",
    "plot",
    "proportional",
    "true_differences",
    "truth",
]
