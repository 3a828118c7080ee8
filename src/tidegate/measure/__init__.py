"""Audit sampling, and leakage and overkill with intervals that hold: see docs/measures.md."""

from tidegate.measure.designs import (
    disagreement,
    fixed_rate,
    proportional,
    risk_proportional,
    stratified,
)
from tidegate.measure.differences import differences, true_differences
from tidegate.measure.draw import draw
from tidegate.measure.estimate import estimate, truth
from tidegate.measure.plot import plot
from tidegate.measure.wording import format_estimate

__all__ = [
    "differences",
    "disagreement",
    "draw",
    "estimate",
    "fixed_rate",
    "format_estimate",
    "plot",
    "proportional",
    "risk_proportional",
    "stratified",
    "true_differences",
    "truth",
]
