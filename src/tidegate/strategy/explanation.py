"""Why one item was decided as it was, and which smallest change of a signal would have changed that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.strategy import nodes
from tidegate.strategy.border import clean_value
from tidegate.strategy.flips import Flip, flips
from tidegate.strategy.model import Rule, Strategy
from tidegate.strategy.nodes import All
from tidegate.strategy.truth import Truth, Values, first_match, truth
from tidegate.strategy.wording import condition_text

UNFLIPPED = "No change of one signal alone is known to flip it. What was never computed cannot be told."


@dataclass(frozen=True)
class Part:
    """One part of a condition that AND joins: its SQL with the item's values put in, and how it came out."""

    text: str
    result: Truth


@dataclass(frozen=True)
class Step:
    """A rule that was tried: whether it matched, None where a missing signal leaves that open.

    A rule without a condition has no tests and matches.
    """

    rule: Rule
    matched: bool | None
    tests: tuple[Part, ...]


@dataclass(frozen=True)
class Explanation:
    """What `explain` found.

    rule: the rule that decided; None where a missing signal leaves that open.
    missing: then, the detectors that its condition lacks, by name.
    steps: every rule from the first to the one that decided, or that is open.
    flips: at most one per signal; empty where nothing decided.
    """

    rule: Rule | None
    missing: tuple[str, ...]
    steps: tuple[Step, ...]
    flips: tuple[Flip, ...]

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            outcome = {True: "matches", False: "does not match", None: "cannot be told"}[step.matched]
            lines.append(f"{step.rule.id} {outcome}" + ("" if step.tests else " (every item)"))
            lines += [f"    {part.text} is {part.result}" for part in step.tests]
        if self.rule is not None:
            lines.append(f"→ {self.rule.then}, by {self.rule.id}")
        else:
            lines.append(f"→ open, for want of {', '.join(self.missing)}")
        if self.flips:
            lines.append("What would have flipped it, all else being the same:")
            lines += [f"    {flip}" for flip in self.flips]
        elif self.rule is not None:
            lines.append(UNFLIPPED)
        return "\n".join(lines)


def explain(strategy: Strategy, values: Mapping[str, object]) -> Explanation:
    """Explain the decision on an item from its values by signal; a signal that is no key was not computed.

    Keys that the strategy does not read are passed over, so that a decision's recorded `values` will do.

    Raises:
        TypeError: a value is of another type than its signal.
    """
    clean: Values = {
        name: clean_value(values[name], kind) for name, kind in strategy.types.items() if name in values
    }
    place, outcome = first_match(strategy, clean)
    steps = tuple(_step(rule, clean) for rule in strategy.rules[: place + 1])
    if outcome is Truth.TRUE:
        return Explanation(strategy.rules[place], (), steps, flips(strategy, clean))
    condition = strategy.rules[place].condition
    assert condition is not None
    absent = {signal.detector for signal in nodes.signals(condition) if signal.name not in clean}
    return Explanation(None, tuple(sorted(absent)), steps, ())


def _step(rule: Rule, values: Values) -> Step:
    if rule.condition is None:
        return Step(rule, True, ())
    parts = rule.condition.parts if isinstance(rule.condition, All) else (rule.condition,)
    outcome = truth(rule.condition, values)
    return Step(
        rule,
        None if outcome is Truth.UNKNOWN else outcome is Truth.TRUE,
        tuple(Part(condition_text(part, values), truth(part, values)) for part in parts),
    )
