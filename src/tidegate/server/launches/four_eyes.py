"""Four eyes: whether a version may decide by one person's word, however they ask for it.

`actions` asks here before anything decides, so that pages, the API and commands follow one rule. The section
[launches] of tidegate.toml can switch it off, for a site of one person.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tidegate.errors import RunError, Where
from tidegate.runs.section import section
from tidegate.server.launches.models import Activation, StrategyVersion
from tidegate.server.launches.reads import active
from tidegate.server.launches.versions import chosen
from tidegate.server.people.roles import roles_with

FOUR_EYES = "four_eyes"
APPROVE = "approve_launches"
"""The right of the second person."""


class SecondPersonError(RunError):
    """A second person has to agree first. Nothing was changed."""


def four_eyes(workspace: Path | None = None) -> bool:
    """Whether new versions need a second person here.

    Raises:
        WorkspaceError: the section [launches] says something else than four_eyes, or not true or false.
    """
    given = section(workspace or Path(settings.WORKSPACE), "launches").knows([FOUR_EYES])
    return given.flag(FOUR_EYES, default=True)


def needs_second(version: StrategyVersion | None) -> bool:
    """Whether a second person must agree before this version decides; None for one that is not stored yet.

    Not for the first that ever decides, since nothing is at stake yet, nor for the version that decides
    already or the one before it: these were agreed to, and who goes back is in a hurry.
    """
    found = active()
    if found is None or not four_eyes():
        return False
    before = _before(chosen(found[1]))
    agreed = {one.pk for one in (chosen(found[1]), before) if one is not None}
    return version is None or chosen(version).pk not in agreed


def check(version: StrategyVersion | None, name: str) -> None:
    """Refuse to let a version decide by one person's word.

    Raises:
        SecondPersonError: a second person must agree; the remedy says how to ask, and whom.
    """
    if not needs_second(version):
        return
    number = "NUMBER" if version is None else version.number
    who = ", ".join(roles_with(APPROVE))
    store = "Publish it without activating it (--hold; over the API activate: false). " * (version is None)
    raise SecondPersonError(
        f"a new version of '{name}' decides only after a second person has agreed",
        where=Where(field="activate" if version is None else "version"),
        remedy=f"{store}Ask: tidegate propose {name} {number} --because WHY (over the API "
        f"POST /api/v1/strategies/{name}/{number}/proposals). "
        f"Then somebody else who may approve launches ({who}) agrees at /launches/.",
    )


def _before(now: StrategyVersion) -> StrategyVersion | None:
    """The version that people had chosen before this one, which they chose last."""
    for activation in Activation.objects.select_related("version__base").order_by("-pk").iterator():
        if chosen(activation.version).pk != now.pk:
            return chosen(activation.version)
    return None
