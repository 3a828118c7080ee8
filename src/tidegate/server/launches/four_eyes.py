"""Four eyes: on the pages, a version decides only after a second person has agreed.

The section [launches] of tidegate.toml can switch this off, for a site of one person. Commands on the machine
and keys of the API act alone: whoever holds these is the operator.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tidegate.errors import RunError, Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE
from tidegate.server.launches.actions import activate
from tidegate.server.launches.models import Activation, Proposal, StrategyVersion
from tidegate.server.launches.reads import active
from tidegate.server.launches.versions import chosen
from tidegate.server.ledger.actions import Act, append, in_turn

FOUR_EYES = "four_eyes"


def four_eyes(workspace: Path | None = None) -> bool:
    """Whether a second person must agree.

    Raises:
        WorkspaceError: the section [launches] says something else than four_eyes, or not true or false.
    """
    path = (workspace or Path(settings.WORKSPACE)) / FILE
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("launches", {})
    for key, value in section.items():
        where = Where(path, field=f"launches.{key}")
        if key != FOUR_EYES:
            raise WorkspaceError(
                f"launches have no setting '{key}'",
                where=where,
                remedy=nearest(key, [FOUR_EYES]) or f"There is {FOUR_EYES}.",
            )
        if not isinstance(value, bool):
            raise WorkspaceError("this must be true or false", where=where, remedy="Write four_eyes = false.")
    return bool(section.get(FOUR_EYES, True))


def propose(name: str, number: int, reason: str, *, actor: str) -> Proposal:
    """Ask that a version may decide; a second person agrees, or does not.

    Raises:
        RunError: there is no such version, or somebody has asked for it already.
    """
    with transaction.atomic():
        in_turn()
        version = StrategyVersion.objects.filter(name=name, number=number, base=None).first()
        if version is None:
            raise RunError(f"there is no version {number} of a strategy '{name}'")
        if Proposal.objects.filter(version=version, ended_at=None).exists():
            raise RunError(
                f"somebody has asked for {name} {number} already", remedy="It waits for a second person."
            )
        made = Proposal.objects.create(version=version, reason=reason, at=timezone.now(), by=actor)
        append([_act(actor, "strategy.proposed", made, reason=reason)])
    return made


def agree(proposal: int, *, actor: str) -> StrategyVersion:
    """Let the version decide that somebody else has asked for.

    Raises:
        RunError: it is not asked for any more, or whoever agrees is whoever asked.
    """
    with transaction.atomic():
        in_turn()
        found = _open(proposal)
        if found.by == actor:
            raise RunError(
                "whoever asked cannot agree",
                remedy="Let somebody else look at it: four eyes see more than two.",
            )
        version: StrategyVersion = found.version
        _end(found, agreed=True, actor=actor)
        append([_act(actor, "strategy.agreed", found)])
        activate(version.name, version.number, actor=actor)
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


def before_now() -> StrategyVersion | None:
    """The version that people had chosen before the one that they chose last; None where there is none.

    To go back to it needs no second person: it was agreed to once, and who goes back is in a hurry.
    """
    found = active()
    if found is None:
        return None
    now = chosen(found[1])
    for activation in Activation.objects.select_related("version__base").order_by("-pk").iterator():
        if chosen(activation.version).pk != now.pk:
            return chosen(activation.version)
    return None


def _open(proposal: int) -> Proposal:
    found = Proposal.objects.select_related("version").filter(pk=proposal, ended_at=None).first()
    if found is None:
        raise RunError("nobody asks for this any more", where=Where(field="proposal"))
    return found


def _end(found: Proposal, *, agreed: bool, actor: str) -> None:
    found.ended_at, found.ended_by, found.agreed = timezone.now(), actor, agreed
    found.save(update_fields=["ended_at", "ended_by", "agreed"])


def _act(actor: str, act: str, proposal: Proposal, **details: str) -> Act:
    version = proposal.version
    subject = f"strategy:{version.name}:{version.number}"
    return Act(actor, act, "", subject, details, evidence=version.digest)
