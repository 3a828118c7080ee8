"""Handing tasks out: a few at a time, each to one person, the weightiest first.

Everything here happens while the person's own row is held, so that two of their windows take turns; tasks
that another one is just being given are passed over (SKIP LOCKED). SQLite has one writer at a time, which is
the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.quality.slipping import slipped
from tidegate.server.review.clock import now
from tidegate.server.review.models import Answer, Kind, Queue, Skip, State, Task
from tidegate.server.review.priority import worth
from tidegate.server.review.queues import queue_settings
from tidegate.server.review.reviewers import Reviewer

BUFFER = 3
"""How many tasks one person holds: the one on the screen and those that come next."""
LEASE = timedelta(minutes=2)
"""How long a lease lasts that the screen does not renew."""


def lease(who: Reviewer, *, buffer: int = BUFFER) -> list[Task]:
    """All tasks that somebody holds now, in the order in which they are to be shown; new ones up to `buffer`.

    That they were given is recorded: what is in the browser may be looked at.
    """
    with transaction.atomic():
        # No key: answers refer to the person, and would wait here while they hold the task.
        User.objects.select_for_update(no_key=True).get(pk=who.person.pk)
        at = now()
        mine = list(_held_by(who.person, at).order_by("leased_until", "rank"))
        Task.objects.filter(pk__in=[task.pk for task in mine]).update(leased_until=at + LEASE)
        fresh = slipped(who, list(_chosen(who, at, buffer - len(mine), {task.item_id for task in mine})))
        if fresh:
            Task.objects.filter(pk__in=[task.pk for task in fresh]).update(
                leased_to=who.person, leased_until=at + LEASE
            )
            append(
                [
                    Act(who.person.actor, "task.given", one.zone, f"item:{one.item_id}:{one.item_version}")
                    for one in fresh
                ]
            )
    return [*mine, *fresh]


def renew(who: Reviewer) -> int:
    """Hold for longer what somebody holds, since they are still there. Returns how many tasks that are."""
    at = now()
    return _held_by(who.person, at).update(leased_until=at + LEASE)


def release(person: User, handles: Collection[UUID] | None = None) -> int:
    """Give tasks back, or all that somebody holds, for others. Returns how many."""
    mine = Task.objects.filter(leased_to=person, state=State.OPEN)
    if handles is not None:
        mine = mine.filter(handle__in=handles)
    return mine.update(leased_to=None, leased_until=None)


def _held_by(person: User, at: datetime) -> QuerySet[Task]:
    return Task.objects.filter(leased_to=person, state=State.OPEN, leased_until__gt=at)


def _chosen(who: Reviewer, at: datetime, most: int, items: Collection[int]) -> Iterator[Task]:
    """Up to `most` tasks, of as many items; what is reserved for this person goes first."""
    if most <= 0 or not who.rights:
        return
    seen = set(items)
    for task in _candidates(who, at, most + len(seen)):
        if task.item_id not in seen:
            seen.add(task.item_id)
            yield task
            most -= 1
            if not most:
                return


def _candidates(who: Reviewer, at: datetime, most: int) -> Iterator[Task]:
    yield from _free(who, at).filter(assigned_to=who.person).order_by("rank")[:most]
    found = []
    for zone, name in Queue.objects.filter(zone__in=who.zones).values_list("zone", "name"):
        if not queue_settings(Path(settings.WORKSPACE), name).certificates <= who.certificates:
            continue
        open_to_all = Q(assigned_to=None) | Q(assigned_to__is_active=False)
        tasks = _free(who, at).filter(open_to_all, zone=zone, queue=name).order_by("rank")
        found += list(tasks[:most])
    yield from sorted(found, key=lambda task: -worth(task.rank, at, task.due_at - task.created_at))


def _free(who: Reviewer, at: datetime) -> QuerySet[Task]:
    """Open tasks that this person may be given, and that nobody holds; locked as they are read."""
    mine = Answer.objects.filter(person=who.person, item=OuterRef("item"), undone_at=None)
    on_version = mine.filter(item_version=OuterRef("item_version"))
    skipped = Skip.objects.filter(person=who.person, task=OuterRef("pk"))
    tasks = Task.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        Q(leased_until=None) | Q(leased_until__lte=at),
        Q(not_before=None) | Q(not_before__lte=at),
        ~Exists(on_version),
        ~Exists(skipped),
        # An appeal goes to somebody who has not decided on the item before, in whatever version.
        ~Q(kind=Kind.APPEAL) | ~Exists(mine),
        # A gold is for the one whom it was made for, or sent to.
        ~Q(kind=Kind.GOLD) | Q(assigned_to=who.person),
        state=State.OPEN,
        right__in=who.rights,
        zone__in=who.zones,
    )
    if who.languages:
        tasks = tasks.filter(Q(language=None) | Q(language__in=who.languages))
    if who.policies:
        tasks = tasks.filter(Q(policy=None) | Q(policy__in=who.policies))
    return tasks


def free_for(who: Reviewer) -> QuerySet[Task]:
    """What somebody could be given now, limits and certificates aside; locked as it is read."""
    return _free(who, now())
