"""What is different between two strategies, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from tidegate.strategy.model import AuditPlan, Rule, Strategy


def differences(before: Strategy, after: Strategy) -> list[str]:
    """One sentence for each number, rule and audit plan that differs, in the order of the strategies.

    Layout and comments are no difference. Rules are known by their ids.
    """
    said = []
    if before.name != after.name:
        said.append(f"The strategy is called {after.name}, not {before.name}.")
    said += _numbers(before, after)
    if before.audit != after.audit:
        said.append(f"The audit plan of rules without one: {_plan(before.audit)} → {_plan(after.audit)}.")
    return said + _rules(before.rules, after.rules)


def _numbers(before: Strategy, after: Strategy) -> list[str]:
    said = []
    for name in dict.fromkeys([*before.let, *after.let]):
        old, new = before.let.get(name), after.let.get(name)
        if old is None:
            said.append(f"There is a new number {name}: {new:g}.")
        elif new is None:
            said.append(f"The number {name} ({old:g}) is gone.")
        elif old != new:
            said.append(f"{name}: {old:g} → {new:g}.")
    return said


def _rules(before: Sequence[Rule], after: Sequence[Rule]) -> list[str]:
    old, new = {rule.id: rule for rule in before}, {rule.id: rule for rule in after}
    said = [f"The rule {rule.id} is gone: {_told(rule)}." for rule in before if rule.id not in new]
    moved = _moved([one for one in old if one in new], [one for one in new if one in old])
    for place, rule in enumerate(after):
        where = f"after {after[place - 1].id}" if place else "first of all"
        if rule.id not in old:
            said.append(f"There is a new rule {rule.id}, {where}: {_told(rule)}.")
            continue
        if rule.id in moved:
            said.append(f"The rule {rule.id} now stands {where}.")
        changes = _changes(old[rule.id], rule)
        if changes:
            said.append(f"The rule {rule.id}: {'; '.join(changes)}.")
    return said


def _moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The fewest ids that were moved, about: those outside the stretches that both have in common."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(after) - {after[block.b + step] for block in blocks for step in range(block.size)}


def _changes(old: Rule, new: Rule) -> list[str]:
    words = {
        "when": (old.when or "always", new.when or "always"),
        "then": (old.then, new.then),
        "policy": (old.policy or "none", new.policy or "none"),
        "queue": (old.queue or "none", new.queue or "none"),
        "escalate": (old.escalate or "nobody", new.escalate or "nobody"),
        "audit": (_plan(old.audit), _plan(new.audit)),
    }
    return [f"{key} {was} → {now}" for key, (was, now) in words.items() if was != now]


def _told(rule: Rule) -> str:
    return f"{f'when {rule.when}' if rule.when else 'always'} then {rule.then}"


def _plan(plan: AuditPlan) -> str:
    if plan.rate is not None:
        return f"{plan.rate:.3g} of all"
    floor = "" if plan.floor is None else f", at least {plan.floor:g}"
    return f"{plan.budget_per_day:g} a day by {plan.proportional_to}{floor}"
