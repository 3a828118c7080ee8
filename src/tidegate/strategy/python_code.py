"""Conditions as Python expressions, for `row` to put into functions.

The expressions are true exactly where the condition is TRUE. Numbers are floats with NaN for NULL, texts and
booleans have None; what two tests share is worked out once, when it is first needed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count

from tidegate.strategy import nodes, patterns
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
from tidegate.tables import SignalType

OPERATORS = {
    **{comparison: comparison.value for comparison in Comparison},
    Comparison.EQ: "==",
    Comparison.NE: "!=",
}
LARGEST = repr(sys.float_info.max)
BOUNDED = {
    Comparison.GE: "{1} <= {0} <= " + LARGEST,
    Comparison.GT: "{1} < {0} <= " + LARGEST,
    Comparison.LE: f"-{LARGEST} <= {{0}} <= {{1}}",
    Comparison.LT: f"-{LARGEST} <= {{0}} < {{1}}",
}
"""A threshold that an infinity does not pass, either."""


class Writer:
    """The parts of a strategy's functions.

    locals: the local name of each signal. memos: the local name of each value or test that is worked out
    once. constants: names that the functions refer to. rules: per rule the signals it reads, the lines that
    bound signals for its arithmetic, and its test (None: always).
    """

    def __init__(self, strategy: Strategy) -> None:
        self.types = strategy.types
        self.locals = {name: f"v{place}" for place, name in enumerate(strategy.types)}
        self.constants: dict[str, object] = {}
        self.bounded: set[str] = set()
        self.unsafe = _need_finite(strategy)
        self._pending: list[str] = []
        self._numbers = count()
        conditions = [rule.condition for rule in strategy.rules]
        self.memos = {
            shared: f"m{place}"
            for place, shared in enumerate(_shared([c for c in conditions if c is not None]))
        }
        self.rules = [self._rule(condition) for condition in conditions]

    def load(self, signal: str, *, positional: bool) -> list[str]:
        """The lines that put a signal's value into its local, clean where its tests need that."""
        local = self.locals[signal]
        lines = [] if positional else [f"{local} = values[{signal!r}]"]
        if self.types[signal] is SignalType.NUMBER:
            if positional:
                lines.append(f"if {local} is None: {local} = nan")
            else:
                # NumPy compares in the precision of its own numbers, in which thresholds are others.
                lines.append(f"if {local}.__class__ is not float: {local} = number({local})")
            if signal in self.unsafe and not positional:
                lines.append(f"if not -{LARGEST} <= {local} <= {LARGEST}: {local} = nan")
        elif self.types[signal] is SignalType.BOOLEAN and not positional:
            # NumPy has booleans of its own, which are not the True that tests ask for.
            lines.append(f"if not ({local} is True or {local} is False or {local} is None): raise TypeError")
        return lines

    def recorded(self, signal: str) -> str:
        """The value of a loaded signal as it is recorded, None for NULL."""
        local = self.locals[signal]
        if self.types[signal] is not SignalType.NUMBER:
            return local
        return f"{local} if -{LARGEST} <= {local} <= {LARGEST} else None"

    def _rule(self, condition: Condition | None) -> tuple[list[str], list[str], str | None]:
        if condition is None:
            return [], [], None
        self._pending = []
        test = self._condition(condition)
        return sorted(signal.name for signal in nodes.signals(condition)), self._pending, test

    def _condition(self, condition: Condition) -> str:
        match condition:
            case All(parts):
                return " and ".join(
                    f"({self._condition(part)})" if isinstance(part, nodes.Any) else self._condition(part)
                    for part in parts
                )
            case nodes.Any(parts):
                return " or ".join(
                    f"({self._condition(part)})" if isinstance(part, All) else self._condition(part)
                    for part in parts
                )
            case nodes.Not():
                raise ValueError("conditions are in normal form here")
            case _:
                return self.test(condition)

    def test(self, test: Test) -> str:
        """A test as an expression over the locals of its signals."""
        match test:
            case Compare():
                return f"({self._compare(test)})"
            case IsNull(value, negated):
                return f"({self._null(value, negated)})"
            case Holds(value, negated):
                return self._value(value) + (" is False" if negated else " is True")
            case OneOf(value, members, negated):
                listed = "{" + ", ".join(map(repr, members)) + "}"
                return self._guarded(value, negated, lambda v: f"{v} in {listed}")
            case Like(value, _, negated) | Matches(value, _, negated):
                return self._pattern(test, value, negated)

    def _guarded(self, value: Value, negated: bool, positive: Callable[[str], str]) -> str:
        """A test that NULL fails by itself; its negation must ask for NULL first."""
        if not negated:
            return positive(self._value(value))
        first, again = self._twice(value)
        there = f"{first} == {again}" if value.type is SignalType.NUMBER else f"{first} is not None"
        return f"({there} and not {positive(again)})"

    def _pattern(self, test: Like | Matches, value: Value, negated: bool) -> str:
        positive = type(test)(value, test.pattern)

        def found(text: str) -> str:
            matcher = f"p{next(self._numbers)}"
            self.constants[matcher] = _matcher(test)
            return self._memoised(positive, f"({text} is not None and {matcher}({text}) is not None)")

        first, again = self._twice(value)
        if negated:
            return f"({first} is not None and not {found(again)})"
        return f"({first} is not None and {found(again)})"

    def _compare(self, test: Compare) -> str:
        left, right, operator = test.left, test.right, test.operator
        symbol = OPERATORS[operator]
        if left.type is SignalType.NUMBER:
            if isinstance(left, Signal) and isinstance(right, Constant) and operator in BOUNDED:
                return BOUNDED[operator].format(self._value(left), self._value(right))
            if operator is not Comparison.NE:
                return f"{self._value(left)} {symbol} {self._value(right)}"
            (a, again_a), (b, again_b) = self._twice(left), self._twice(right)
            return f"{a} < {b} or {again_a} > {again_b}"
        (a, again_a), (b, again_b) = self._twice(left), self._twice(right)
        if isinstance(right, Constant):
            if operator is Comparison.EQ:
                return f"{a} == {b}"
            return f"{a} is not None and {again_a} {symbol} {b}"
        return f"{a} is not None and {b} is not None and {again_a} {symbol} {again_b}"

    def _null(self, value: Value, negated: bool) -> str:
        if value.type is not SignalType.NUMBER:
            return f"{self._value(value)} is {'not ' if negated else ''}None"
        first, again = self._twice(value)
        return f"{first} {'==' if negated else '!='} {again}"

    def _twice(self, value: Value) -> tuple[str, str]:
        """The value's expression, and a cheap one for the same value to the right of it."""
        text = self._value(value)
        if isinstance(value, Signal | Constant):
            return text, text
        name = f"t{next(self._numbers)}"
        return f"({name} := {text})", name

    def _value(self, value: Value, *, bounded: bool = False) -> str:
        match value:
            case Signal(name):
                return self._bounded(name) if bounded else self.locals[name]
            case Constant(None, kind):
                return "nan" if kind is SignalType.NUMBER else "None"
            case Constant(constant):
                return repr(constant)
            case Arithmetic():
                return self._memoised(value, self._arithmetic(value))
            case Call():
                return self._memoised(value, self._call(value, bounded), bounded=bounded)

    def _memoised(self, shared: Value | Test, text: str, *, bounded: bool = False) -> str:
        memo = None if bounded else self.memos.get(shared)
        return text if memo is None else f"({memo} if {memo} is not unset else ({memo} := {text}))"

    def _bounded(self, signal: str) -> str:
        local = self.locals[signal]
        if signal not in self.bounded:
            self.bounded.add(signal)
            self._pending.append(f"b{local} = bounded({local})")
        return f"b{local}"

    def _arithmetic(self, value: Arithmetic) -> str:
        left = self._value(value.left, bounded=True)
        right = self._value(value.right, bounded=True)
        if value.operator == "/":
            name = f"t{next(self._numbers)}"
            return f"({left} / {name} if ({name} := {right}) else nan)"
        return f"({left} {value.operator} {right})"

    def _call(self, call: Call, bounded: bool) -> str:
        inner = bounded and call.function not in ("length", "lower")
        arguments = [self._value(argument, bounded=inner) for argument in call.arguments]
        if call.function == "negate":
            return f"(-{arguments[0]})"
        if call.function == "coalesce":
            return self._coalesce(arguments, call.type)
        return f"{call.function}({', '.join(arguments)})"

    def _coalesce(self, arguments: list[str], kind: SignalType) -> str:
        text = arguments[-1]
        for argument in reversed(arguments[:-1]):
            name = f"t{next(self._numbers)}"
            there = (
                f"({name} := {argument}) == {name}"
                if kind is SignalType.NUMBER
                else f"({name} := {argument}) is not None"
            )
            text = f"({name} if {there} else {text})"
        return text


def _need_finite(strategy: Strategy) -> set[str]:
    """Number signals with tests that NaN fails by itself but an infinity might not."""
    found: set[str] = set()
    for rule in strategy.rules:
        for test in () if rule.condition is None else nodes.tests(rule.condition):
            match test:
                case Compare(operator, Signal(), Constant()) if operator is not Comparison.NE:
                    continue
                case OneOf(Signal(), _, negated=False):
                    continue
                case _:
                    found |= {value.name for value in nodes.values(test) if isinstance(value, Signal)}
    return found


def _matcher(test: Like | Matches) -> Callable[[str], object]:
    if isinstance(test, Like):
        return re.compile(patterns.like_as_regex(test.pattern), re.DOTALL).fullmatch
    return re.compile(patterns.python_form(test.pattern)).search


def _shared(conditions: list[Condition]) -> list[Value | Test]:
    """Values and pattern tests that occur more than once and are worth keeping."""
    met: Counter[Value | Test] = Counter()
    for condition in conditions:
        for test in nodes.tests(condition):
            if isinstance(test, Like | Matches):
                met[type(test)(test.value, test.pattern)] += 1
            met.update(value for value in nodes.values(test) if isinstance(value, Arithmetic | Call))
    return [shared for shared, times in met.items() if times > 1]
