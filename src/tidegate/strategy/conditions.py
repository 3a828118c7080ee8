"""SQL conditions to typed trees in normal form, with every error placed in the text.

sqlglot parses; what it finds is admitted node by node, so that what the language does not name cannot slip
in.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp

from tidegate.strategy import nodes, patterns
from tidegate.strategy.nodes import (
    All,
    Compare,
    Comparison,
    Condition,
    Constant,
    Holds,
    IsNull,
    Like,
    Matches,
    Not,
    OneOf,
    Value,
)
from tidegate.strategy.problems import ConditionError
from tidegate.strategy.values import BOOLEAN, NUMBER, TEXT, Scope, offset, said, typed, value

COMPARISONS: dict[type[exp.Expr], Comparison] = {
    exp.EQ: Comparison.EQ,
    exp.NEQ: Comparison.NE,
    exp.LT: Comparison.LT,
    exp.LTE: Comparison.LE,
    exp.GT: Comparison.GT,
    exp.GTE: Comparison.GE,
}
LONGEST = 20_000
DEEPEST = 40
"""Levels of brackets; generated code nests as deep, and Python's own parser stops at 100."""


def parse(text: str) -> exp.Expr:
    """SQL to sqlglot's tree.

    Raises:
        ConditionError: it is no SQL, or too long or too deep to be meant.
    """
    if len(text) > LONGEST:
        raise ConditionError(
            f"the condition is longer than {LONGEST:,} characters", "Split it into several rules.", None
        )
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        found = error.errors[0] if error.errors else {}
        raise ConditionError(
            _syntax(found), "Check brackets, quotes and the operators around it.", _offset(text, found)
        ) from None
    except sqlglot.errors.TokenError:
        raise ConditionError(
            "a quote or comment is not closed", "Close it: texts stand in 'single quotes'."
        ) from None
    except RecursionError:
        raise ConditionError("the condition is nested too deeply", "Split it into several rules.") from None
    return tree


def condition(text: str, scope: Scope) -> Condition:
    """The condition in normal form.

    Raises:
        ConditionError: it is no SQL, not part of the language, or its types do not fit.
    """
    tree = parse(text)
    try:
        whole = nodes.normal_form(_condition(tree, scope))
        depth = nodes.depth(whole)
    except RecursionError:
        depth = DEEPEST + 1
    if depth > DEEPEST:
        raise ConditionError("the condition is nested too deeply", "Split it into several rules.")
    return whole


def _condition(node: exp.Expr, scope: Scope) -> Condition:
    if isinstance(node, exp.And | exp.Or):
        parts = tuple(_condition(part, scope) for part in node.flatten())
        return All(parts) if isinstance(node, exp.And) else nodes.Any(parts)
    if type(node) in COMPARISONS:
        return _compare(node, scope)
    reader = READERS.get(type(node), _holds)
    found = reader(node, scope)
    return Not(found) if node.args.get("negate") else found


def _compare(node: exp.Expr, scope: Scope) -> Condition:
    operator = COMPARISONS[type(node)]
    left, right = value(node.this, scope), value(node.expression, scope)
    return _comparison(node, operator, left, right)


def _comparison(node: exp.Expr, operator: Comparison, left: Value, right: Value) -> Condition:
    if _is_null_literal(left) or _is_null_literal(right):
        raise ConditionError(
            f"{said(node)} can never be TRUE, because nothing equals NULL",
            "Write IS NULL or IS NOT NULL.",
            offset(node),
        )
    if left.type != right.type:
        raise ConditionError(
            f"{said(node)} compares a {left.type} to a {right.type}",
            "Numbers stand bare, texts in single quotes; compare like with like.",
            offset(node),
        )
    if left.type is BOOLEAN:
        if operator not in (Comparison.EQ, Comparison.NE):
            raise ConditionError(
                f"{said(node)} orders booleans",
                "Write the signal itself, or NOT and the signal.",
                offset(node),
            )
        constant, other = (left, right) if isinstance(left, Constant) else (right, left)
        if isinstance(constant, Constant):
            return Holds(other, negated=bool(constant.value) is not (operator is Comparison.EQ))
    if isinstance(left, Constant) and not isinstance(right, Constant):
        return Compare(operator.mirrored, right, left)
    return Compare(operator, left, right)


def _is_null_literal(found: Value) -> bool:
    return isinstance(found, Constant) and found.value is None


def _is_null(node: exp.Is, scope: Scope) -> Condition:
    if not isinstance(node.expression, exp.Null):
        raise ConditionError(
            f"{said(node)} is not part of the language",
            "Write IS NULL or IS NOT NULL; a boolean signal stands by itself.",
            offset(node),
        )
    return IsNull(value(node.this, scope))


def _one_of(node: exp.In, scope: Scope) -> Condition:
    if not node.expressions:
        raise ConditionError("IN needs a list of values", "Write IN ('a', 'b') or IN (1, 2).", offset(node))
    tested = value(node.this, scope)
    compared = []
    for member in node.expressions:
        found = value(member, scope)
        if _is_null_literal(found):
            raise ConditionError(
                "NULL in a list never matches", "Take it out and add OR … IS NULL.", offset(node)
            )
        compared.append(_comparison(node, Comparison.EQ, tested, found))
    members = [
        test.right.value
        for test in compared
        if isinstance(test, Compare) and isinstance(test.right, Constant) and test.left == tested
    ]
    if len(members) == len(compared) and tested.type in (NUMBER, TEXT) and not isinstance(tested, Constant):
        return OneOf(tested, tuple(m for m in dict.fromkeys(members) if isinstance(m, float | str)))
    return nodes.Any(tuple(compared)) if len(compared) > 1 else compared[0]


def _between(node: exp.Between, scope: Scope) -> Condition:
    if node.args.get("symmetric"):
        raise ConditionError(
            "BETWEEN SYMMETRIC is not part of the language", "Write BETWEEN low AND high.", offset(node)
        )
    tested = value(node.this, scope)
    low, high = value(node.args["low"], scope), value(node.args["high"], scope)
    return All(
        (_comparison(node, Comparison.GE, tested, low), _comparison(node, Comparison.LE, tested, high))
    )


def _like(node: exp.Like, scope: Scope) -> Condition:
    pattern = _pattern(node, "LIKE")
    return Like(typed(node.this, scope, TEXT, "LIKE"), _checked(patterns.like, pattern, node))


def _matches(node: exp.RegexpLike, scope: Scope) -> Condition:
    if node.args.get("flag") is not None:
        raise ConditionError(
            "regexp_matches() takes no flags", "For upper and lower case alike, match lower(…).", offset(node)
        )
    pattern = _pattern(node, "regexp_matches()")
    tested = typed(node.this, scope, TEXT, "regexp_matches()")
    return Matches(tested, _checked(patterns.portable, pattern, node))


def _pattern(node: exp.Expr, place: str) -> str:
    literal = node.expression
    if not (isinstance(literal, exp.Literal) and literal.is_string):
        raise ConditionError(
            f"{place} needs a pattern in single quotes",
            "Patterns are fixed, so that they can be checked.",
            offset(node),
        )
    return str(literal.this)


def _checked(check: Callable[[str], str], pattern: str, node: exp.Expr) -> str:
    try:
        return check(pattern)
    except patterns.PatternError as error:
        raise ConditionError(
            f"the pattern {pattern!r} does not mean the same everywhere: {error}", error.remedy, offset(node)
        ) from None


def _holds(node: exp.Expr, scope: Scope) -> Condition:
    found = value(node, scope)
    if found.type is BOOLEAN:
        return Holds(found)
    if _is_null_literal(found):
        return Holds(Constant(None, BOOLEAN))
    raise ConditionError(
        f"{said(node)} is a {found.type}, and a condition is TRUE or FALSE",
        "Compare it to something, such as >= 0.9.",
        offset(node),
    )


def _bracketed(node: exp.Paren, scope: Scope) -> Condition:
    return _condition(node.this, scope)


def _negation(node: exp.Not, scope: Scope) -> Condition:
    return Not(_condition(node.this, scope))


READERS: dict[type[exp.Expr], Callable[..., Condition]] = {
    exp.Paren: _bracketed,
    exp.Not: _negation,
    exp.Is: _is_null,
    exp.In: _one_of,
    exp.Between: _between,
    exp.Like: _like,
    exp.RegexpLike: _matches,
}


def _syntax(found: dict[str, object]) -> str:
    near = str(found.get("highlight") or "").strip()
    return f"this is no SQL condition, from {near!r} on" if near else "this is no SQL condition"


def _offset(text: str, found: dict[str, object]) -> int | None:
    line, col, near = found.get("line"), found.get("col"), str(found.get("highlight") or "")
    if not isinstance(line, int) or not isinstance(col, int):
        return None
    before = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
    return max(0, before + col - len(near))
