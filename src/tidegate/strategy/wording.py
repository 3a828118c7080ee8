"""Conditions in words: the SQL of a tree, with the values that an item had put in."""

from __future__ import annotations

from tidegate.strategy import nodes
from tidegate.strategy.nodes import (
    All,
    Arithmetic,
    Call,
    Compare,
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
from tidegate.strategy.truth import Known, Values

LONGEST_TEXT = 60


def condition_text(condition: Condition, values: Values | None = None) -> str:
    """SQL for the condition; with `values`, each signal is followed by what it was."""
    match condition:
        case All(parts):
            return " and ".join(_bracketed(part, values) for part in parts)
        case nodes.Any(parts):
            return " or ".join(_bracketed(part, values) for part in parts)
        case nodes.Not(part):
            return f"not ({condition_text(part, values)})"
        case Compare(operator, left, right):
            return f"{value_text(left, values)} {operator} {value_text(right, values)}"
        case IsNull(value, negated):
            return f"{value_text(value, values)} is {'not ' if negated else ''}null"
        case OneOf(value, members, negated):
            listed = ", ".join(literal(member) for member in members)
            return f"{value_text(value, values)} {'not ' if negated else ''}in ({listed})"
        case Like(value, pattern, negated):
            return f"{value_text(value, values)} {'not ' if negated else ''}like {literal(pattern)}"
        case Matches(value, pattern, negated):
            return (
                f"{'not ' if negated else ''}regexp_matches({value_text(value, values)}, {literal(pattern)})"
            )
        case Holds(value, negated):
            return f"{'not ' if negated else ''}{value_text(value, values)}"


def value_text(value: Value, values: Values | None = None) -> str:
    match value:
        case Signal(name):
            if values is None:
                return name
            return f"{name} ({literal(values[name])})" if name in values else f"{name} (not computed)"
        case Constant(constant):
            return literal(constant)
        case Arithmetic(operator, left, right):
            return f"({value_text(left, values)} {operator} {value_text(right, values)})"
        case Call("negate", (inner,)):
            return f"-{value_text(inner, values)}"
        case Call(function, arguments):
            return f"{function}({', '.join(value_text(argument, values) for argument in arguments)})"


def literal(value: Known) -> str:
    """A value as SQL has it; long texts are cut."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
        return "'" + cut.replace("'", "''") + "'"
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def _bracketed(part: Condition, values: Values | None) -> str:
    text = condition_text(part, values)
    return f"({text})" if isinstance(part, All | nodes.Any) else text
