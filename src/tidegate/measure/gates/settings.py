"""What a gate is asked: which errors, up to which limit, how sure, and with which reviewers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.names import nearest

RATES = ("overkill_rate", "leakage_rate")
CHANGES = ("overkill_change", "leakage_change")
MEASURES = (*RATES, *CHANGES)


@dataclass(frozen=True)
class Criterion:
    """One limit that the arm has to keep.

    A rate is as in docs/measures.md, per item. A change is the arm's errors minus the current strategy's, per
    item that both decided; it is learnt from the items on which they disagree alone, so `share` and `net` of
    these items (`rows.Disagreement`) have to be told.

    Attributes:
        measure: one of `MEASURES`.
        at_most: the limit: 0 < limit < 1 for a rate, −1 < limit < 1 for a change.
        good, bad: what the gate is aimed at: it answers soonest for arms like these, and is honest for all.
            Without them half and twice the limit for a rate; for a change, disagreements that go two to one.
        reviewers: how far the labels can be trusted.
        share: disagreements per decided item; for changes alone. No change can be larger, so a limit that is
            not between −share and share is not `testable`, and the gate holds. 0 where the two strategies
            differ on no item yet.
        net: of the disagreements, the share that can add an error minus the share that can take one away.
        memory: labels; see `evidence.Evidence`. Without it, what a good arm is expected to need.
        heaviest: the largest weight that a label can have, 1 / the smallest probability of the audit design;
            needed where labels have weights.
    """

    measure: str
    at_most: float
    good: float | None = None
    bad: float | None = None
    reviewers: Reviewers = field(default_factory=Reviewers)
    share: float = 1.0
    net: float = 1.0
    memory: int | None = None
    heaviest: float | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise MeasureError(
                f"there is no gate on '{self.measure}'",
                where=Where(field="measure"),
                remedy=f"{nearest(self.measure, MEASURES)}Gates are on {', '.join(MEASURES)}.",
            )
        if not 0 <= self.share <= 1 or not -1 <= self.net <= 1:
            raise MeasureError(
                f"share {self.share} and net {self.net} are no disagreement",
                where=Where(field="share"),
                remedy="The share lies between 0 and 1, net between -1 and 1.",
            )
        self._check_limit()
        if self.testable:
            self._check_aims()
        for name, value in (("memory", self.memory), ("heaviest", self.heaviest)):
            if value is not None and not value > 0:
                raise MeasureError(f"{name} must be above 0", where=Where(field=name))

    def _check_limit(self) -> None:
        least = -1 if self.paired else 0
        if not least < self.at_most < 1:
            raise MeasureError(
                f"a limit of {self.at_most:g} cannot be tested",
                where=Where(field="at_most"),
                remedy=f"Give a limit above {least} and below 1 (as a fraction: 0.02 is 2 %).",
            )

    def _check_aims(self) -> None:
        if not self.lowest <= self.aim_good < self.at_most < self.aim_bad <= self.highest:
            raise MeasureError(
                f"the gate cannot be aimed at {self.aim_good:g} and {self.aim_bad:g}",
                where=Where(field="good"),
                remedy=f"good lies below the limit of {self.at_most:g}, bad above it.",
            )

    @property
    def paired(self) -> bool:
        return self.measure in CHANGES

    @property
    def testable(self) -> bool:
        """Whether labels can speak for or against the limit: no change is larger than the disagreements."""
        return not self.paired or self.lowest < self.at_most < self.highest

    @property
    def about_overkill(self) -> bool:
        return self.measure.startswith("overkill")

    @property
    def lowest(self) -> float:
        return -self.share if self.paired else 0.0

    @property
    def highest(self) -> float:
        return self.share if self.paired else 1.0

    @property
    def aim_good(self) -> float:
        if self.good is not None:
            return self.good
        return self.at_most - (self.at_most - self.lowest) / (3 if self.paired else 2)

    @property
    def aim_bad(self) -> float:
        if self.bad is not None:
            return self.bad
        if self.paired:
            return self.at_most + (self.highest - self.at_most) / 3
        return min(2 * self.at_most, (1 + self.at_most) / 2)


@dataclass(frozen=True)
class GateSettings:
    """A gate: all criteria must be met to advance, and one that is broken is enough to roll back.

    Attributes:
        criteria: one of each measure at most.
        false_launches: the chance, over the whole life of the gate and all looks at it, that an arm above a
            limit advances.
        false_roll_backs: the chance that an arm within all limits is rolled back; the criteria share it.
        budget: labels that may be spent in all; None for no bound. Only forecasts use it.
        split: the share of the traffic that each arm should get; None where the traffic is not split.
        mismatches: the chance that a correct split is called a mismatch.
        seed: of the forecast.
    """

    criteria: tuple[Criterion, ...]
    false_launches: float = 0.05
    false_roll_backs: float = 0.05
    budget: int | None = None
    split: Mapping[str, float] | None = None
    mismatches: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        measures = [criterion.measure for criterion in self.criteria]
        if not measures or len(set(measures)) < len(measures):
            raise MeasureError(
                "a gate needs at least one criterion, and one of each measure at most",
                where=Where(field="criteria"),
                remedy="Give a limit for overkill_rate, leakage_rate, or both.",
            )
        for name in ("false_launches", "false_roll_backs", "mismatches"):
            if not 0 < getattr(self, name) <= 0.5:
                raise MeasureError(
                    f"{getattr(self, name)} is no chance of an error to live with",
                    where=Where(field=name),
                    remedy="Give a number above 0 and at most 0.5, such as 0.05.",
                )
        if self.budget is not None and self.budget <= 0:
            raise MeasureError("a budget of no labels answers nothing", where=Where(field="budget"))

    @property
    def to_advance(self) -> float:
        """The e-value from which a criterion is met: 1/α (J. Ville 1939)."""
        return 1 / self.false_launches

    @property
    def to_roll_back(self) -> float:
        """The e-value from which one is broken: 1/α (J. Ville 1939) with a union bound over the criteria."""
        return len(self.criteria) / self.false_roll_backs
