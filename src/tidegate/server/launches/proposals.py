"""Asking that a version may decide, and what a second person says: yes or no; or it is taken back.

When a second person is needed is said in `four_eyes`.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.server.launches.actions import let_decide
from tidegate.server.launches.decider import site
from tidegate.server.launches.models import Proposal, StrategyVersion
from tidegate.server.ledger.actions import Act, append, in_turn
from tidegate.server.ledger.models import Entry
from tidegate.server.zones.scope import EVERYWHERE, within


def propose(name: str, number: int, reason: str, *, actor: str) -> Proposal:
    """Ask that a version may decide; a second person agrees, or does not.

    Raises:
        RunError: there is no such version, or somebody has asked for it already.
    """
    with transaction.atomic():
        in_turn()
        version = StrategyVersion.objects.filter(name=name, number=number, base=None).first()
        if version is None:
            raise RunError(
                f"there is no version {number} of a strategy '{name}' that was published",
                where=Where(field="version"),
                remedy="`tidegate versions` lists what was published.",
            )
        if Proposal.objects.filter(version=version, ended_at=None).exists():
            raise RunError(
                f"somebody has asked for {name} {number} already",
                where=Where(field="version"),
                remedy="It waits for a second person.",
            )
        made = Proposal.objects.create(version=version, reason=reason, at=timezone.now(), by=actor)
        append([_act(actor, "strategy.proposed", made, reason=reason)])
    return made


def agree(proposal: int, *, actor: str) -> StrategyVersion:
    """Let the version decide that somebody else has asked for. Whoever calls has seen that they may agree.

    Raises:
        RunError: it is not asked for any more, or whoever agrees is whoever asked.
    """
    site()  # what takes long is done before others wait
    with transaction.atomic():
        in_turn()
        found = _open(proposal)
        if actor in (found.by, _maker(found.by)):
            raise RunError(
                "whoever asked cannot agree",
                where=Where(field="proposal"),
                remedy="Let somebody else look at it: four eyes see more than two.",
            )
        version: StrategyVersion = found.version
        _end(found, agreed=True, actor=actor)
        append([_act(actor, "strategy.agreed", found)])
        let_decide(version, actor)
    return version


def decline(proposal: int, reason: str, *, actor: str) -> Proposal:
    """Say no to what somebody asked for, or take back what one has asked for oneself.

    Raises:
        RunError: it is not asked for any more.
    """
    with transaction.atomic():
        in_turn()
        found = _open(proposal)
        _end(found, agreed=False, actor=actor)
        append([_act(actor, "strategy.declined", found, reason=reason)])
    return found


def waiting() -> list[Proposal]:
    """What waits for a second person, oldest first."""
    return list(Proposal.objects.filter(ended_at=None).select_related("version").order_by("pk"))


def _open(proposal: int) -> Proposal:
    found = Proposal.objects.select_related("version").filter(pk=proposal, ended_at=None).first()
    if found is None:
        raise RunError("nobody asks for this any more", where=Where(field="proposal"))
    return found


def _maker(actor: str) -> str | None:
    """Who made the key that acts: nobody is a second person to their own key."""
    if not actor.startswith("key:"):
        return None
    with within(EVERYWHERE):  # whoever agrees may not be cleared for the key's zone, or not any more
        made = Entry.objects.filter(act="key.made", subject=actor).order_by("pk").first()
    return None if made is None else made.actor


def _end(found: Proposal, *, agreed: bool, actor: str) -> None:
    found.ended_at, found.ended_by, found.agreed = timezone.now(), actor, agreed
    found.save(update_fields=["ended_at", "ended_by", "agreed"])


def _act(actor: str, act: str, proposal: Proposal, **details: str) -> Act:
    version = proposal.version
    subject = f"strategy:{version.name}:{version.number}"
    return Act(actor, act, "", subject, details, evidence=version.digest)
