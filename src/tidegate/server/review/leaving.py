"""Leaving a task without an answer: passing it over, keeping it for later, sending it on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.server.care.finishing import finished
from tidegate.server.content.models import ItemVersion
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.review import queues
from tidegate.server.review.assisting import looks_blind
from tidegate.server.review.clock import now
from tidegate.server.review.filling import note_queues
from tidegate.server.review.models import Answer, Kind, Skip, State, Task
from tidegate.server.review.queues import queue_settings
from tidegate.server.review.reviewers import Reviewer, reviewer_named
from tidegate.server.review.rights import RIGHT
from tidegate.server.review.times import idle_limit_ms, times

REASONS = ("unsure", "language", "distress", "conflict", "broken", "other")
"""Why a task is passed over: not sure; a language one does not read; too hard to look at; one knows somebody
in it; it does not show; anything else."""
ESCALATED, SENT = "escalated", "sent"
"""Why else somebody has done with a task."""
LONGEST_HOLD = timedelta(days=7)
ALIKE = frozenset({RIGHT[Kind.DECIDE], RIGHT[Kind.AUDIT], RIGHT[Kind.GOLD]})
"""Rights that tasks need which look alike."""


class NotYoursError(RunError):
    """The task is not held by whoever speaks of it: it was answered, taken back or never given."""


def skip(who: Reviewer, handle: UUID, reason: str, screen: Sequence[Any] = ()) -> None:
    """Pass a task over; it goes back to its queue, and not to this person again. A gold is over by it.

    Raises:
        RunError: there is no such reason. NotYoursError: somebody else has the task.
    """
    if reason not in REASONS:
        raise RunError(
            f"'{reason}' is no reason to skip",
            where=Where(field="reason"),
            remedy=f"Reasons are {', '.join(REASONS)}.",
        )
    with transaction.atomic():
        task = _held(who, handle)
        _pass(who, task, reason, screen)
        if task.kind == Kind.GOLD:
            _leave(who, task, screen, state=State.GONE)
        else:
            mine = task.assigned_to_id == who.person.pk
            _leave(who, task, screen, assigned_to=None if mine else task.assigned_to)
        # Why is nobody's business who reads the ledger: one reason is that it was too hard to look at.
        append([_act(who, task, "task.skipped", {})])


def hold(who: Reviewer, handle: UUID, after: timedelta) -> None:
    """Keep a task for oneself, and have it back after a while.

    Raises:
        RunError: that is no time from a minute to a week. NotYoursError: somebody else has the task.
    """
    if not timedelta(minutes=1) <= after <= LONGEST_HOLD:
        raise RunError(
            "a task is kept for a minute at least and a week at most",
            where=Where(field="minutes"),
            remedy="Give 60, say.",
        )
    with transaction.atomic():
        task = _held(who, handle)
        _leave(who, task, (), assigned_to=who.person, not_before=now() + after)
        append([_act(who, task, "task.held", {"minutes": int(after.total_seconds() // 60)})])


def send(who: Reviewer, handle: UUID, to: User, message: str) -> None:
    """Reserve a task for somebody else.

    Raises:
        RunError: they could not be given it. NotYoursError: somebody else has the task.
    """
    with transaction.atomic():
        task = _held(who, handle)
        if to.pk == who.person.pk or not _may_be_sent(who, task, to):
            raise RunError(
                f"{to.username} cannot be given this item",
                where=Where(field="to"),
                remedy="Name somebody else who is cleared for its zone and may decide such items.",
            )
        # Not back to whoever sends it, not even where others may have it: that would tell of `to` that they
        # have stepped away, or opted out of something. Only by name does it come back.
        Skip.objects.filter(task=task, person=to, reason=SENT).delete()
        _pass(who, task, SENT)
        # Whoever has answered on the item is not given its gold: it would wait for nobody.
        known = Answer.objects.filter(person=to, item=task.item_id, undone_at=None).exists()
        over = task.kind == Kind.GOLD and known
        _leave(who, task, (), assigned_to=to, message=message, state=State.GONE if over else task.state)
        append([_act(who, task, "task.sent", {"to": to.actor})])


def escalate(who: Reviewer, handle: UUID, message: str) -> None:
    """Hand a task to those who arbitrate. A gold is over by it, and counted as escalated.

    Raises:
        NotYoursError: somebody else has the task.
    """
    with transaction.atomic():
        task = _held(who, handle)
        _pass(who, task, ESCALATED)
        if task.kind == Kind.GOLD:  # whoever arbitrates would be asked for what is known
            _leave(who, task, (), message=message, state=State.GONE)
        else:
            right = RIGHT[Kind.ARBITRATE]
            _leave(who, task, (), assigned_to=None, message=message, queue=queues.ESCALATED, right=right)
            note_queues([task])
        append([_act(who, task, "task.escalated", {})])


def _may_be_sent(who: Reviewer, task: Task, to: User) -> bool:
    """Whether somebody has the zone, the right and the certificates. Of a task that shows nothing this does
    not depend on what it is, or trying would tell."""
    other = reviewer_named(to)
    rights, certificates = {task.right}, queue_settings(task.queue).certificates
    if looks_blind(task):
        rights |= ALIKE if task.right in ALIKE else set()
        certificates |= who.certificates
    return (
        to.is_active
        and task.zone in other.zones
        and rights <= other.rights
        and certificates <= other.certificates
    )


def _held(who: Reviewer, handle: UUID) -> Task:
    task = Task.objects.select_for_update().filter(handle=handle).first()
    if task is None or task.state != State.OPEN or task.leased_to_id != who.person.pk:
        raise NotYoursError(
            "this item is not with you any more",
            where=Where(field="handle"),
            remedy="Go on with the next one; nothing is lost.",
        )
    return task


def _pass(who: Reviewer, task: Task, reason: str, screen: Sequence[Any] = ()) -> None:
    Skip.objects.get_or_create(
        task=task,
        person=who.person,
        defaults={"zone": task.zone, "reason": reason, "screen": list(screen), "at": now()},
    )


def _leave(who: Reviewer, task: Task, screen: Sequence[Any], **changes: Any) -> None:
    for name, value in {"leased_to": None, "leased_until": None, **changes}.items():
        setattr(task, name, value)
    task.save(update_fields=["leased_to", "leased_until", *changes])
    text = ItemVersion.objects.filter(item=task.item_id, number=task.item_version).values_list(
        "text", flat=True
    )
    took = times(screen, idle_limit_ms(text.first() or ""))
    finished(who.person, task.handle, took.active_ms, now())


def _act(who: Reviewer, task: Task, act: str, details: dict[str, Any]) -> Act:
    return Act(who.person.actor, act, task.zone, f"item:{task.item_id}:{task.item_version}", details)
