"""Answering a task, and taking an answer back within a short while: each one action, one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from tidegate.errors import RunError, Where
from tidegate.server.care.finishing import finished
from tidegate.server.content.models import Decision, Item, ItemVersion
from tidegate.server.ledger.actions import Act, append
from tidegate.server.review import settling
from tidegate.server.review.assisting import assisted
from tidegate.server.review.clock import now
from tidegate.server.review.ending import ask_no_more
from tidegate.server.review.given import Given, checked
from tidegate.server.review.leasing import LEASE
from tidegate.server.review.leaving import NotYoursError
from tidegate.server.review.models import BLIND, Answer, State, Task
from tidegate.server.review.reviewers import Reviewer
from tidegate.server.review.seats import another_seat
from tidegate.server.review.times import idle_limit_ms, times

UNDO = timedelta(seconds=10)
"""What the screen offers."""
SLACK = timedelta(seconds=20)
"""What a slow line may take on top of it."""


class Came(StrEnum):
    """What came of an answer."""

    DECIDED = "decided"
    """Something was decided by it, or it needed nothing."""
    WAITING = "waiting"
    """Others are to answer too."""
    LATE = "late"
    """The task was answered or gone already; the answer is kept as a label."""


@dataclass(frozen=True)
class Outcome:
    came: Came
    answer: Answer


def answer(who: Reviewer, given: Given) -> Outcome:
    """Record an answer and do what follows from it. The same key again gives the same outcome.

    Raises:
        NotYoursError: there is no such task for this person.
        RunError: the answer says something that cannot be. Nothing is changed then.
    """
    with transaction.atomic():
        known = Answer.objects.filter(key=given.key).select_related("task").first()
        if known is not None:
            if known.person_id != who.person.pk:
                raise _no_such_task()
            return Outcome(_came_of(known), known)
        task = _locked(who, given.handle)
        version = ItemVersion.objects.get(item=task.item, number=task.item_version)
        policy = checked(given, version.text)
        mine = Answer.objects.filter(task=task, person=who.person, undone_at=None).first()
        if mine is not None:  # from another window
            return Outcome(_came_of(mine), mine)
        took = times(given.screen, idle_limit_ms(version.text or ""))
        made = Answer.objects.create(
            key=given.key,
            task=task,
            zone=task.zone,
            person=who.person,
            item=task.item,
            item_version=task.item_version,
            violates=given.violates,
            policy=given.policy,
            policy_version=None if policy is None else policy.label,
            clause=given.clause,
            severity=given.severity,
            action=given.action,
            escalate=policy.escalation if policy is not None and given.escalate else None,
            note=given.note,
            span_start=None if given.span is None else given.span[0],
            span_end=None if given.span is None else given.span[1],
            assisted=assisted(task),
            assist_verdict=given.assist_verdict,
            bulk=given.bulk,
            screen=[list(one) for one in given.screen],
            wall_ms=took.wall_ms,
            active_ms=took.active_ms,
            idle_ms=took.idle_ms,
            answered_at=now(),
        )
        # An open question on content that has changed since: the newer content is being decided.
        stale = task.kind not in BLIND and task.item.version != task.item_version
        late = stale or task.state != State.OPEN
        finished(who.person, task.handle, took.active_ms, made.answered_at)
        act = Act(
            who.person.actor,
            "task.answered",
            task.zone,
            f"item:{task.item_id}:{task.item_version}",
            {"action": made.action, "policy": made.policy_version, "late": late},
        )
        if late:
            if task.state == State.OPEN:
                _end_or_move(task)
            append([act])
            return Outcome(Came.LATE, made)
        task.state, task.leased_to, task.leased_until = State.DONE, None, None
        task.save(update_fields=["state", "leased_to", "leased_until"])
        if given.second_opinion and task.kind not in BLIND:
            another_seat(task, _seat_of(made)).save()
        acts = settling.settle(task, made)
        append([act, *acts])
    return Outcome(_came_of(made), made)


def undo(who: Reviewer, key: UUID) -> Task:
    """Take an answer back: what it decided is undone, and the task is with the same person again.

    Raises:
        RunError: it is too late, or others have acted since. NotYoursError: there is no such answer.
    """
    with transaction.atomic():
        found = Answer.objects.filter(key=key, person=who.person).select_related("task").first()
        if found is None:
            raise _no_such_task()
        task = _locked(who, found.task.handle)
        found.refresh_from_db()
        if found.undone_at is not None:
            return task
        at = now()
        if at - found.answered_at > UNDO + SLACK:
            raise RunError(
                "it is too late to undo this",
                where=Where(field="key"),
                remedy="Ask a lead to have the item decided anew.",
            )
        acts = settling.unsettle(task, found, at, actor=who.person.actor)
        ask_no_more(Task.objects.filter(handle=_seat_of(found)))
        found.undone_at = at
        found.save(update_fields=["undone_at"])
        if task.state == State.DONE and not _was_late(task, found):
            task.state, task.leased_to, task.leased_until = State.OPEN, who.person, at + LEASE
            task.save(update_fields=["state", "leased_to", "leased_until"])
        subject = f"item:{task.item_id}:{task.item_version}"
        append([Act(who.person.actor, "task.undone", task.zone, subject), *acts])
    return task


def _locked(who: Reviewer, handle: UUID) -> Task:
    """A task that this person may answer, with its item held."""
    task = Task.objects.filter(handle=handle).select_related("item").first()
    if task is None or task.right not in who.rights:
        raise _no_such_task()
    item = Item.objects.select_for_update(no_key=True).get(pk=task.item_id)
    task = Task.objects.select_for_update().get(pk=task.pk)
    task.item = item
    return task


def _was_late(task: Task, found: Answer) -> bool:
    """Whether another answer had ended the task before. One that came after it is late itself."""
    return task.answers.filter(pk__lt=found.pk, undone_at=None).exists()


def _seat_of(made: Answer) -> UUID:
    """The handle of the second opinion that an answer asks for; by its key alone nobody can tell it."""
    return UUID(bytes=salted_hmac("second opinion", made.key.bytes).digest()[:16], version=4)


def _end_or_move(task: Task) -> None:
    """The content has changed: the newer one is being decided. But an appeal is for a person to answer: it
    goes on with the newer content."""
    task.leased_to = task.leased_until = None
    if task.event_id is None:
        task.state = State.GONE
    else:
        task.item_version, task.assigned_to = task.item.version, None
        task.decision = Decision.objects.filter(item=task.item).order_by("-pk").first()
    task.save()


def _came_of(made: Answer) -> Came:
    if made.decision_id is not None or made.task.kind in BLIND:
        return Came.DECIDED
    if made.task.state != State.DONE:
        return Came.LATE
    decided = Decision.objects.filter(pk__gt=made.task.decision_id or 0, item=made.item).exists()
    return Came.DECIDED if decided else Came.WAITING


def _no_such_task() -> NotYoursError:
    return NotYoursError(
        "there is no such item for you",
        where=Where(field="handle"),
        remedy="Go on with the next one; nothing is lost.",
    )
