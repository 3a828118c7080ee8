"""Conditions as sqlglot trees, for every SQL dialect.

A condition in normal form may be NULL in SQL where it is not TRUE; CASE WHEN and WHERE read both alike.
"""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase

from sqlglot import exp

from tidegate.strategy import nodes
from tidegate.strategy.magnitude import LARGEST, SMALLEST
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
    Value,
)

COMPARISONS: dict[Comparison, type[exp.Binary]] = {
    Comparison.EQ: exp.EQ,
    Comparison.NE: exp.NEQ,
    Comparison.LT: exp.LT,
    Comparison.LE: exp.LTE,
    Comparison.GT: exp.GT,
    Comparison.GE: exp.GTE,
}
ARITHMETIC: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul, "/": exp.Div}
EXACT_DIGITS = 15
"""Engines may round longer plain decimals on the way from DECIMAL to DOUBLE; an exponent avoids that."""

Column = Callable[[str], exp.Expr]
"""How a signal's full name becomes a column reference."""


def quoted_column(name: str) -> exp.Expr:
    return exp.column(exp.to_identifier(name, quoted=True))


def condition_sql(condition: Condition, column: Column = quoted_column) -> exp.Expr:
    """The condition as a sqlglot tree over columns that are border-clean."""
    match condition:
        case All(parts):
            return exp.and_(*(condition_sql(part, column) for part in parts), copy=False)
        case nodes.Any(parts):
            return exp.or_(*(condition_sql(part, column) for part in parts), copy=False)
        case nodes.Not():
            raise ValueError("conditions are in normal form here")
        case _:
            return _test(condition, column)


def number_literal(number: float) -> exp.Expr:
    """A literal that every engine reads as exactly this double."""
    text = repr(number)
    if text.endswith(".0") and len(text) <= EXACT_DIGITS:
        text = text[:-2]
    elif "e" not in text and sum(char.isdigit() for char in text) > EXACT_DIGITS:
        text += "e0"
    return exp.Literal.number(text)


def _test(test: nodes.Test, column: Column) -> exp.Expr:
    match test:
        case Compare(operator, left, right):
            return COMPARISONS[operator](this=_operand(left, column), expression=_operand(right, column))
        case IsNull(value, negated):
            tree: exp.Expr = exp.Is(this=_operand(value, column), expression=exp.Null())
        case OneOf(value, members, negated):
            literals = [_constant(member) for member in members]
            tree = exp.In(this=_operand(value, column), expressions=literals)
        case Like(value, pattern, negated):
            tree = exp.Like(this=_operand(value, column), expression=exp.Literal.string(pattern))
        case Matches(value, pattern, negated):
            tree = exp.RegexpLike(this=_operand(value, column), expression=exp.Literal.string(pattern))
        case Holds(value, negated):
            tree = value_sql(value, column)
    return exp.not_(tree, copy=False) if negated else tree


def value_sql(value: Value, column: Column, *, guarded: bool = False) -> exp.Expr:
    """The value as a sqlglot tree; `guarded` bounds the size of signals, which arithmetic needs."""
    match value:
        case Signal(name):
            return _bounded(column(name)) if guarded else column(name)
        case Constant(constant):
            return _constant(constant)
        case Arithmetic(operator, left, right):
            return _arithmetic(operator, left, right, column)
        case Call(function, arguments):
            bounded = guarded and function not in ("length", "lower")
            return _call(function, [value_sql(argument, column, guarded=bounded) for argument in arguments])


def _operand(value: Value, column: Column) -> exp.Expr:
    return _wrapped(value_sql(value, column))


def _wrapped(tree: exp.Expr) -> exp.Expr:
    return exp.Paren(this=tree) if isinstance(tree, exp.Binary | exp.Neg) else tree


def _constant(constant: float | str | bool | None) -> exp.Expr:
    if constant is None:
        return exp.Null()
    if isinstance(constant, bool):
        return exp.Boolean(this=constant)
    return exp.Literal.string(constant) if isinstance(constant, str) else number_literal(constant)


def _bounded(tree: exp.Expr) -> exp.Expr:
    size = exp.Abs(this=tree)
    in_range = (
        exp.Case()
        .when(exp.GTE(this=size.copy(), expression=exp.Literal.number(repr(SMALLEST))), tree.copy())
        .else_(exp.Literal.number("0"))
    )
    return exp.Case().when(exp.LTE(this=size, expression=exp.Literal.number(repr(LARGEST))), in_range)


def _arithmetic(operator: str, left: Value, right: Value, column: Column) -> exp.Expr:
    this = _wrapped(value_sql(left, column, guarded=True))
    other = _wrapped(value_sql(right, column, guarded=True))
    if operator == "/":
        other = exp.Nullif(this=other, expression=exp.Literal.number("0"))
        # typed: the operands are doubles, so that no dialect needs a cast; safe: NULLIF already guards.
        return exp.Div(this=this, expression=other, typed=True, safe=False)
    return ARITHMETIC[operator](this=this, expression=other)


def _call(function: str, arguments: list[exp.Expr]) -> exp.Expr:
    first, rest = arguments[0], arguments[1:]
    match function:
        case "abs":
            return exp.Abs(this=first)
        case "negate":
            return exp.Neg(this=_wrapped(first))
        case "length":
            return exp.Length(this=first)
        case "lower":
            letters = [exp.Literal.string(ascii_uppercase), exp.Literal.string(ascii_lowercase)]
            return exp.Anonymous(this="TRANSLATE", expressions=[first, *letters])
        case "coalesce":
            return exp.Coalesce(this=first, expressions=rest)
        case "greatest":
            return exp.Greatest(this=first, expressions=rest, ignore_nulls=True)
        case _:
            return exp.Least(this=first, expressions=rest, ignore_nulls=True)
