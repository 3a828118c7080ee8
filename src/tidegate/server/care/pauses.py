"""Breaks, and stepping away: when nothing new is given to somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from tidegate.server.care.models import Stretch
from tidegate.server.care.settings import care
from tidegate.server.care.turns import hold_turn
from tidegate.server.people.models import User
from tidegate.server.review.ending import free
from tidegate.server.review.models import State, Task


@dataclass(frozen=True)
class Break:
    """Where somebody stands with breaks.

    Attributes:
        active: time since the last one.
        due: whether one is proposed.
        required: whether nothing new is given until it was taken.
        until: when it is over, if nothing is answered until then; None where none is due.
    """

    active: timedelta
    due: bool
    required: bool
    until: datetime | None


def worked(person: User, active_ms: int, at: datetime) -> None:
    """Add active time to somebody's stretch, which begins anew after a pause as long as a break."""
    with transaction.atomic():
        Stretch.objects.get_or_create(person=person)
        row = Stretch.objects.select_for_update().get(person=person)
        row.active_ms = stretched(row.active_ms, row.last_at, active_ms, at, care().break_for)
        row.last_at = at
        row.save(update_fields=["active_ms", "last_at"])


def stretched(before_ms: int, last: datetime | None, active_ms: int, at: datetime, pause: timedelta) -> int:
    """Active milliseconds of a stretch, with those that end at `at` added; anew after a pause."""
    if last is None or at - last - timedelta(milliseconds=active_ms) >= pause:
        return active_ms
    return before_ms + active_ms


def break_of(person: User, at: datetime) -> Break:
    """Whether a break is due."""
    row = Stretch.objects.filter(person=person).first()
    site = care()
    if row is None or row.last_at is None or at - row.last_at >= site.break_for:
        return Break(timedelta(), due=False, required=False, until=None)
    active = timedelta(milliseconds=row.active_ms)
    due = active >= site.break_after
    return Break(active, due, due and site.break_required, row.last_at + site.break_for if due else None)


def is_away(person: User) -> bool:
    return Stretch.objects.filter(person=person, away=True).exists()


def may_be_given(person: User, at: datetime) -> bool:
    """Whether somebody is there, and not on a break that is required."""
    return not is_away(person) and not break_of(person, at).required


def step_away(person: User) -> None:
    """Take everything off somebody at once, and give them nothing until they come back.

    Nothing is written to the ledger: it is nobody's business.
    """
    with transaction.atomic():
        hold_turn(person)
        # In the order in which an answer locks: the task, then the stretch.
        free(Task.objects.filter(leased_to=person, state=State.OPEN))
        Stretch.objects.update_or_create(person=person, defaults={"away": True})


def come_back(person: User) -> None:
    Stretch.objects.filter(person=person).update(away=False)
