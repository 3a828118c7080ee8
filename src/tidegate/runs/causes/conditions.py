"""A slice as a condition of a strategy, and the strategy with a rule for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tidegate.measure.causes import Predicate
from tidegate.policy.ladder import Outcome
from tidegate.strategy import Strategy
from tidegate.tables import ITEM_SIGNALS

OF_ITEM = {signal.name for signal in ITEM_SIGNALS.fields}
REVIEW = "review"


def condition(clauses: Sequence[Predicate], signals: Collection[str]) -> str | None:
    """The slice in SQL; None where a strategy cannot say it: of words, lengths, rules and versions.

    Args:
        signals: what the run recorded, by full name.
    """
    said = [_clause(clause, signals) for clause in clauses]
    known = [one for one in said if one is not None]
    return " AND ".join(known) if len(known) == len(said) else None


def _clause(clause: Predicate, signals: Collection[str]) -> str | None:
    if clause.field in OF_ITEM:
        name = f"item.{clause.field}"
    elif clause.field in signals:
        name = clause.field
    else:
        return None
    if clause.value is None:
        return f"{name} IS NULL"
    if isinstance(clause.value, bool):
        return name if clause.value else f"NOT {name}"
    if isinstance(clause.value, float):
        return f"{name} {'>=' if clause.comparison == '≥' else clause.comparison} {clause.value:g}"
    quoted = str(clause.value).replace("'", "''")
    return f"{name} = '{quoted}'"


def acting(strategy: Strategy, rule: str | None = None) -> str | None:
    """When the strategy acts: the conditions of the rules that do (or of this one), joined by OR."""
    outcomes = {action.name: action.outcome for action in strategy.ladder}
    found = [
        f"({one.when})"
        for one in strategy.rules
        if one.when is not None and outcomes[one.then] is Outcome.ACTIONED and rule in (None, one.id)
    ]
    return " OR ".join(found) if found else None


def rule_yaml(strategy: Strategy, name: str, when: str) -> str:
    """A rule that sends these items to a person, in the queue where most of the unsure ones go."""
    queues = [rule.queue for rule in strategy.rules if rule.then == REVIEW and rule.queue is not None]
    lines = [f"- id: {name}", f"  when: {_folded(when)}", f"  then: {REVIEW}"]
    return "\n".join(lines + ([f"  queue: {queues[-1]}"] if queues else []))


def with_rule(strategy: Strategy, rule: str, *, first: bool) -> str:
    """The strategy's text with the rule before all others, or before the last, which always matches."""
    lines = strategy.text.splitlines()
    at = (strategy.rules[0] if first else strategy.rules[-1]).line - 1
    while not lines[at].lstrip().startswith("-"):
        at -= 1
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    return "\n".join([*lines[:at], *(indent + line for line in rule.splitlines()), *lines[at:], ""])


def _folded(when: str) -> str:
    """YAML in double quotes: whatever a value holds stays a value."""
    escaped = when.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
