"""Versions stored: those that people publish, and those that switches make of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.db.models import Max
from django.utils import timezone

from tidegate.server.launches.decider import checked, site
from tidegate.server.launches.models import Kind, StrategyVersion, Switch
from tidegate.strategy import Strategy
from tidegate.strategy.switching import rule_ids, without_acts, without_rules

STOPS = (Kind.STRATEGY, Kind.EVERYTHING)


def store(
    strategy: Strategy, message: str, *, actor: str, base: StrategyVersion | None = None
) -> StrategyVersion:
    """A new version, with the next number of its name."""
    highest = StrategyVersion.objects.filter(name=strategy.name).aggregate(Max("number"))["number__max"]
    return StrategyVersion.objects.create(
        name=strategy.name,
        number=(highest or 0) + 1,
        label=strategy.label,
        text=strategy.text,
        digest=digest_of(strategy.text),
        message=message,
        published_at=timezone.now(),
        published_by=actor,
        base=base,
    )


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def chosen(version: StrategyVersion) -> StrategyVersion:
    """What people published and chose, whatever switches have made of it."""
    return version.base or version


def with_switches(version: StrategyVersion, off: Sequence[Switch], *, actor: str) -> StrategyVersion:
    """The version as it decides while these are off: itself, or one that is made of it.

    Switches of other strategies, of rules that this version does not have, and of the rule that is its last
    (which decides what the others leave) change nothing.

    Raises:
        StrategyError: what is left of it is no strategy.
    """
    base = chosen(version)
    touching = [switch for switch in off if switch.strategy in ("", base.name)]
    known = set(rule_ids(base.text)[:-1])
    rules = {switch.name for switch in touching if switch.kind == Kind.RULE} & known
    stopped = any(switch.kind in STOPS for switch in touching)
    text = without_rules(base.text, rules) if rules else base.text
    text = without_acts(text, site().workspace.ladder) if stopped else text
    if text == base.text:
        return base
    made = base.switched.filter(digest=digest_of(text)).first()
    return made or store(checked(text), _told(base, rules, stopped), actor=actor, base=base)


def _told(base: StrategyVersion, rules: set[str], stopped: bool) -> str:
    off = [f"rule {rule}" for rule in rule_ids(base.text) if rule in rules] + ["all that acts"] * stopped
    return f"version {base.number} with {', '.join(off)} switched off"
