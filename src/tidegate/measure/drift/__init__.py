"""Drift: what has changed between a reference window and now; see docs/measurement/drift.md."""

from tidegate.measure.drift.calibration import calibration_drift
from tidegate.measure.drift.check import Check
from tidegate.measure.drift.correction import corrected
from tidegate.measure.drift.overrides import override_drift
from tidegate.measure.drift.scores import mix_drift, score_drift

__all__ = [
    "Check",
    "calibration_drift",
    "corrected",
    "mix_drift",
    "override_drift",
    "score_drift",
]
