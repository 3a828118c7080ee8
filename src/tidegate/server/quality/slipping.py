"""Slipping golds in among the tasks that somebody is being given. Called by `review.leasing`, which holds
their row.

A gold takes the place of a task: it has that task's queue, rank and times, so that neither its order nor
anything that is shown tells it apart. The task itself stays in the queue, for the next person.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from tidegate.server.quality.golds import is_current
from tidegate.server.quality.models import Gold
from tidegate.server.review import queues
from tidegate.server.review.models import Answer, Kind, Skip, State, Task
from tidegate.server.review.reviewers import Reviewer
from tidegate.server.review.rights import RIGHT
from tidegate.server.review.seats import gold_seat

_chance = random.SystemRandom()
"""Nobody can tell when the next one comes."""


def slipped(who: Reviewer, fresh: Sequence[Task], barred: Collection[str] = ()) -> list[Task]:
    """The same tasks in the same order, some of them replaced by golds, which are stored.

    Args:
        fresh: tasks that are about to be given to them.
        barred: policies that they are not to be asked about.
    """
    given = list(fresh)
    if RIGHT[Kind.GOLD] not in who.rights:
        return given
    items = {task.item_id for task in given} | _held_items(who)
    for place, task in enumerate(given):
        if not _is_due(who, task):
            continue
        gold = next(_fitting(who, task, items, barred), None)
        if gold is not None:
            given[place] = _task(who, gold, task)
            given[place].save()
            items.add(gold.item_id)
    return given


def _is_due(who: Reviewer, task: Task) -> bool:
    """By chance. Where a person is awaited, or something else is asked, a gold would be seen to be one."""
    plain = task.kind in (Kind.DECIDE, Kind.AUDIT) and task.assigned_to_id is None
    share = queues.queue_settings(task.queue).gold
    return plain and not task.message and _chance.random() < share


def _held_items(who: Reviewer) -> set[int]:
    return set(Task.objects.filter(leased_to=who.person, state=State.OPEN).values_list("item_id", flat=True))


def _fitting(who: Reviewer, task: Task, items: Collection[int], barred: Collection[str]) -> Iterator[Gold]:
    """Golds that may stand where this task does, in an order of chance."""
    found = list(_unseen(who).filter(zone=task.zone, severity__lte=task.severity).exclude(item__in=items))
    _chance.shuffle(found)
    for gold in found:
        beside = task.queue in (gold.queue, queues.AUDIT)
        if beside and gold.suspected not in barred and gold.policy not in barred and is_current(gold):
            yield gold


def _unseen(who: Reviewer) -> QuerySet[Gold]:
    """Golds in use about whose items this person was never asked and has not said anything."""
    asked = Task.objects.filter(item=OuterRef("item"), kind=Kind.GOLD, assigned_to=who.person)
    said = Answer.objects.filter(item=OuterRef("item"), person=who.person)
    passed = Skip.objects.filter(task__item=OuterRef("item"), person=who.person)
    golds = Gold.objects.filter(~Exists(asked), ~Exists(said), ~Exists(passed), retired_at=None)
    if who.languages:
        golds = golds.filter(Q(language=None) | Q(language__in=who.languages))
    if who.policies:
        golds = golds.filter(Q(suspected=None) | Q(suspected__in=who.policies))
    return golds.exclude(marked_by=who.person)


def _task(who: Reviewer, gold: Gold, place: Task) -> Task:
    return gold_seat(
        place,
        item_id=gold.item_id,
        item_version=gold.item_version,
        policy=gold.suspected,
        language=gold.language,
        severity=gold.severity,
        assigned_to=who.person,  # it comes back to them if their lease lapses
    )
