"""What the settled answer to an item is: by arbitration, by an appeal, or since two people agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tidegate.server.content.models import Item
from tidegate.server.quality.models import How
from tidegate.server.review.models import Answer, Kind
from tidegate.server.review.rights import RIGHT

ENOUGH = 2
"""How many must agree."""


@dataclass(frozen=True)
class Settled:
    """The answer that holds, and by what."""

    answer: Answer
    how: How


def settled(item: Item) -> Settled | None:
    """The newest settled answer on the version of an item that stands; None where there is none."""
    answers = Answer.objects.filter(item=item, item_version=item.version, undone_at=None)
    # Answers on golds are held against the settled one; they are no evidence of it.
    given = answers.exclude(task__kind=Kind.GOLD).select_related("task").order_by("answered_at", "pk")
    return settled_among(list(given))


def settled_among(given: list[Answer]) -> Settled | None:
    """The newest settled answer of those that were given on one version of an item, in their order."""
    found = [*_weightier(given), *_agreed(given)]
    return max(found, key=lambda one: (one.answer.answered_at, one.answer.pk), default=None)


def _weightier(given: list[Answer]) -> Iterator[Settled]:
    for answer in given:
        if answer.task.right == RIGHT[Kind.ARBITRATE]:
            yield Settled(answer, How(How.ARBITRATION))
        elif answer.task.right == RIGHT[Kind.APPEAL]:
            yield Settled(answer, How(How.APPEAL))


def _agreed(given: list[Answer]) -> Iterator[Settled]:
    """Questions that several people answered, and all alike."""
    questions: dict[object, list[Answer]] = defaultdict(list)
    for answer in given:
        if answer.task.right not in (RIGHT[Kind.ARBITRATE], RIGHT[Kind.APPEAL]):
            questions[answer.task.question].append(answer)
    for answers in questions.values():
        alike = len({(one.violates, one.policy) for one in answers}) == 1
        if alike and len({one.person_id for one in answers}) >= ENOUGH:
            yield Settled(answers[-1], How(How.AGREEMENT))
