"""A task as the screen shows it: what is to be judged, and what may be known about it.

A blind task shows what any task shows, and nothing else; a task without assistance looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from tidegate.server.care.preferences import shown_to
from tidegate.server.content.models import PEOPLE, Decision, ItemVersion
from tidegate.server.events.models import Event
from tidegate.server.events.occurrences import APPEAL
from tidegate.server.people.models import User
from tidegate.server.review.assisting import assisted
from tidegate.server.review.media import picture
from tidegate.server.review.models import Answer, Kind, Task
from tidegate.server.review.suspicion import WHISPER, scores
from tidegate.server.review.times import idle_limit_ms

SCORES = 5
"""How many scores are shown, the highest first."""
CONTENT = ("kind", "text", "language", "market", "surface", "context")
JUDGED = ("policy", "clause", "evidence", "rationale")


def shown(tasks: Sequence[Task], person: User) -> list[dict[str, Any]]:
    """Tasks for somebody's screen, in their order."""
    how = shown_to(person)
    found = ItemVersion.objects.filter(item__in=[task.item_id for task in tasks])
    versions = {(version.item_id, version.number): version for version in found}
    decisions = Decision.objects.in_bulk([task.decision_id for task in tasks])
    return [
        {
            **_shown(task, versions[task.item_id, task.item_version], decisions.get(task.decision_id)),
            "shown": how(task),
        }
        for task in tasks
    ]


def _shown(task: Task, version: ItemVersion, decision: Decision | None) -> dict[str, Any]:
    return {
        "handle": str(task.handle),
        "asks": task.kind if task.kind in (Kind.APPEAL, Kind.ARBITRATE) else Kind.DECIDE,
        "content": {name: getattr(version, name) for name in CONTENT},
        "media": picture(version),
        "idle_limit_ms": idle_limit_ms(version.text or ""),
        "message": task.message,
        "assist": _assist(task, decision) if decision is not None and assisted(task) else None,
        "appeal": _appeal(task) if task.kind == Kind.APPEAL or task.event_id is not None else None,
        "answers": _answers(task) if task.kind == Kind.ARBITRATE else None,
    }


def _assist(task: Task, decision: Decision) -> dict[str, Any]:
    """What the machine found, and what is known of the item beside its content."""
    heard = sorted({harm: score for score, harm in sorted(scores(decision))}.items(), key=lambda one: -one[1])
    return {
        "rule": decision.rule,
        "policy": task.policy,
        "queue": task.queue,
        "reason": decision.reason,
        "judge": _judge(decision),
        "scores": [{"harm": harm, "score": round(score, 3)} for harm, score in heard[:SCORES]],
        # Which words moved them the screen asks for itself, where there is anything to be asked.
        "moved": None if heard and heard[0][1] >= WHISPER else [],
        "author": task.item.author_id,
        "views": task.item.views,
        "reports": task.item.reports,
        "due_at": task.due_at.isoformat(),
    }


def _judge(decision: Decision) -> dict[str, Any] | None:
    """What a judge said, where one was asked: the policy, its clause, what it rests on, and why."""
    heard = judge_shown(orjson.loads(decision.signals))
    return None if heard is None else {name: heard[1].get(name) for name in JUDGED}


def judge_shown(signals: dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any]] | None:
    """The judge whose answer a screen shows, and what it said: the first that gave a reason."""
    return next(((name, said) for name, said in signals.items() if said.get("rationale")), None)


def _appeal(task: Task) -> dict[str, Any]:
    """What those who object say, and everything that was decided on the item, oldest first."""
    appeals = Event.objects.filter(item=task.item_id, type=APPEAL).order_by("pk")
    decisions = Decision.objects.filter(item=task.item_id).order_by("pk")
    return {
        "statements": [{"at": one.at.isoformat(), "statement": one.statement} for one in appeals],
        "history": [
            {
                "at": one.decided_at.isoformat(),
                "action": one.action,
                "policy": one.policy,
                "by_person": one.strategy == PEOPLE,
                "reason": one.rule or one.reason,
            }
            for one in decisions
        ],
    }


def _answers(task: Task) -> list[dict[str, Any]]:
    """The answers that differ, without who gave them."""
    given = Answer.objects.filter(task__question=task.question, undone_at=None).exclude(
        task__kind=Kind.ARBITRATE
    )
    fields = ("violates", "action", "policy", "clause", "severity", "note")
    return list(given.order_by("pk").values(*fields))
