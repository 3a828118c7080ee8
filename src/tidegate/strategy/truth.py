"""One item's values and the truth of each test: the slow, readable evaluator behind explanations.

Four outcomes: TRUE, FALSE, NULL, and unknown where a signal was not computed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum

from tidegate.strategy import nodes, patterns, runtime
from tidegate.strategy.model import Strategy
from tidegate.strategy.nodes import (
    All,
    Arithmetic,
    Call,
    Compare,
    Comparison,
    Condition,
    Constant,
    Holds,
    IsNull,
    Like,
    Matches,
    OneOf,
    Signal,
    Test,
    Value,
)
from tidegate.strategy.values import constant_arithmetic

Known = float | str | bool | None
Values = Mapping[str, Known]
"""Border-clean values by signal; a missing key was not computed."""


class Truth(StrEnum):
    TRUE = "TRUE"
    FALSE = "FALSE"
    NULL = "NULL"
    UNKNOWN = "unknown"


class NotComputedError(Exception):
    """A value hangs on a signal that was not computed."""


IN_AND = (Truth.FALSE, Truth.NULL, Truth.UNKNOWN, Truth.TRUE)
IN_OR = (Truth.TRUE, Truth.UNKNOWN, Truth.NULL, Truth.FALSE)
"""Which outcome of the parts settles AND and OR, strongest first. In AND, NULL cannot become TRUE."""


def first_match(strategy: Strategy, values: Values) -> tuple[int, Truth]:
    """The first rule that may match, and whether it does (TRUE) or hangs on a missing signal (unknown)."""
    for index, rule in enumerate(strategy.rules):
        outcome = Truth.TRUE if rule.condition is None else truth(rule.condition, values)
        if outcome in (Truth.TRUE, Truth.UNKNOWN):
            return index, outcome
    raise AssertionError("the last rule of a strategy always matches")


def truth(condition: Condition, values: Values) -> Truth:
    match condition:
        case All(parts) | nodes.Any(parts):
            outcomes = {truth(part, values) for part in parts}
            return next(o for o in (IN_AND if isinstance(condition, All) else IN_OR) if o in outcomes)
        case nodes.Not():
            raise ValueError("conditions are in normal form here")
        case _:
            return _test(condition, values)


def _test(test: Test, values: Values) -> Truth:
    try:
        outcome = _outcome(test, values)
    except NotComputedError:
        return Truth.UNKNOWN
    return Truth.NULL if outcome is None else Truth.TRUE if outcome else Truth.FALSE


def _outcome(test: Test, values: Values) -> bool | None:
    if isinstance(test, Compare):
        left, right = value_of(test.left, values), value_of(test.right, values)
        return None if left is None or right is None else _compared(test.operator, left, right)
    value = value_of(test.value, values)
    if isinstance(test, IsNull):
        return (value is None) is not test.negated
    if value is None:
        return None
    return _positive(test, value) is not test.negated


def _positive(test: OneOf | Like | Matches | Holds, value: float | str | bool) -> bool:
    match test:
        case OneOf(_, members):
            return value in members
        case Like(_, pattern):
            return re.fullmatch(patterns.like_as_regex(pattern), str(value), re.DOTALL) is not None
        case Matches(_, pattern):
            return re.search(patterns.python_form(pattern), str(value)) is not None
        case Holds():
            return value is True


def _compared(operator: Comparison, left: float | str | bool, right: float | str | bool) -> bool:
    below, above = left < right, left > right  # type: ignore[operator]
    match operator:
        case Comparison.EQ:
            return not (below or above)
        case Comparison.NE:
            return below or above
        case Comparison.LT:
            return below
        case Comparison.LE:
            return not above
        case Comparison.GT:
            return above
        case Comparison.GE:
            return not below


def value_of(value: Value, values: Values, *, bounded: bool = False) -> Known:
    """The value, None for NULL.

    Raises:
        NotComputedError: it reads a signal that is not in `values`.
    """
    match value:
        case Signal(name):
            if name not in values:
                raise NotComputedError(name)
            known = values[name]
            return _or_none(runtime.bounded(known)) if bounded and isinstance(known, float) else known
        case Constant(constant):
            return constant
        case Arithmetic(operator, left, right):
            return constant_arithmetic(
                operator, value_of(left, values, bounded=True), value_of(right, values, bounded=True)
            )
        case Call(function, arguments):
            inner = bounded and function not in ("length", "lower")
            return _called(function, [value_of(argument, values, bounded=inner) for argument in arguments])


def _called(function: str, arguments: list[Known]) -> Known:
    there = [argument for argument in arguments if argument is not None]
    if not there:
        return None
    first = there[0]
    match function:
        case "coalesce":
            return first
        case "greatest" | "least":
            return (max if function == "greatest" else min)(float(number) for number in there)
        case "abs":
            return abs(float(first))
        case "negate":
            return -float(first)
        case "length":
            return float(len(str(first)))
        case _:
            return runtime.lower(str(first))


def _or_none(number: float) -> float | None:
    return None if math.isnan(number) else number
