"""The smallest change of one signal that would have changed the action, found from the thresholds.

Every candidate is checked by deciding again with it, and counts only if no missing signal leaves that open.
Texts that only a pattern describes are not made up, so that a LIKE or regexp_matches() flips nothing unless
the pattern names a plain text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidegate.strategy import nodes
from tidegate.strategy.facts import EVERYTHING, Range
from tidegate.strategy.model import Rule, Strategy
from tidegate.strategy.nodes import (
    Compare,
    Comparison,
    Constant,
    IsNull,
    Like,
    OneOf,
    Signal,
    Test,
    Value,
)
from tidegate.strategy.truth import Known, NotComputedError, Truth, Values, first_match, truth, value_of
from tidegate.strategy.wording import literal
from tidegate.tables import SignalType

OTHER_TEXT = "any other text"
FARTHEST = 1e12
"""How far from its value a signal inside arithmetic is searched for a boundary."""


@dataclass(frozen=True)
class Flip:
    """Had `signal`, which is `value`, met `change` (say, `>= 0.97`), `rule` would have decided."""

    signal: str
    value: Known
    becomes: Known
    """The nearest value that flips the action."""
    change: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.signal} {self.change} (is {literal(self.value)}): {self.rule.then}, by {self.rule.id}"


def flips(strategy: Strategy, values: Values) -> tuple[Flip, ...]:
    """At most one flip per signal that has a value or is NULL, in the order of the signals' names."""
    place, _ = first_match(strategy, values)
    action = strategy.rules[place].then
    found = []
    for name in strategy.types:
        if name in values:
            flip = _nearest(strategy, values, name, action)
            if flip is not None:
                found.append(flip)
    return tuple(found)


def _nearest(strategy: Strategy, values: Values, name: str, action: str) -> Flip | None:
    tests = [
        test
        for rule in strategy.rules
        if rule.condition is not None
        for test in nodes.tests(rule.condition)
        if any(isinstance(v, Signal) and v.name == name for v in nodes.values(test))
    ]
    kind, now = strategy.types[name], values[name]
    for candidate in _candidates(tests, name, kind, values, strategy.ranges):
        place, outcome = first_match(strategy, {**values, name: candidate})
        rule = strategy.rules[place]
        if outcome is Truth.TRUE and rule.then != action:
            return Flip(name, now, candidate, _change(strategy, values, name, candidate, place), rule)
    return None


def _candidates(
    tests: list[Test], name: str, kind: SignalType, values: Values, ranges: Mapping[str, Range]
) -> Iterator[Known]:
    """Values to try, smallest change first, none that the signal cannot have; NULL last."""
    now = values[name]
    if kind is SignalType.BOOLEAN:
        yield from (value for value in (True, False) if value is not now)
    elif kind is SignalType.TEXT:
        texts = dict.fromkeys(text for test in tests for text in _texts(test))
        yield from (text for text in texts if text != now)
        if all(_only_names(test) for test in tests):
            yield OTHER_TEXT
    else:
        low, high = ranges.get(name, EVERYTHING)
        edges = (edge for test in tests for edge in _edges(test, name, values))
        points = {point for edge in edges for point in _around(edge) if low <= point <= high}
        centre = now if isinstance(now, float) else 0.0
        yield from sorted((p for p in points if p != now), key=lambda point: (abs(point - centre), point))
    if now is not None:
        yield None


def _texts(test: Test) -> Iterator[str]:
    """Texts that the test names."""
    match test:
        case OneOf(_, members):
            yield from (member for member in members if isinstance(member, str))
        case Like(_, pattern) if not set(pattern.strip("%")) & set("%_"):
            yield pattern.strip("%")
        case Compare(_, left, right):
            for value in (left, right):
                if isinstance(value, Constant) and isinstance(value.value, str):
                    yield value.value
        case _:
            return


def _only_names(test: Test) -> bool:
    """Whether all texts that the test does not name are alike to it, so that one can stand for any other."""
    match test:
        case OneOf(Signal(), _):
            return True
        case Compare(Comparison.EQ | Comparison.NE, left, right):
            return {type(left), type(right)} == {Signal, Constant}
        case IsNull(Signal()):
            return True
        case _:
            return False


def _edges(test: Test, name: str, values: Values) -> Iterator[float]:
    """Numbers at which the test may change as the signal moves and all else stays."""
    if isinstance(test, OneOf):
        yield from (float(member) for member in test.members if not isinstance(member, str))
    elif isinstance(test, Compare):
        for side, other in ((test.left, test.right), (test.right, test.left)):
            if isinstance(side, Signal) and side.name == name:
                yield from _number(other, values)
    yield from (
        value.value
        for value in nodes.values(test)
        if isinstance(value, Constant) and isinstance(value.value, float)
    )
    if any(not isinstance(value, Signal | Constant) for value in nodes.values(test)):
        yield from _searched(test, name, values)


def _number(value: Value, values: Values) -> Iterator[float]:
    try:
        known = value_of(value, values)
    except NotComputedError:
        return
    if isinstance(known, float):
        yield known


def _searched(test: Test, name: str, values: Values) -> Iterator[float]:
    """Boundaries of a test on arithmetic: step out from the value, then halve down to neighbours."""
    now = values[name]
    start = now if isinstance(now, float) else 0.0
    before = truth(test, {**values, name: start})
    for sign in (-1.0, 1.0):
        step, near = 1e-6, start
        while step <= FARTHEST:
            far = start + sign * step
            if truth(test, {**values, name: far}) is not before:
                while True:
                    middle = (near + far) / 2
                    if middle in (near, far):
                        break
                    same = truth(test, {**values, name: middle}) is before
                    near, far = (middle, far) if same else (near, middle)
                yield far
                break
            step, near = step * 2, far


def _around(edge: float) -> tuple[float, float, float]:
    return math.nextafter(edge, -math.inf), edge, math.nextafter(edge, math.inf)


def _change(strategy: Strategy, values: Values, name: str, candidate: Known, place: int) -> str:
    """The candidate as a comparison, where values beyond it lead to the same rule."""
    if candidate is None:
        return "is null"
    if candidate == OTHER_TEXT:
        return f"is {OTHER_TEXT}"
    now = values[name]
    if isinstance(candidate, str | bool):
        return f"= {literal(candidate)}"
    rising = not isinstance(now, float) or candidate > now
    beyond = math.nextafter(candidate, math.inf if rising else -math.inf)
    if first_match(strategy, {**values, name: beyond}) != (place, Truth.TRUE):
        return f"= {literal(candidate)}"
    # One step past a round number means the open side of it: > 0.5, not >= 0.5000000000000001.
    back = math.nextafter(candidate, -math.inf if rising else math.inf)
    if len(literal(back)) < len(literal(candidate)):
        return f"{'>' if rising else '<'} {literal(back)}"
    return f"{'>=' if rising else '<='} {literal(candidate)}"
