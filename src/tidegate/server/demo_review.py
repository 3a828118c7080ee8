"""The demo's reviewers: thirty people of differing skill who work through the same leases and answers as
anybody.

What they answer is drawn from the truth that the generated posts carry, and from how well each of them sees
it, so that every figure of the console can be held against what is known.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.server.content.models import Item
from tidegate.server.people.persons import Change, set_person
from tidegate.server.quality.golds import mark
from tidegate.server.quality.settled import settled
from tidegate.server.review.answering import answer
from tidegate.server.review.given import Given
from tidegate.server.review.leasing import lease, release
from tidegate.server.review.leaving import skip
from tidegate.server.review.models import Kind, State, Task
from tidegate.server.review.policies import written
from tidegate.server.review.reviewers import LANGUAGE, Reviewer, reviewer_named, set_skills

TEAMS = {"en": ("us", 20), "zh": ("sg", 10)}
"""Zone and number of reviewers by language; every fourth is a senior."""
GOLDS = 6
"""Of each kind in each zone."""
FAR_SHARE = 0.02
"""How often somebody passes a task over."""


@dataclass(frozen=True)
class Worker:
    """A reviewer, and how often they see harm where it is, and what is fine as fine."""

    reviewer: Reviewer
    sensitivity: float
    specificity: float
    seconds: float
    """What an item usually takes them."""


def add_reviewers(actor: str, chance: random.Random) -> list[Worker]:
    """Thirty people, with skills that are drawn once."""
    workers = []
    for language, (zone, number) in TEAMS.items():
        for place in range(number):
            role = "senior" if place % 4 == 0 else "moderator"
            name = f"{language}-{role}-{place + 1:02}"
            person, _ = set_person(name, Change(roles=[role], zones=[zone]), actor=actor)
            set_skills(person, LANGUAGE, frozenset({language}))
            workers.append(
                Worker(
                    reviewer_named(person),
                    sensitivity=chance.uniform(0.78, 0.97),
                    specificity=chance.uniform(0.96, 0.999),
                    seconds=chance.uniform(6, 25),
                )
            )
    return workers


def mark_golds(actor: str) -> None:
    """Somebody of quality marks items on which reviewers agree, of those that violate and of fine ones."""
    zones = sorted(zone for zone, _ in TEAMS.values())
    person, _ = set_person("quality-01", Change(roles=["qa"], zones=zones), actor=actor)
    for zone in zones:
        items = Item.objects.filter(zone=zone, answers__isnull=False).distinct().order_by("pk")
        known = [(item, found.answer.violates) for item in items if (found := settled(item)) is not None]
        for kind in (True, False):
            for item in [item for item, violates in known if violates == kind][:GOLDS]:
                mark(zone, item.external_id, person)


def work(workers: Sequence[Worker], truth: Mapping[str, str | None], chance: random.Random) -> int:
    """Let them take what is open, each as much as one holds at a time. Returns how many answers they gave.

    Args:
        truth: by the item's id, the policy that it violates, if any.
    """
    answers = 0
    for worker in chance.sample(list(workers), len(workers)):
        if not Task.objects.filter(state=State.OPEN).exists():
            break
        for task in lease(worker.reviewer):
            answers += _one(worker, task, truth.get(task.item.external_id), chance)
        release(worker.reviewer.person)
    return answers


def _one(worker: Worker, task: Task, policy: str | None, chance: random.Random) -> int:
    if chance.random() < FAR_SHARE:
        skip(worker.reviewer, task.handle, "unsure")
        return 0
    found = chance.random() < (worker.sensitivity if policy else 1 - worker.specificity)
    named = (policy or task.policy or "harassment-bullying") if found else None
    answer(
        worker.reviewer,
        Given(
            key=uuid.uuid4(),
            handle=task.handle,
            action=_action(named) if named else "allow",
            policy=named,
            second_opinion=task.kind == Kind.DECIDE and chance.random() < FAR_SHARE,
            screen=list(_screen(worker, chance)),
        ),
    )
    return 1


def _action(policy: str) -> str:
    actions = written()[policy].actions
    return "remove" if "remove" in actions else actions[-1]


def _screen(worker: Worker, chance: random.Random) -> Iterator[tuple[str, int]]:
    """What the screen tells of an item: a paint, some signs of life, at times a look elsewhere, an answer."""
    took = round(1000 * worker.seconds * chance.lognormvariate(0, 0.5))
    yield "paint", 0
    for _ in range(chance.randrange(1, 5)):
        yield "input", chance.randrange(took)
    if chance.random() < 0.1:
        away = round(1000 * chance.uniform(5, 90))
        yield "blur", took
        yield "focus", took + away
        took += away + 500
    yield "decide", took
