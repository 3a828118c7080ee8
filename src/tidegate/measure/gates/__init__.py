"""Launch gates that may be looked at after every label: see docs/measurement/gates.md."""

from tidegate.measure.gates.judge import judge
from tidegate.measure.gates.planning import labels_to_answer
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.measure.gates.rows import Disagreement, change_rows, rate_rows
from tidegate.measure.gates.settings import Criterion, GateSettings
from tidegate.measure.gates.verdict import Call, Finding, Forecast, Verdict
from tidegate.measure.gates.wording import in_words

__all__ = [
    "Call",
    "Criterion",
    "Disagreement",
    "Finding",
    "Forecast",
    "GateSettings",
    "Reviewers",
    "Verdict",
    "change_rows",
    "in_words",
    "judge",
    "labels_to_answer",
    "rate_rows",
]
