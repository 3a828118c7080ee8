"""What a gate says: advance, hold or roll back, with all that it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Call(StrEnum):
    ADVANCE = "advance"
    HOLD = "hold"
    ROLL_BACK = "roll back"


@dataclass(frozen=True)
class Forecast:
    """What may come, if the arm goes on as the labels so far suggest. It is no part of the evidence.

    Attributes:
        labels: the median number of further labels until an answer; None where most paths give none.
        days: the same in days, at the present pace; None where no pace is known.
        advance, roll_back: the share of simulated futures that end so within `within`.
        within: further labels that were simulated: what the budget leaves, or a horizon.
        futile: the answer is more likely than not to stay out within the budget.
    """

    labels: int | None
    days: float | None
    advance: float
    roll_back: float
    within: int
    futile: bool


@dataclass(frozen=True)
class Finding:
    """One criterion.

    Attributes:
        measure, at_most: what was asked.
        call: what this criterion alone says.
        estimate: from the labels that have come, corrected for the reviewers; None without labels.
        low, high: the confidence sequence; each limit may be trusted at every look at once.
        labels: that have come. `awaited`: drawn, not labelled yet.
        log_advance, log_roll_back: natural logarithms of the e-values.
        needed_advance, needed_roll_back: what they have to reach.
        since: where it rolls back, the labels before the stretch that speaks loudest for that; 0 for none.
        reasons: why it holds, or what to mind.
        forecast: None once there is an answer.
    """

    measure: str
    at_most: float
    call: Call
    estimate: float | None
    low: float
    high: float
    labels: int
    awaited: int
    log_advance: float
    log_roll_back: float
    needed_advance: float
    needed_roll_back: float
    since: int | None
    reasons: tuple[str, ...]
    forecast: Forecast | None


@dataclass(frozen=True)
class Verdict:
    """The gate as a whole. `log_mismatch` is the log e-value against the split; None where none was set."""

    call: Call
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    log_mismatch: float | None
    needed_mismatch: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
