"""A strategy with parts of it switched off, as the text of another strategy.

What decides is then still a strategy that is stored whole, so that its decisions are explained, measured and
replayed like any others. The texts keep every word of what stays; comments are lost.
"""

from __future__ import annotations

from collections.abc import Collection

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tidegate.policy.ladder import Ladder, Outcome

STOPPED = "stopped"
"""The queue of what would have been acted on, where the rule names none."""


def rule_ids(text: str) -> list[str]:
    """The ids of the rules of a strategy that has been checked, in their order."""
    return [_value(rule, "id") or "" for rule in _rules(_composed(text)).value]


def without_rules(text: str, ids: Collection[str]) -> str:
    """The strategy as if these rules were not there: the next one that matches decides."""
    root = _composed(text)
    rules = _rules(root)
    rules.value = [rule for rule in rules.value if _value(rule, "id") not in ids]
    return _written(root)


def without_acts(text: str, ladder: Ladder) -> str:
    """The strategy with every rule that acts sending its items to people instead; the others stay."""
    root = _composed(text)
    acting = ladder.with_outcome(Outcome.ACTIONED)
    for rule in _rules(root).value:
        if _value(rule, "then") in acting:
            _set(rule, "then", ladder.review)
            if _value(rule, "queue") is None:
                _set(rule, "queue", STOPPED)
    return _written(root)


def _composed(text: str) -> MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, MappingNode)
    return root


def _written(root: Node) -> str:
    return str(yaml.serialize(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=100))


def _rules(root: MappingNode) -> SequenceNode:
    found = next(value for key, value in root.value if key.value == "rules")
    assert isinstance(found, SequenceNode)
    return found


def _value(rule: MappingNode, key: str) -> str | None:
    for one, value in rule.value:
        if one.value == key:
            return str(value.value)
    return None


def _set(rule: MappingNode, key: str, word: str) -> None:
    value = ScalarNode("tag:yaml.org,2002:str", word)
    places = [place for place, (one, _) in enumerate(rule.value) if one.value == key]
    if places:
        rule.value[places[0]] = (rule.value[places[0]][0], value)
    else:
        rule.value.append((ScalarNode("tag:yaml.org,2002:str", key), value))
