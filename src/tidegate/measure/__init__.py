"""Audit sampling, and leakage and overkill with intervals that hold: see docs/measures.md."""

from tidegate.measure.designs import fixed_rate, proportional
from tidegate.measure.draw import draw
from tidegate.measure.estimate import estimate, truth

__all__ = ["draw", "estimate", "fixed_rate", "proportional", "truth"]
