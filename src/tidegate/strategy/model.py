"""What a loaded strategy is: rules in order, each with its condition as a typed tree and its audit plan.

Only `load` makes these; everything else in this room takes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.errors import TidegateError
from tidegate.policy.ladder import LADDER, Ladder
from tidegate.strategy.nodes import Condition
from tidegate.tables import SignalType


@dataclass(frozen=True)
class AuditPlan:
    """With which probability a decision is checked blind by a person.

    Either a fixed `rate` in (0, 1], or `proportional_to` a NUMBER signal with `budget_per_day` expected
    audits per day and a `floor` in (0, 1] that no probability falls below; None spreads half of each day's
    budget evenly. A missing score gets the floor.
    """

    rate: float | None = None
    proportional_to: str | None = None
    budget_per_day: float | None = None
    floor: float | None = None


HOUSE_PLAN = AuditPlan(rate=0.01)
"""For rules without a plan in strategies without one."""


@dataclass(frozen=True)
class Rule:
    """One rule. `when` is the SQL as written, None for a rule that always matches; `line` counts from 1.

    `condition` is `when` in normal form, with let: numbers put in; None where `when` is.
    """

    id: str
    when: str | None
    then: str
    policy: str | None
    queue: str | None
    escalate: str | None
    audit: AuditPlan
    line: int
    condition: Condition | None = field(repr=False)


@dataclass(frozen=True)
class Strategy:
    """A checked strategy. The last rule always matches, so that every item gets a decision.

    `hash` is over all that decides (name, version, rules, audit plans, effective let: values) and not over
    comments or layout. `types` gives the type of each signal in `signals`: those that conditions or audit
    plans read, by full name in alphabetical order, and `ranges` the least and greatest value of those that
    declare them. `file` and `text` are the source.
    """

    name: str
    version: str
    hash: str
    let: Mapping[str, float]
    rules: tuple[Rule, ...]
    audit: AuditPlan
    types: Mapping[str, SignalType]
    warnings: tuple[TidegateError, ...] = field(repr=False, compare=False)
    file: str
    text: str = field(repr=False)
    ladder: Ladder = field(default=LADDER, repr=False)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def label(self) -> str:
        """The version, then @ and 12 digits of the hash."""
        return f"{self.version}@{self.hash[:12]}"

    @property
    def signals(self) -> frozenset[str]:
        return frozenset(self.types)

    @property
    def detectors(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.types)
