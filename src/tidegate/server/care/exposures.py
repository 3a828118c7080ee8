"""Counting exposure: when a task is given, and back when nobody has seen it.

Whoever charges holds the person's row, so that two of their windows take turns (see `review.leasing`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, Sum

from tidegate.server.care.areas import area_of
from tidegate.server.care.models import Exposure, Limits
from tidegate.server.care.settings import care
from tidegate.server.care.windows import LENGTH, LONGEST, Window
from tidegate.server.people.models import User
from tidegate.server.review.models import Task

KEPT = timedelta(days=28)


def limits_of(person: User) -> dict[Window, int]:
    """What holds for somebody: the site's limits, or a lead's where these are lower."""
    site, own = care(), Limits.objects.filter(person=person).first()
    held = {Window.HOUR: site.per_hour, Window.DAY: site.per_day, Window.WEEK: site.per_week}
    if own is None:
        return held
    lower = {Window.HOUR: own.per_hour, Window.DAY: own.per_day, Window.WEEK: own.per_week}
    return {window: _lower(limit, lower[window]) for window, limit in held.items()}


def _lower(limit: int, own: int | None) -> int:
    return limit if own is None else min(limit, own)


def used_by(person: User, at: datetime) -> dict[Window, int]:
    """What each window holds, in points: `windows.used`, summed by the database."""
    since = {window: Q(at__gt=at - length) for window, length in LENGTH.items()}
    found = Exposure.objects.filter(person=person, at__gt=at - LONGEST).aggregate(
        **{window.value: Sum("weight", filter=since[window], default=0) for window in Window}
    )
    return {window: found[window.value] for window in Window}


def given_to(person: User, at: datetime) -> list[tuple[datetime, int]]:
    """When somebody was given what, as far back as any limit looks."""
    rows = Exposure.objects.filter(person=person, at__gt=at - LONGEST).order_by("at")
    return list(rows.values_list("at", "weight"))


def charge(person: User, tasks: Sequence[Task], at: datetime, window: UUID | None) -> None:
    """Count tasks that somebody is just given, in this browser window."""
    Exposure.objects.bulk_create(
        Exposure(
            person=person,
            at=at,
            weight=task.severity,
            area=area_of(task.policy),
            handle=task.handle,
            window=window,
        )
        for task in tasks
    )


def shared(person: User, tasks: Sequence[Task], window: UUID | None) -> None:
    """Another window has these tasks too: from now on none can say that nobody has seen them."""
    rows = Exposure.objects.filter(person=person, handle__in=[task.handle for task in tasks])
    if window is not None:
        rows = rows.exclude(window=window)
    rows.exclude(window=None).update(window=None)


def give_back(person: User, handles: Collection[UUID], window: UUID) -> set[UUID]:
    """Take back what was counted for tasks that this window alone has had, and has not painted: which these
    are."""
    rows = Exposure.objects.filter(person=person, handle__in=handles, window=window)
    mine = set(rows.values_list("handle", flat=True))
    rows.delete()
    return mine


def forget(at: datetime) -> int:
    """Delete what is older than `KEPT`. Returns how many rows that were."""
    done: int = Exposure.objects.filter(at__lt=at - KEPT).delete()[0]
    return done


def settle(person: User, handle: UUID) -> None:
    """A task was answered or left: its exposure stays, and which task it was is forgotten."""
    Exposure.objects.filter(person=person, handle=handle).update(handle=None, window=None)
