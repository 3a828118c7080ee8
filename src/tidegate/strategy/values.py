"""SQL value expressions to typed trees: signals, numbers, texts, arithmetic, scalar functions.

What is not on the list here is refused by name; conditions over values are `conditions`' business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from tidegate.names import nearest, quoted
from tidegate.strategy.magnitude import magnitude
from tidegate.strategy.nodes import Arithmetic, Call, Constant, Signal, Value
from tidegate.strategy.problems import ConditionError
from tidegate.tables import SignalType

NUMBER, TEXT, BOOLEAN = SignalType.NUMBER, SignalType.TEXT, SignalType.BOOLEAN
FUNCTIONS = ("abs", "coalesce", "greatest", "least", "length", "lower", "regexp_matches")
ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
CALLS: dict[type[exp.Expr], str] = {
    exp.Abs: "abs",
    exp.Coalesce: "coalesce",
    exp.Greatest: "greatest",
    exp.Least: "least",
    exp.Length: "length",
    exp.Lower: "lower",
}
REASONS: tuple[tuple[tuple[type[exp.Expr], ...], str], ...] = (
    ((exp.Select, exp.Subquery, exp.Exists, exp.SetOperation), "subqueries are not part of the language"),
    ((exp.Cast, exp.TryCast), "casts are not part of the language; every number is a DOUBLE"),
    ((exp.Case, exp.If), "CASE is not part of the language; write one rule per case"),
    ((exp.AggFunc, exp.Window), "a condition sees one item; counts over many come from a detector"),
    (
        (exp.Mod, exp.IntDiv, exp.Pow, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor),
        "of arithmetic there is + - * /",
    ),
    ((exp.DPipe, exp.Concat), "texts cannot be joined"),
    (
        (exp.ILike, exp.SimilarTo, exp.Glob),
        "of patterns there are LIKE and regexp_matches; write lower(…) LIKE '…'",
    ),
    ((exp.NullSafeEQ, exp.NullSafeNEQ), "IS DISTINCT FROM is not part of the language; write = and IS NULL"),
    ((exp.Block, exp.Command, exp.DDL, exp.DML, exp.Drop), "only one condition can stand here"),
)


@dataclass
class Scope:
    """What names mean: signals by full name, let: numbers by name. `used` gathers the let: names met."""

    signals: Mapping[str, SignalType]
    let: Mapping[str, float]
    used: set[str] = field(default_factory=set)


def value(node: exp.Expr, scope: Scope) -> Value:
    """The typed tree of a value.

    Raises:
        ConditionError: it is not part of the language, or its types do not fit.
    """
    match node:
        case exp.Paren(this=inner):
            return value(inner, scope)
        case exp.Column():
            return _signal(node, scope)
        case exp.Placeholder():
            return _let(node, scope)
        case exp.Literal(this=text, is_string=True):
            return _text(text, node)
        case exp.Literal(this=text):
            return Constant(_number(text, node), NUMBER)
        case exp.Boolean(this=truth):
            return Constant(bool(truth), BOOLEAN)
        case exp.Null():
            return Constant(None, None)
        case exp.Neg(this=inner):
            return _negative(inner, scope)
    if type(node) in ARITHMETIC:
        return _arithmetic(node, scope)
    if type(node) in CALLS:
        return _call(node, scope)
    raise refused(node)


def typed(node: exp.Expr, scope: Scope, wanted: SignalType, place: str) -> Value:
    """The value, which must be of a type (NULL fits any)."""
    found = value(node, scope)
    if found.type not in (wanted, None):
        raise ConditionError(
            f"{place} takes a {wanted}, and {said(node)} is a {found.type}",
            f"Give it a {wanted}.",
            offset(node),
        )
    return found


def refused(node: exp.Expr) -> ConditionError:
    """Why `node` is not part of the language."""
    for kinds, reason in REASONS:
        if isinstance(node, kinds):
            return ConditionError(reason, "Say it with signals; code belongs in a detector.", offset(node))
    if isinstance(node, exp.Func) and not isinstance(node, exp.Connector):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        return ConditionError(
            f"the function '{name}' is not part of the language",
            f"{nearest(name, FUNCTIONS)}There are {', '.join(FUNCTIONS)}.",
            offset(node),
        )
    if isinstance(node, exp.Condition | exp.Predicate | exp.Not):
        return ConditionError(
            f"{said(node)} is a condition where a value is needed",
            "Compare values with = <> < <= > >=, and join conditions with AND, OR and NOT.",
            offset(node),
        )
    return ConditionError(
        f"{said(node)} is not part of the language",
        "There are comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, + - * / and a few functions.",
        offset(node),
    )


def offset(node: exp.Expr) -> int | None:
    """Where in the text the node stands: the first place that the parser kept of anything in it."""
    places = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(places, default=None)


def said(node: exp.Expr) -> str:
    """The node as an author would write it, cut to fit a line."""
    return quoted(node.sql(dialect="duckdb"))


def _signal(node: exp.Column, scope: Scope) -> Signal:
    name = ".".join(part.name for part in node.parts)
    if name in scope.signals:
        return Signal(name, scope.signals[name])
    if len(node.parts) == 1 and name in scope.let:
        remedy = f"Write :{name} for the let: number."
    elif len(node.parts) == 1 and getattr(node.this, "quoted", False):
        remedy = "Texts stand in single quotes: 'text'."
    elif name.lower() in scope.signals:
        remedy = f"Names are in small letters: {name.lower()}."
    elif len(node.parts) == 2 and name.partition(".")[0] not in (detectors := _detectors(scope)):
        detector = name.partition(".")[0]
        remedy = nearest(name, scope.signals) or (
            f"No detector '{detector}' is switched on: add [detectors.{detector}] to tidegate.toml. "
            f"Those that are: {', '.join(detectors)}."
        )
    else:
        known = ", ".join(sorted(s for s in scope.signals if s.partition(".")[0] == name.partition(".")[0]))
        remedy = nearest(name, scope.signals) or (f"This detector gives {known}." if known else "")
        remedy = remedy or "Signals are written detector.field."
    raise ConditionError(f"unknown signal {quoted(name)}", remedy.strip(), offset(node))


def _detectors(scope: Scope) -> list[str]:
    return sorted({signal.partition(".")[0] for signal in scope.signals})


def _let(node: exp.Placeholder, scope: Scope) -> Constant:
    name = node.name
    if name not in scope.let:
        raise ConditionError(
            f"unknown number ':{name}'",
            f"{nearest(name, scope.let)}Name it under let:, as in 'let: {{{name or 'limit'}: 0.5}}'.",
            offset(node),
        )
    scope.used.add(name)
    return Constant(scope.let[name], NUMBER)


def _text(text: str, node: exp.Expr) -> Constant:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ConditionError(
            "a text holds a character that databases cannot keep",
            "Take out NUL and lone surrogates.",
            offset(node),
        )
    return Constant(text, TEXT)


def _number(text: str, node: exp.Expr) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ConditionError(f"the number {text} is too large", "Stay below 1e308.", offset(node))
    return number


def _negative(inner: exp.Expr, scope: Scope) -> Value:
    operand = typed(inner, scope, NUMBER, "a minus sign")
    if isinstance(operand, Constant):
        return Constant(None if operand.value is None else -float(operand.value), NUMBER)
    return Call("negate", (operand,), NUMBER)


def _arithmetic(node: exp.Expr, scope: Scope) -> Value:
    operator = ARITHMETIC[type(node)]
    left = typed(node.this, scope, NUMBER, f"'{operator}'")
    right = typed(node.expression, scope, NUMBER, f"'{operator}'")
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(constant_arithmetic(operator, left.value, right.value), NUMBER)
    whole = Arithmetic(operator, left, right)
    if not magnitude(whole).fits():
        raise ConditionError(
            f"{said(node)} can leave the range of numbers",
            "Multiply and divide fewer signals, or divide by a constant first.",
            offset(node),
        )
    return whole


def constant_arithmetic(
    operator: str, left: float | str | bool | None, right: float | str | bool | None
) -> float | None:
    """The result as SQL gives it; None for NULL, division by zero, and what is too large for a number."""
    if left is None or right is None:
        return None
    a, b = float(left), float(right)
    result = (a / b if b else math.nan) if operator == "/" else {"+": a + b, "-": a - b, "*": a * b}[operator]
    return result if math.isfinite(result) else None


def _call(node: exp.Expr, scope: Scope) -> Value:
    name = CALLS[type(node)]
    arguments = [node.this, *node.expressions]
    if name == "coalesce":
        return _coalesce(node, arguments, scope)
    wanted = TEXT if name in ("length", "lower") else NUMBER
    inner = tuple(typed(argument, scope, wanted, f"{name}()") for argument in arguments)
    given = NUMBER if name != "lower" else TEXT
    if name in ("greatest", "least"):
        inner = tuple(argument for argument in inner if argument != Constant(None, None))
    if not inner or (len(inner) == 1 and inner[0] == Constant(None, None)):
        return Constant(None, given)
    return inner[0] if name in ("greatest", "least") and len(inner) == 1 else Call(name, inner, given)


def _coalesce(node: exp.Expr, arguments: list[exp.Expr], scope: Scope) -> Value:
    inner = [value(argument, scope) for argument in arguments]
    inner = [
        argument for argument in inner if not (isinstance(argument, Constant) and argument.value is None)
    ]
    types = {argument.type for argument in inner}
    if len(types) > 1:
        raise ConditionError(
            f"coalesce() mixes a {' and a '.join(sorted(str(t) for t in types))}",
            "Give it values of one type.",
            offset(node),
        )
    if not inner:
        return Constant(None, None)
    return inner[0] if len(inner) == 1 else Call("coalesce", tuple(inner), inner[0].type or NUMBER)
