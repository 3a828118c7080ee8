"""Handing tasks out: a few at a time, each to one person, the weightiest first, within their limits.

Everything here happens while the person's own row is held, so that two of their windows take turns; tasks
that another one is just being given are passed over (SKIP LOCKED). SQLite has one writer at a time, which is
the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from tidegate.server.care.assignment import Allowed, allowed
from tidegate.server.care.exposures import charge, give_back, shared
from tidegate.server.care.turns import hold_turn
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.quality.slipping import slipped
from tidegate.server.review.clock import now
from tidegate.server.review.ending import free
from tidegate.server.review.models import Answer, Kind, Queue, Skip, State, Task
from tidegate.server.review.priority import worth
from tidegate.server.review.queues import queue_settings
from tidegate.server.review.reserving import in_vain, queues_with_reserved
from tidegate.server.review.reviewers import Reviewer

BUFFER = 3
"""How many tasks one person holds: the one on the screen and those that come next."""
LEASE = timedelta(minutes=2)
"""How long a lease lasts that the screen does not renew."""


def lease(who: Reviewer, *, buffer: int = BUFFER, window: UUID | None = None) -> list[Task]:
    """All tasks that somebody holds now, in the order in which they are to be shown; new ones up to `buffer`.

    That they were given is recorded: what is in the browser may be looked at. New ones count as exposure,
    and none is given that would exceed a limit: `care.state` says why there are none.

    Args:
        window: the browser window that asks, by a UUID of its own. Only it may `release_unseen` a task.
    """
    with transaction.atomic():
        hold_turn(who.person)
        at = now()
        # Locked, or another one could take a task that lapses between this look and the next line.
        held = _held_by(who.person, at).select_for_update(of=("self",)).order_by("pk")
        mine = sorted(held, key=lambda task: (task.leased_until, task.rank))
        Task.objects.filter(pk__in=[task.pk for task in mine]).update(leased_until=at + LEASE)
        if mine:
            shared(who.person, mine, window)
        may = allowed(who.person, at)
        chosen = list(_chosen(who, at, may, buffer - len(mine), {task.item_id for task in mine}))
        fresh = slipped(who, chosen, may.barred)
        _give(who, fresh, at, window)
    return [*mine, *fresh]


def lease_these(who: Reviewer, tasks: Collection[int], window: UUID | None = None) -> list[Task]:
    """Tasks of these numbers that somebody holds or can be given, within their limits, and holds from now on.

    What they had already is not counted again; what does not fit their limits is left out.
    """
    with transaction.atomic():
        hold_turn(who.person)
        at = now()
        mine = list(_held_by(who.person, at).filter(pk__in=tasks))
        if mine:  # the window that had them may give them back no more
            shared(who.person, mine, window)
        may = allowed(who.person, at)
        free = _free(who, at).filter(pk__in=tasks).exclude(policy__in=may.barred).order_by("rank")
        room, fresh, items = may.room, [], {task.item_id for task in mine}
        for task in free.filter(Q(assigned_to=None) | Q(assigned_to=who.person)):
            if task.severity <= room and task.item_id not in items:
                room -= task.severity
                items.add(task.item_id)
                fresh.append(task)
        _give(who, fresh, at, window)
    return [*mine, *fresh]


def _give(who: Reviewer, fresh: list[Task], at: datetime, window: UUID | None) -> None:
    """Let somebody hold tasks that nobody holds: counted as exposure, and on the record."""
    if not fresh:
        return
    Task.objects.filter(pk__in=[task.pk for task in fresh]).update(
        leased_to=who.person, leased_until=at + LEASE
    )
    charge(who.person, fresh, at, window)
    append(
        [
            Act(who.person.actor, "task.given", one.zone, f"item:{one.item_id}:{one.item_version}")
            for one in fresh
        ]
    )


def renew(who: Reviewer) -> int:
    """Hold for longer what somebody holds, since they are still there. Returns how many tasks that are."""
    with transaction.atomic():
        hold_turn(who.person)
        at = now()
        return _held_by(who.person, at).update(leased_until=at + LEASE)


def release(person: User) -> int:
    """Give all back that somebody holds, for others. Returns how many tasks that were.

    What they were given stays counted as exposure, since they may have seen it.
    """
    with transaction.atomic():
        hold_turn(person)
        return free(Task.objects.filter(leased_to=person, state=State.OPEN))


def release_unseen(person: User, handles: Collection[UUID], window: UUID) -> int:
    """Give tasks back that this window was given and has never painted, and the exposure with them.

    What another window has had too stays as it is: nobody can tell whether that one has shown it.
    """
    with transaction.atomic():
        hold_turn(person)
        # In the order in which an answer locks: the task, then its exposure.
        held = Task.objects.select_for_update().filter(leased_to=person, state=State.OPEN, handle__in=handles)
        mine = list(held.order_by("pk").values_list("pk", "handle"))
        unseen = give_back(person, handles, window)
        return free(Task.objects.filter(pk__in=[pk for pk, handle in mine if handle in unseen]))


def held_by(person: User, handles: Collection[UUID]) -> list[Task]:
    """Those of these tasks that are with somebody now."""
    return list(_held_by(person, now()).filter(handle__in=handles))


def _held_by(person: User, at: datetime) -> QuerySet[Task]:
    return Task.objects.filter(leased_to=person, state=State.OPEN, leased_until__gt=at)


def _chosen(who: Reviewer, at: datetime, may: Allowed, most: int, items: Collection[int]) -> Iterator[Task]:
    """Up to `most` tasks, of as many items, that fit the room; what is reserved goes first."""
    if not who.rights:
        return
    seen, room = set(items), may.room
    for heaviest in may.rounds:
        while most > 0 and room > 0:
            before = len(seen)
            for task in _candidates(who, at, may, most + len(seen), min(heaviest, room)):
                if task.item_id in seen or task.severity > room:
                    continue
                seen.add(task.item_id)
                room -= task.severity
                yield task
                most -= 1
                if not most:
                    return
            if len(seen) == before:  # there are no more; else lighter ones may stand behind what did not fit
                break


def _candidates(who: Reviewer, at: datetime, may: Allowed, most: int, heaviest: int) -> Iterator[Task]:
    free = _free(who, at).filter(severity__lte=heaviest).exclude(policy__in=may.barred)
    yield from free.filter(assigned_to=who.person).order_by("rank")[:most]
    found = []
    reserved, open_too = queues_with_reserved(who.person), in_vain()
    for zone, name in Queue.objects.filter(zone__in=who.zones).values_list("zone", "name"):
        if not queue_settings(name).certificates <= who.certificates:
            continue
        open_to_all = Q(assigned_to=None)
        if (zone, name) in reserved:
            open_to_all |= open_too
        # Once more without who is named, which the index does not hold: what they cannot read is passed over
        # without being read.
        tasks = free.filter(open_to_all, *_readable(who), zone=zone, queue=name).order_by("rank")
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
        # An appeal, and what it led to, goes to somebody who has not decided on the item before, in whatever
        # version.
        Q(event=None) | ~Exists(mine),
        # A gold is for the one whom it was made for, or sent to.
        ~Q(kind=Kind.GOLD) | Q(assigned_to=who.person),
        state=State.OPEN,
        right__in=who.rights,
        zone__in=who.zones,
    )
    by_name = Q(assigned_to=who.person)  # whoever named them knew what they read
    return tasks.filter(*(by_name | one for one in _readable(who)))


def _readable(who: Reviewer) -> Iterator[Q]:
    """What is in their languages, and of their policies; everything, for those of whom none are known."""
    if who.languages:
        yield Q(language=None) | Q(language__in=who.languages)
    if who.policies:
        yield Q(policy=None) | Q(policy__in=who.policies)


def free_for(who: Reviewer) -> QuerySet[Task]:
    """What somebody could be given now, limits and certificates aside; locked as it is read."""
    return _free(who, now())
