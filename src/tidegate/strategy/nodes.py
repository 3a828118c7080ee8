"""Conditions as typed trees: what the language can say, and nothing else.

Every evaluator (row, column, SQL) and every check walks these nodes. NOT does not occur: `normal_form`
pushes it down to the tests, which is exact in three-valued logic, because a rule only asks whether its
condition is TRUE. Above its tests, a condition in normal form only asks which of them are TRUE.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tidegate.tables import SignalType


class Comparison(StrEnum):
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="

    @property
    def negated(self) -> Comparison:
        return _NEGATED[self]

    @property
    def mirrored(self) -> Comparison:
        """The comparison with its sides exchanged."""
        return _MIRRORED[self]


_NEGATED = {
    Comparison.EQ: Comparison.NE,
    Comparison.NE: Comparison.EQ,
    Comparison.LT: Comparison.GE,
    Comparison.GE: Comparison.LT,
    Comparison.GT: Comparison.LE,
    Comparison.LE: Comparison.GT,
}
_MIRRORED = {
    Comparison.EQ: Comparison.EQ,
    Comparison.NE: Comparison.NE,
    Comparison.LT: Comparison.GT,
    Comparison.GT: Comparison.LT,
    Comparison.LE: Comparison.GE,
    Comparison.GE: Comparison.LE,
}


# --- values -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signal:
    """`detector.field`."""

    name: str
    type: SignalType

    @property
    def detector(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Constant:
    """A literal, or a let: number put in its place. `value` None is NULL."""

    value: float | str | bool | None
    type: SignalType | None


@dataclass(frozen=True)
class Arithmetic:
    """`left operator right` over numbers, operator one of + - * /."""

    operator: str
    left: Value
    right: Value
    type: SignalType = SignalType.NUMBER


@dataclass(frozen=True)
class Call:
    """One of the scalar functions: lower, length, abs, negate, coalesce, greatest, least."""

    function: str
    arguments: tuple[Value, ...]
    type: SignalType


Value = Signal | Constant | Arithmetic | Call


# --- tests: TRUE or not ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    operator: Comparison
    left: Value
    right: Value


@dataclass(frozen=True)
class IsNull:
    value: Value
    negated: bool = False


@dataclass(frozen=True)
class OneOf:
    """`value IN (…)`; the members are constants of the value's type, never NULL."""

    value: Value
    members: tuple[float | str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Like:
    """% stands for any text, _ for one character; there is no escape character."""

    value: Value
    pattern: str
    negated: bool = False


@dataclass(frozen=True)
class Matches:
    """`regexp_matches(value, pattern)`: the pattern, in the portable subset, occurs somewhere in the text."""

    value: Value
    pattern: str
    negated: bool = False


@dataclass(frozen=True)
class Holds:
    """A boolean value as a test: TRUE (or, negated, FALSE). NULL holds neither way."""

    value: Value
    negated: bool = False


Test = Compare | IsNull | OneOf | Like | Matches | Holds


# --- conditions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class All:
    """AND of two or more."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any:
    """OR of two or more."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """Only before `normal_form`."""

    part: Condition


Condition = All | Any | Not | Test


def normal_form(condition: Condition, *, negate: bool = False) -> Condition:
    """The same condition with every NOT pushed into the tests (De Morgan's laws hold in SQL's logic)."""
    match condition:
        case Not(part):
            return normal_form(part, negate=not negate)
        case All(parts) | Any(parts):
            inner = tuple(normal_form(part, negate=negate) for part in parts)
            conjunction = isinstance(condition, All) is not negate
            return _flat(All, inner) if conjunction else _flat(Any, inner)
        case Compare(operator, left, right):
            return _apart(Compare(operator.negated if negate else operator, left, right))
        case IsNull(value, negated):
            return IsNull(value, negated is not negate)
        case OneOf(value, members, negated):
            return OneOf(value, members, negated is not negate)
        case Like(value, pattern, negated):
            return Like(value, pattern, negated is not negate)
        case Matches(value, pattern, negated):
            return Matches(value, pattern, negated is not negate)
        case Holds(value, negated):
            return Holds(value, negated is not negate)


def _apart(test: Compare) -> Condition:
    """A comparison that is TRUE as soon as one argument makes it so, as what it is: a choice of tests.

    The cascade can then settle it by the cheaper detector alone. greatest(a, b) >= c is a >= c OR b >= c, and
    coalesce(a, b) >= c is a >= c OR (a IS NULL AND b >= c); both are TRUE for the same rows.
    """
    if len(detectors(test)) < 2:
        return test
    match test:
        case Compare(operator, Constant() as left, Call() as right):
            return _apart(Compare(operator.mirrored, right, left))
        case Compare(
            Comparison.GE | Comparison.GT as operator, Call("greatest", arguments), Constant() as right
        ) | Compare(Comparison.LE | Comparison.LT as operator, Call("least", arguments), Constant() as right):
            asked = [argument for argument in arguments if not isinstance(argument, Constant)]
            if len(asked) < len(arguments):
                return test
            return _any(_apart(Compare(operator, argument, right)) for argument in asked)
        case Compare(
            operator, Call("coalesce", (Signal() as first, second, *more), kind), Constant() as right
        ):
            rest = Call("coalesce", (second, *more), kind) if more else second
            if isinstance(rest, Constant):
                return test
            later = _flat(All, (IsNull(first), _apart(Compare(operator, rest, right))))
            return _any([_apart(Compare(operator, first, right)), later])
        case _:
            return test


def _any(parts: Iterable[Condition]) -> Condition:
    listed = tuple(parts)
    return listed[0] if len(listed) == 1 else _flat(Any, listed)


def _flat(kind: type[All] | type[Any], parts: tuple[Condition, ...]) -> Condition:
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    return kind(tuple(flat))


def tests(condition: Condition) -> Iterator[Test]:
    """Every test of a condition, from left to right."""
    match condition:
        case All(parts) | Any(parts):
            for part in parts:
                yield from tests(part)
        case Not(part):
            yield from tests(part)
        case _:
            yield condition


def values(test: Test) -> Iterator[Value]:
    """Every value of a test, outermost first."""
    pending: list[Value] = [test.left, test.right] if isinstance(test, Compare) else [test.value]
    while pending:
        value = pending.pop(0)
        yield value
        match value:
            case Arithmetic(_, left, right):
                pending += [left, right]
            case Call(_, arguments):
                pending += arguments
            case _:
                pass


def depth(condition: Condition) -> int:
    """How many levels a condition has, its values included."""
    match condition:
        case All(parts) | Any(parts):
            return 1 + max(depth(part) for part in parts)
        case Not(part):
            return 1 + depth(part)
        case Compare(_, left, right):
            return 1 + max(_value_depth(left), _value_depth(right))
        case _:
            return 1 + _value_depth(condition.value)


def _value_depth(value: Value) -> int:
    match value:
        case Arithmetic(_, left, right):
            return 1 + max(_value_depth(left), _value_depth(right))
        case Call(_, arguments):
            return 1 + max(_value_depth(argument) for argument in arguments)
        case _:
            return 1


def signals(condition: Condition) -> frozenset[Signal]:
    """The signals that a condition reads."""
    return frozenset(v for test in tests(condition) for v in values(test) if isinstance(v, Signal))


def detectors(condition: Condition) -> frozenset[str]:
    """The detectors whose signals a condition reads."""
    return frozenset(signal.detector for signal in signals(condition))


TRUE: Condition = Holds(Constant(True, SignalType.BOOLEAN))
"""What always matches."""
