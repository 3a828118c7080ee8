"""Publishing a strategy, choosing which version decides, and switching parts of it off."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.runs.bench import set_up
from tidegate.server.launches import four_eyes
from tidegate.server.launches.decider import checked, site
from tidegate.server.launches.models import Activation, Kind, StrategyVersion, Switch
from tidegate.server.launches.reads import active, switched_off
from tidegate.server.launches.versions import chosen, digest_of, store, with_switches
from tidegate.server.ledger.actions import Act, append, in_turn
from tidegate.strategy.switching import rule_ids


def publish(source: Path | str, message: str, *, actor: str, activate: bool = True) -> StrategyVersion:
    """Check a strategy, store it as a version that never changes, and let it decide from now on.

    `source` is a file, checked in the workspace that it lies in, or a text, checked in the service's own.

    Raises:
        StrategyError: it does not load; nothing is stored then.
        RunError: its newest version is the same.
        SecondPersonError: it is to decide, and a second person has to agree first; nothing is stored then.
    """
    strategy = set_up(source).strategy if isinstance(source, Path) else checked(source)
    with transaction.atomic():
        in_turn()
        published = StrategyVersion.objects.filter(name=strategy.name, base=None)
        newest = published.order_by("-number").first()
        if newest is not None and newest.digest == digest_of(strategy.text):
            raise RunError(
                f"version {newest.number} of '{strategy.name}' is this very text",
                where=Where(source if isinstance(source, Path) else None),
                remedy=f"To let it decide again: tidegate activate {strategy.name} {newest.number}.",
            )
        if activate:
            four_eyes.check(None, strategy.name)
        version = store(strategy, message, actor=actor)
        append([_act(actor, "strategy.published", version, message=message)])
        if activate:
            let_decide(version, actor)
    return version


def activate(name: str, number: int, *, actor: str) -> StrategyVersion:
    """Let a published version decide, from the next batch of items on, in every process.

    What is switched off stays off.

    Raises:
        RunError: there is no such version.
        SecondPersonError: a second person has to agree first.
    """
    site()
    with transaction.atomic():
        in_turn()
        version = StrategyVersion.objects.select_related("base").filter(name=name, number=number).first()
        if version is None:
            raise RunError(
                f"there is no version {number} of a strategy '{name}'",
                where=Where(field="version"),
                remedy="`tidegate versions` lists what was published.",
            )
        four_eyes.check(version, name)
        let_decide(version, actor)
    return version


def let_decide(version: StrategyVersion, actor: str) -> None:
    """From now on this version decides, with what is switched off. For what has been agreed to, in turn."""
    deciding = with_switches(version, switched_off(), actor=actor)
    Activation.objects.create(version=deciding, at=timezone.now(), by=actor)
    append([_act(actor, "strategy.activated", deciding)])


def switch_off(kind: Kind, name: str, reason: str, *, actor: str) -> Switch:
    """Switch a rule, a detector, a strategy or everything off, from the next batch of items on.

    It stays off, whatever is published or activated, until it is switched on again. `name` is of a rule of
    the active strategy, of a detector of the workspace or of a published strategy; empty for everything.

    Raises:
        RunError: there is nothing of this name, it is off already, or no strategy would be left.
    """
    site()  # what takes long is done before others wait
    with transaction.atomic():
        in_turn()
        strategy = _strategy_of(kind, name)
        own = "" if kind in (Kind.STRATEGY, Kind.EVERYTHING) else name
        if Switch.objects.filter(kind=kind, strategy=strategy, name=own, on_at=None).exists():
            raise RunError(
                f"{f'{kind} {name}'.strip()} is switched off already",
                remedy="`tidegate switch list` says by whom and why.",
            )
        switch = Switch.objects.create(
            kind=kind, strategy=strategy, name=own, reason=reason, off_at=timezone.now(), off_by=actor
        )
        append([Act(actor, "switch.off", "", _subject(switch), {"reason": reason})])
        _decide_anew(actor)
    return switch


def switch_on(kind: Kind, name: str, *, actor: str) -> Switch:
    """Switch on again what was switched off.

    Raises:
        RunError: it is not switched off.
    """
    site()
    with transaction.atomic():
        in_turn()
        field = {"strategy": name} if kind == Kind.STRATEGY else {"name": name}
        switch = Switch.objects.filter(kind=kind, on_at=None, **field).order_by("-pk").first()
        if switch is None:
            off = [str(one).removeprefix(f"{kind} ") for one in switched_off() if one.kind == kind]
            raise RunError(
                f"{f'{kind} {name}'.strip()} is not switched off",
                remedy=nearest(name, off) or "`tidegate switch list` tells what is.",
            )
        switch.on_at, switch.on_by = timezone.now(), actor
        switch.save(update_fields=["on_at", "on_by"])
        append([Act(actor, "switch.on", "", _subject(switch), {})])
        _decide_anew(actor)
    return switch


def _strategy_of(kind: Kind, name: str) -> str:
    """The strategy that a switch is of; raises where there is nothing to switch off."""
    if kind == Kind.EVERYTHING:
        return ""
    found = active()
    there: list[str]
    if kind == Kind.DETECTOR:
        there = sorted(site().detectors)
    elif kind == Kind.STRATEGY:
        there = sorted(set(StrategyVersion.objects.values_list("name", flat=True)))
    else:
        there = [] if found is None else rule_ids(chosen(found[1]).text)
    if name not in there:
        what = "rule of the active strategy" if kind == Kind.RULE else kind
        raise RunError(
            f"there is no {what} '{name}'",
            where=Where(field="name"),
            remedy=f"{nearest(name, there)}There are {', '.join(there) or 'none'}.",
        )
    if kind == Kind.DETECTOR:
        return ""
    if kind == Kind.STRATEGY or found is None:
        return name
    if name == there[-1]:
        raise RunError(
            f"the rule '{name}' decides whatever the others leave, so it cannot be switched off",
            where=Where(field="name"),
            remedy="Stop the strategy instead: what would be acted on then goes to people.",
        )
    return found[1].name


def _decide_anew(actor: str) -> None:
    """A new activation, by which every process sees that something was switched."""
    found = active()
    if found is not None:
        let_decide(found[1], actor)


def _act(actor: str, act: str, version: StrategyVersion, **details: str) -> Act:
    subject = f"strategy:{version.name}:{version.number}"
    return Act(actor, act, "", subject, details, evidence=version.digest)


def _subject(switch: Switch) -> str:
    return ":".join(["switch", switch.kind, *filter(None, (switch.strategy, switch.name))])
