"""Rules that can never decide: conditions that cannot be TRUE, and rules that earlier ones shadow.

Each condition is taken as an OR of conjunctions, and each conjunction as `facts` about values. What is
warned of is certain; what would need more than that (sums of signals, patterns that contain one another) is
let pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from tidegate.strategy import nodes
from tidegate.strategy.facts import Facts, Range, declared_range, facts_of
from tidegate.strategy.model import Rule
from tidegate.strategy.nodes import All, Condition, Test
from tidegate.strategy.problems import Problems
from tidegate.tables import Catalog

MOST_CONJUNCTIONS = 64
"""A condition that multiplies out to more is let pass."""


def warn(rules: tuple[Rule, ...], catalog: Catalog, problems: Problems) -> None:
    """Note a warning for each rule that can never decide."""
    ranges = {name: declared_range(field.unit) for name, field in catalog.signals.items()}
    for place, rule in enumerate(rules):
        cases = _possible(rule.condition, ranges)
        if cases is None:
            continue
        if not cases:
            problems.warn(
                f"the rule '{rule.id}' can never match, because its condition contradicts itself "
                "or asks for values that its signals never have",
                line=rule.line,
                field="when",
                remedy="Check the thresholds, or take the rule out.",
            )
            continue
        shadows = [_shadow(facts, rules[:place]) for facts in cases]
        if all(shadows):
            names = ", ".join(dict.fromkeys(f"'{earlier.id}'" for earlier in shadows if earlier))
            problems.warn(
                f"the rule '{rule.id}' is never reached, because {names} above decides all it could match",
                line=rule.line,
                field="when",
                remedy="Move it up, narrow the rule above, or take it out.",
            )


def _possible(condition: Condition | None, ranges: Mapping[str, Range]) -> list[Facts] | None:
    """The conjunctions that do not contradict themselves; None where there are too many to look at."""
    conjunctions = [()] if condition is None else _conjunctions(condition)
    if conjunctions is None:
        return None
    found = (facts_of(tests, ranges) for tests in conjunctions)
    return [facts for facts in found if facts is not None]


def _conjunctions(condition: Condition) -> list[tuple[Test, ...]] | None:
    """Disjunctive normal form."""
    match condition:
        case nodes.Any(parts):
            gathered: list[tuple[Test, ...]] = []
            for part in parts:
                inner = _conjunctions(part)
                if inner is None or len(gathered) + len(inner) > MOST_CONJUNCTIONS:
                    return None
                gathered += inner
            return gathered
        case All(parts):
            crossed: list[tuple[Test, ...]] = [()]
            for part in parts:
                inner = _conjunctions(part)
                if inner is None or len(crossed) * len(inner) > MOST_CONJUNCTIONS:
                    return None
                crossed = [left + right for left, right in product(crossed, inner)]
            return crossed
        case nodes.Not():
            raise ValueError("conditions are in normal form here")
        case _:
            return [(condition,)]


def _shadow(facts: Facts, earlier: tuple[Rule, ...]) -> Rule | None:
    """The first earlier rule that matches whenever the facts hold."""
    return next((rule for rule in earlier if rule.condition is None or _implied(facts, rule.condition)), None)


def _implied(facts: Facts, condition: Condition) -> bool:
    match condition:
        case All(parts):
            return all(_implied(facts, part) for part in parts)
        case nodes.Any(parts):
            return any(_implied(facts, part) for part in parts)
        case nodes.Not():
            raise ValueError("conditions are in normal form here")
        case _:
            return facts.imply(condition)
