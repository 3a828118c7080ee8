"""What tuning found: new numbers with the limits that they keep, or which limit no numbers keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.measure.certificates.outlook import Outlook
from tidegate.runs.tuning.rows import Rows
from tidegate.strategy import Strategy


@dataclass(frozen=True)
class Kept:
    """A limit that is certified: the upper limit that the labels give, and what it rests on."""

    measure: str
    at_most: float
    bound: float
    labels: int
    errors: int
    share: float
    """Of all items, how many are acted on (overkill) or pass (leakage)."""


@dataclass(frozen=True)
class Tuning:
    """What tuning found for all items, or for one group of them.

    Attributes:
        group: the slice values that it is about; empty for everything.
        certified: whether all limits are; where not, everything is as it was.
        strategy: the strategy with the new numbers.
        numbers: the let: numbers that were tuned, as they are now; before: as they were.
        automated, automated_before: share of items that no person has to look at.
        kept: the limits certified. speaks_for: the let: numbers that they are about.
        failed: those that no thresholds keep, with what is lacking; empty where each limit can be kept by
            itself, but not all together.
        rows: what it rests on. used: the number of labels that the tests used.
        notes: what else there is to say.
    """

    group: Mapping[str, str]
    certified: bool
    strategy: Strategy
    numbers: Mapping[str, float]
    before: Mapping[str, float]
    automated: float
    automated_before: float
    kept: tuple[Kept, ...]
    speaks_for: tuple[str, ...]
    failed: tuple[Outlook, ...]
    rows: Rows
    used: int
    notes: tuple[str, ...]
