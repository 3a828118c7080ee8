"""What somebody may be given now: asked by `review.leasing` while it holds their row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from tidegate.policy.model import Severity
from tidegate.server.care import opting_out, pauses
from tidegate.server.care.exposures import limits_of, used_by
from tidegate.server.care.settings import HEAVIEST, care
from tidegate.server.care.windows import Window, room
from tidegate.server.people.models import User
from tidegate.server.review.priority import SEVERITY

LIGHT = SEVERITY[Severity.MEDIUM]
"""The heaviest of what is given first to those who have seen much."""


@dataclass(frozen=True)
class Allowed:
    """What somebody may be given.

    Attributes:
        room: points that are left; nothing is given where there are none.
        rounds: the heaviest task to look for, first and then.
        barred: policies of areas that they have opted out of.
    """

    room: int
    rounds: Sequence[int] = (HEAVIEST,)
    barred: Collection[str] = ()


def allowed(person: User, at: datetime) -> Allowed:
    """What somebody may be given at this time."""
    if not pauses.may_be_given(person, at):
        return Allowed(room=0)
    limits, spent = limits_of(person), used_by(person, at)
    rotates = care().rotate_from < 1 and spent[Window.HOUR] >= care().rotate_from * limits[Window.HOUR]
    rounds = (LIGHT, HEAVIEST) if rotates else (HEAVIEST,)
    return Allowed(room(limits, spent), rounds, opting_out.barred(person))


def open_to_others() -> Q:
    """Tasks reserved for those who are not to be given them, so that they do not wait for nobody."""
    return Q(assigned_to__stretch__away=True) | opting_out.reserved_in_vain()
