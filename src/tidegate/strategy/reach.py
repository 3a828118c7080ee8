"""Rules that can never decide: conditions that cannot be TRUE, and rules that earlier ones shadow."""

from __future__ import annotations

from tidegate.strategy.model import Rule
from tidegate.strategy.problems import Problems
from tidegate.tables import Catalog


def warn(rules: tuple[Rule, ...], catalog: Catalog, problems: Problems) -> None:
    for number, rule in enumerate(rules[:-1]):
        if rule.condition is None:
            problems.warn("x", line=rules[number + 1].line, field="when", remedy="y")
