"""What a conjunction of tests says about each value: its range, the constants it can be, whether NULL.

Arithmetic and functions count as values of their own, equal only to themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tidegate.strategy.nodes import (
    Compare,
    Comparison,
    Constant,
    Holds,
    IsNull,
    OneOf,
    Signal,
    Test,
    Value,
)
from tidegate.strategy.truth import Truth, truth

Range = tuple[float, float]
Known = float | str | bool

EVERYTHING: Range = (-math.inf, math.inf)
UNIT = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s+to\s+(-?\d+(?:\.\d+)?)\s*")


def declared_range(unit: str | None) -> Range:
    """The range that a signal's unit declares: "probability" is 0 to 1, and "1 to 5" speaks for itself."""
    if unit == "probability":
        return (0.0, 1.0)
    found = UNIT.fullmatch(unit or "")
    return (float(found[1]), float(found[2])) if found else EVERYTHING


@dataclass
class Domain:
    """The values that something not NULL can still have. `one_of` None: any in the range."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    one_of: frozenset[Known] | None = None
    none_of: frozenset[Known] = frozenset()

    def narrow(self, operator: Comparison, constant: Known) -> None:
        """Keep what compares so with the constant; orders of texts are not kept."""
        if operator is Comparison.EQ:
            self.keep({constant})
        elif operator is Comparison.NE:
            self.none_of |= {constant}
        elif isinstance(constant, float):
            strict = operator in (Comparison.LT, Comparison.GT)
            if operator in (Comparison.GT, Comparison.GE):
                self.low, self.low_open = max((self.low, self.low_open), (constant, strict))
            elif (constant, not strict) <= (self.high, not self.high_open):
                self.high, self.high_open = constant, strict

    def keep(self, members: Iterable[Known]) -> None:
        kept = frozenset(members)
        self.one_of = kept if self.one_of is None else self.one_of & kept

    def has(self, value: Known) -> bool:
        """Whether `value` is still possible."""
        if value in self.none_of or (self.one_of is not None and value not in self.one_of):
            return False
        if not isinstance(value, float):
            return True
        above = value > self.low or (value == self.low and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def is_empty(self) -> bool:
        if self.one_of is not None:
            return not any(self.has(value) for value in self.one_of)
        return self.low > self.high or (self.low == self.high and not self.has(self.low))

    def all_compare(self, operator: Comparison, constant: Known) -> bool:
        """Whether everything that is possible compares so with the constant."""
        if self.one_of is not None:
            return all(_compares(value, operator, constant) for value in self.one_of if self.has(value))
        if operator is Comparison.NE:
            return not self.has(constant)
        if not isinstance(constant, float):
            return False
        match operator:
            case Comparison.GE:
                return self.low >= constant
            case Comparison.GT:
                return self.low > constant or (self.low == constant and self.low_open)
            case Comparison.LE:
                return self.high <= constant
            case Comparison.LT:
                return self.high < constant or (self.high == constant and self.high_open)
            case _:
                return self.low == self.high == constant


@dataclass
class Facts:
    """Per value its domain (it is then not NULL); values that are NULL; tests that are known as such."""

    ranges: Mapping[str, Range]
    domains: dict[Value, Domain] = field(default_factory=dict)
    nulls: set[Value] = field(default_factory=set)
    tests: set[Test] = field(default_factory=set)

    def domain(self, value: Value) -> Domain:
        if value not in self.domains:
            low, high = self.ranges.get(value.name, EVERYTHING) if isinstance(value, Signal) else EVERYTHING
            self.domains[value] = Domain(low, high)
        return self.domains[value]

    def add(self, test: Test) -> bool:
        """Take a test as TRUE; False where it can be seen that it never is."""
        self.tests.add(test)
        match test:
            case Compare(_, Constant(), Constant()) | Holds(Constant()):
                return truth(test, {}) is Truth.TRUE
            case Compare(operator, value, Constant(constant)) if constant is not None:
                self.domain(value).narrow(operator, constant)
            case Compare(_, left, right):
                self.domain(left)
                self.domain(right)
            case IsNull(value, negated=False):
                self.nulls.add(value)
            case Holds(value, negated):
                self.domain(value).keep({not negated})
            case OneOf(value, members, negated=False):
                self.domain(value).keep(members)
            case OneOf(value, members):
                self.domain(value).none_of |= set(members)
            case _:
                self.domain(test.value)
        return True

    def contradict(self) -> bool:
        return any(domain.is_empty() for domain in self.domains.values()) or any(
            value in self.domains for value in self.nulls
        )

    def imply(self, test: Test) -> bool:
        """Whether the test is TRUE whenever the facts hold, as far as can be seen."""
        if test in self.tests:
            return True
        match test:
            case Compare(_, Constant(), Constant()) | Holds(Constant()):
                return truth(test, {}) is Truth.TRUE
            case Compare(operator, value, Constant(constant)) if (
                value in self.domains and constant is not None
            ):
                return self.domains[value].all_compare(operator, constant)
            case IsNull(value, negated):
                return value in (self.domains if negated else self.nulls)
            case Holds(value, negated) if value in self.domains:
                return self.domains[value].all_compare(Comparison.EQ, not negated)
            case OneOf(value, members, negated) if value in self.domains:
                domain = self.domains[value]
                if negated:
                    return not any(domain.has(member) for member in members)
                return domain.one_of is not None and {v for v in domain.one_of if domain.has(v)} <= set(
                    members
                )
            case _:
                return False


def facts_of(tests: Iterable[Test], ranges: Mapping[str, Range]) -> Facts | None:
    """The facts of a conjunction; None where they contradict one another."""
    facts = Facts(ranges)
    for test in tests:
        if not facts.add(test):
            return None
    return None if facts.contradict() else facts


def _compares(value: Known, operator: Comparison, constant: Known) -> bool:
    kind = type(value)
    if kind is not type(constant):
        return False
    left, right = Constant(value, None), Constant(constant, None)
    return truth(Compare(operator, left, right), {}) is Truth.TRUE
