"""What follows from answers: a decision where all who were asked agree, arbitration where they do not.

Called by `answering` within its transaction, with the item held.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidegate.errors import RunError, Where
from tidegate.policy.ladder import Outcome
from tidegate.server.content.actions import decided
from tidegate.server.content.models import PEOPLE, Decision, Item
from tidegate.server.content.recording import stamp, store
from tidegate.server.delivery.undoing import undo as undo_deliveries
from tidegate.server.ledger.actions import Act
from tidegate.server.review.ending import ask_no_more
from tidegate.server.review.filling import ask_again
from tidegate.server.review.models import BLIND, Answer, Kind, State, Task
from tidegate.server.review.policies import ladder
from tidegate.server.review.seats import arbitration

UNDONE = "undone"
"""The reason of a decision that puts back the one before."""


def settle(task: Task, made: Answer) -> list[Act]:
    """Do what follows from an answer just stored, if all who were asked have answered; the acts of it."""
    if task.kind in BLIND:
        return []
    asked = Task.objects.filter(question=task.question).exclude(state=State.GONE)
    if task.kind == Kind.ARBITRATE:
        return [_decide(task, made)]
    if asked.filter(state=State.OPEN).exists():
        return []
    answers = Answer.objects.filter(task__in=asked, undone_at=None).exclude(task__kind=Kind.ARBITRATE)
    said = {(one.violates, one.action) for one in answers}
    if len(said) > 1:
        arbitration(task, made.answered_at).save()
        return []
    return [_decide(task, made)]


def unsettle(task: Task, made: Answer, at: datetime, *, actor: str) -> list[Act]:
    """Undo what followed from an answer; the acts of it.

    Raises:
        RunError: somebody or something has decided on the item since.
    """
    beside = Answer.objects.filter(task__question=task.question, undone_at=None).exclude(pk=made.pk)
    if beside.exclude(decision=None).exists():
        raise _decided_since()
    ask_no_more(Task.objects.filter(question=task.question, kind=Kind.ARBITRATE).exclude(pk=task.pk))
    if made.decision_id is None:
        return []
    newest = list(Decision.objects.filter(item=task.item).order_by("-pk")[:2])
    if newest[0].pk != made.decision_id:
        raise _decided_since()
    undo_deliveries(task.zone, task.item.external_id, actor=actor)
    before = newest[1]
    back = _decision(
        task.item,
        task.item_version,
        at,
        action=before.action,
        policy=before.policy,
        queue=before.queue,
        escalate=before.escalate,
        reason=UNDONE,
    )
    act = _store(back, actor)
    if task.event_id is not None and back.action in ladder().with_outcome(Outcome.HELD):
        ask_again(task.item)
    return [act]


def _decided_since() -> RunError:
    return RunError(
        "the item was decided since",
        where=Where(field="key"),
        remedy="What stands on it is on its own page.",
    )


def _decide(task: Task, made: Answer) -> Act:
    """The decision that an answer is, stored and told. Open questions that it answers too are gone."""
    made.decision = _decision(
        task.item,
        task.item_version,
        made.answered_at,
        action=made.action,
        policy=made.policy,
        queue=task.queue,
        escalate=made.escalate,
        reason=_reason(task, made),
    )
    act = _store(made.decision, made.person.actor)
    made.save(update_fields=["decision"])
    # An appeal, and what it led to, stays: it is answered on its own.
    ask_no_more(Task.objects.filter(item=task.item, kind__in=(Kind.DECIDE, Kind.ARBITRATE), event=None))
    return act


def _reason(task: Task, made: Answer) -> str:
    """Why a person decided, in a word that the platform is told: an appeal's outcome is one of them."""
    if task.event_id is not None and task.decision is not None:
        return "appeal_upheld" if made.action == task.decision.action else "appeal_granted"
    return "arbitration" if task.kind == Kind.ARBITRATE else "person"


def _decision(item: Item, version: int, at: datetime, **said: Any) -> Decision:
    return Decision(
        item=item,
        item_version=version,
        strategy=PEOPLE,
        strategy_version="1",
        arm=PEOPLE,
        rule=None,
        values="{}",
        detectors="{}",
        cost_ms=0.0,
        cost_money=0.0,
        audit_probability=1.0,
        audited=False,
        decided_at=at,
        **said,
    )


def _store(decision: Decision, actor: str) -> Act:
    stamp(decision.item, decision.action, ladder(), decision.decided_at)
    decision.item.save(update_fields=["acted_at", "removed_at"])
    store([decision])
    return decided(actor, decision)
