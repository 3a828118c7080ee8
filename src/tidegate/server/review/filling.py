"""Asking people: tasks for what is held, what the audit drew, and what is appealed.

Called within the transaction of the decisions and events themselves, so that nothing is held and not asked.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tidegate.policy.ladder import Outcome
from tidegate.server.content.models import PEOPLE, Decision, Item, ItemVersion
from tidegate.server.review import queues
from tidegate.server.review.ending import ask_no_more
from tidegate.server.review.models import Kind, Queue, State, Task
from tidegate.server.review.policies import ladder, severity_of
from tidegate.server.review.priority import rank
from tidegate.server.review.rights import RIGHT
from tidegate.server.review.suspicion import suspected_policy

Languages = Mapping[tuple[int, int], str | None]
"""By item and version."""


def fill(decisions: Sequence[Decision], new: Collection[int] = ()) -> None:
    """Ask about what was decided just now, and ask no more about what it replaces. Nothing has been asked
    about items that are `new`.

    Whoever calls holds the items. People's own decisions are settled where they answer.
    """
    fresh = [one for one in decisions if one.strategy != PEOPLE]
    if not fresh:
        return
    held = ladder().with_outcome(Outcome.HELD)
    asked = _kept([one for one in fresh if one.item_id not in new], held)
    wanted: list[tuple[Decision, Kind]] = [
        (one, Kind(Kind.DECIDE)) for one in fresh if one.action in held and one.item_id not in asked
    ]
    wanted += [(one, Kind(Kind.AUDIT)) for one in fresh if one.audited]
    ask(wanted)


def ask(wanted: Sequence[tuple[Decision, Kind]]) -> None:
    """Ask about decisions, whatever is asked already. Whoever calls holds the items."""
    if not wanted:
        return
    languages = _languages([one for one, _ in wanted])
    tasks = [task for one, kind in wanted for task in _seats(one, kind, languages)]
    Task.objects.bulk_create(tasks)
    note_queues(tasks)


def fill_appeals(appeals: Sequence[Any], standing: Mapping[int, Decision]) -> None:
    """Ask about appeals: `events.models.Event` rows just stored. One question for all that are open on an
    item.

    Args:
        standing: the decision on each item, by the item's number.
    """
    first = {appeal.item_id: appeal for appeal in reversed(appeals)}
    open_already = Task.objects.filter(item__in=first, kind=Kind.APPEAL, state=State.OPEN)
    for item in set(open_already.values_list("item_id", flat=True)):
        del first[item]
    if not first:
        return
    decisions = [standing[item] for item in first]
    languages = _languages(decisions)
    tasks = []
    for appeal in first.values():
        decision = standing[appeal.item_id]
        task = _task(decision, appeal.item, Kind(Kind.APPEAL), queues.APPEALS, appeal.received_at, languages)
        task.event = appeal
        tasks.append(task)
    Task.objects.bulk_create(tasks)
    note_queues(tasks)


def ask_again(item: Item) -> None:
    """Ask about an item that is held, if nobody is asked: what asked before was answered by the way."""
    machines = Decision.objects.filter(item=item, item_version=item.version).exclude(strategy=PEOPLE)
    decision = machines.order_by("-pk").first()
    asked = Task.objects.filter(
        item=item, kind__in=(Kind.DECIDE, Kind.ARBITRATE), event=None, state=State.OPEN
    )
    if decision is None or asked.exists():
        return
    decision.item = item
    Task.objects.bulk_create(_seats(decision, Kind(Kind.DECIDE), _languages([decision])))


def note_queues(tasks: Collection[Task]) -> None:
    """Remember that these queues are there."""
    rows = {(task.zone, task.queue) for task in tasks}
    known = set(
        Queue.objects.filter(
            zone__in={zone for zone, _ in rows}, name__in={name for _, name in rows}
        ).values_list("zone", "name")
    )
    missing = [Queue(zone=zone, name=name) for zone, name in sorted(rows - known)]
    if missing:
        Queue.objects.bulk_create(missing, ignore_conflicts=True)


def _kept(decisions: Sequence[Decision], held: Collection[str]) -> set[int]:
    """The items whose open question stays, with its place in the queue; what is asked else of these is
    gone."""
    if not decisions:
        return set()
    open_tasks = Task.objects.filter(
        item__in=[one.item_id for one in decisions],
        kind__in=(Kind.DECIDE, Kind.ARBITRATE, Kind.APPEAL),
        state=State.OPEN,
    )
    by_item: dict[int, list[Task]] = defaultdict(list)
    for task in open_tasks.only("item_id", "item_version", "kind", "event_id"):
        by_item[task.item_id].append(task)
    kept, gone = set(), []
    for one in decisions:
        mine = [task for task in by_item.get(one.item_id, ()) if task.event_id is None]
        _move(one, [task.pk for task in by_item.get(one.item_id, ()) if task.event_id is not None])
        same = [task for task in mine if task.item_version == one.item_version]
        if same and one.action in held:
            kept.add(one.item_id)
            Task.objects.filter(pk__in=[task.pk for task in same]).update(decision=one)
            gone += [task.pk for task in mine if task not in same]
        else:
            gone += [task.pk for task in mine]
    if gone:
        ask_no_more(Task.objects.filter(pk__in=gone))
    return kept


def _move(to: Decision, appeals: Sequence[int]) -> None:
    """Let appeals go on with newer content, but for those that somebody has before them (see `answering`)."""
    if appeals:
        older = Task.objects.filter(pk__in=appeals, leased_to=None).exclude(item_version=to.item_version)
        older.update(item_version=to.item_version, decision=to)


def _languages(decisions: Sequence[Decision]) -> Languages:
    found = ItemVersion.objects.filter(item__in={one.item_id for one in decisions})
    return {(item, number): tag for item, number, tag in found.values_list("item_id", "number", "language")}


def _seats(decision: Decision, kind: Kind, languages: Languages) -> Iterator[Task]:
    """A task for each answer that is wanted."""
    queue = queues.AUDIT if kind == Kind.AUDIT else decision.queue or queues.GENERAL
    question = uuid.uuid4()
    for _ in range(queues.queue_settings(queue).answers):
        task = _task(decision, decision.item, kind, queue, decision.decided_at, languages)
        task.question = question
        yield task


def _task(decision: Decision, item: Item, kind: Kind, queue: str, at: datetime, languages: Languages) -> Task:
    policy = suspected_policy(decision)
    severity, sla = severity_of(policy), queues.queue_settings(queue).sla
    return Task(
        zone=item.zone,
        item=item,
        item_version=decision.item_version,
        kind=kind,
        queue=queue,
        right=RIGHT[kind],
        policy=policy,
        language=languages.get((item.pk, decision.item_version)),
        severity=severity,
        decision=decision,
        rank=rank(severity, item.views, at, sla),
        created_at=at,
        due_at=at + sla,
    )
