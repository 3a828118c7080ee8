"""The let: numbers: plain numbers, or arithmetic over one another, worked out once at load time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from tidegate.names import nearest, quoted
from tidegate.strategy.conditions import parse
from tidegate.strategy.nodes import Constant
from tidegate.strategy.problems import ConditionError, Problems
from tidegate.strategy.values import NUMBER, Scope, typed


@dataclass(frozen=True)
class Definition:
    """One entry of let: as written."""

    name: str
    text: str
    line: int


def evaluate(
    definitions: Mapping[str, Definition], overrides: Mapping[str, float], problems: Problems
) -> tuple[dict[str, float], set[str]]:
    """The numbers by name, in the order of their definition, and the names that other definitions use.

    What cannot be worked out is noted and becomes 0, so that checking can go on.
    """
    _check_overrides(definitions, overrides, problems)
    trees: dict[str, exp.Expr | None] = {}
    for name, definition in definitions.items():
        trees[name] = None if name in overrides else _parsed(definition, problems)
    known: dict[str, float] = {name: float(overrides[name]) for name in definitions if name in overrides}
    used: set[str] = set()
    for name in _in_order(definitions, trees, problems):
        if name not in known:
            known[name] = _worked_out(definitions[name], trees[name], known, definitions, used, problems)
    return {name: known.get(name, 0.0) for name in definitions}, used


def _check_overrides(
    definitions: Mapping[str, Definition], overrides: Mapping[str, float], problems: Problems
) -> None:
    for name, number in overrides.items():
        if name not in definitions:
            problems.error(
                f"there is no let: number {quoted(name)} to set",
                field="let",
                remedy=f"{nearest(name, definitions)}The file names {', '.join(definitions) or 'none'}.",
            )
        elif isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            problems.error(
                f"let: {name} cannot be set to {number!r}", field="let", remedy="Give a finite number."
            )


def _parsed(definition: Definition, problems: Problems) -> exp.Expr | None:
    try:
        return parse(definition.text)
    except ConditionError as error:
        problems.error(
            f"let: {definition.name} is neither a number nor arithmetic: {error.what}",
            line=definition.line,
            field=f"let.{definition.name}",
            remedy="Write a number such as 0.9, or ':other - 0.1'.",
        )
        return None


def _in_order(
    definitions: Mapping[str, Definition], trees: Mapping[str, exp.Expr | None], problems: Problems
) -> Iterator[str]:
    """Names, each after those it needs (depth first); members of a cycle are noted once."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            cycle = [*path[path.index(name) :], name]
            problems.error(
                f"let: {' → '.join(cycle)} is a circle",
                line=definitions[name].line,
                field=f"let.{name}",
                remedy="Give one of them a plain number.",
            )
            done.update(cycle)
            return
        tree = trees[name]
        for needed in () if tree is None else sorted({p.name for p in tree.find_all(exp.Placeholder)}):
            if needed in definitions and needed not in done:
                yield from visit(needed, (*path, name))
        if name not in done:
            done.add(name)
            yield name

    for name in definitions:
        if name not in done:
            yield from visit(name, ())


def _worked_out(
    definition: Definition,
    tree: exp.Expr | None,
    known: dict[str, float],
    definitions: Mapping[str, Definition],
    used: set[str],
    problems: Problems,
) -> float:
    if tree is None:
        return 0.0
    scope = Scope({}, {name: known.get(name, 0.0) for name in definitions})
    try:
        found = typed(tree, scope, NUMBER, "let:")
        if not isinstance(found, Constant) or found.value is None:
            raise ConditionError("it comes to no number", "Check for a division by zero.")
    except ConditionError as error:
        problems.error(
            f"let: {definition.name} cannot be worked out: {error.what}",
            line=definition.line,
            field=f"let.{definition.name}",
            remedy=error.remedy,
        )
        return 0.0
    used |= scope.used
    return float(found.value)
