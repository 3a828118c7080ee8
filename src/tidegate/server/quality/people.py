"""How people's answers fare: how many, how long they take, and how often others come to the same.

Only what was answered is looked at. Nothing here knows of breaks, of tasks that were passed over, of areas
that somebody does not review, or of time without an answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.server.quality.accuracy import FEWEST_PEOPLE, Accuracy, by_person, gold_answers
from tidegate.server.quality.medians import Median, median
from tidegate.server.quality.shares import Share
from tidegate.server.review.models import Answer, Kind

Verdict = tuple[bool, str]
"""Whether it violates, and the action."""


@dataclass(frozen=True)
class Looked:
    """How answers fared with others who looked at the same.

    Attributes:
        alike: questions that others answered too, before arbitration; in how many all said the same.
        arbitrated: of answers that others answered too, those that arbitration did not uphold.
        appealed: of answers that were appealed against, those that did not stand.
    """

    alike: Share
    arbitrated: Share
    appealed: Share


@dataclass(frozen=True)
class Figures:
    """Of one person, or of a group.

    Attributes:
        answers: that were not taken back; `together` of them came from decisions on near-duplicates.
        active_hours: with the item before them.
        seconds: active, of one answer by itself.
        gold: None where no gold was answered.
    """

    people: int
    answers: int
    together: int
    active_hours: float
    seconds: Median
    looked: Looked
    gold: Share


@dataclass(frozen=True)
class _Given:
    person: int
    question: object
    kind: str
    said: Verdict
    active_ms: int
    together: bool
    decision: int | None
    about: int | None
    """The decision that the question was about."""


def figures_of(people: Collection[int], since: datetime) -> dict[int, Figures]:
    """Of each of these people who answered anything in the zones of the scope from `since` on."""
    given = _given(since)
    golds = by_person(gold_answers(since))
    fates = _fates(given)
    mine: dict[int, list[_Given]] = defaultdict(list)
    for one in given:
        mine[one.person].append(one)
    return {person: _figures([person], mine[person], fates, golds) for person in people if mine.get(person)}


def figures_by_group(groups: Mapping[str, Collection[int]], since: datetime) -> dict[str, Figures]:
    """Of each group in which `FEWEST_PEOPLE` or more answered something."""
    given = _given(since)
    golds = by_person(gold_answers(since))
    fates = _fates(given)
    found = {}
    for name, people in groups.items():
        mine = [one for one in given if one.person in people]
        if len({one.person for one in mine}) >= FEWEST_PEOPLE:
            found[name] = _figures(sorted({one.person for one in mine}), mine, fates, golds)
    return found


def _given(since: datetime) -> list[_Given]:
    rows = Answer.objects.filter(answered_at__gte=since, undone_at=None).order_by("pk")
    return [
        _Given(person, question, kind, (violates, action), ms, bulk is not None, decision, about)
        for person, question, kind, violates, action, ms, bulk, decision, about in rows.values_list(
            "person_id",
            "task__question",
            "task__kind",
            "violates",
            "action",
            "active_ms",
            "bulk",
            "decision_id",
            "task__decision_id",
        )
    ]


Fates = Mapping[int, list[tuple[str, bool]]]
"""By person: how an answer of theirs fared, by what was looked at, and whether well."""


def _fates(given: list[_Given]) -> Fates:
    found: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for person, what, well in [*_of_questions(given), *_of_appeals(given)]:
        found[person].append((what, well))
    return found


def _of_questions(given: list[_Given]) -> Iterator[tuple[int, str, bool]]:
    questions: dict[object, list[_Given]] = defaultdict(list)
    for one in given:
        if one.kind != Kind.GOLD:
            questions[one.question].append(one)
    for answers in questions.values():
        last = next((one for one in reversed(answers) if one.kind == Kind.ARBITRATE), None)
        asked = [one for one in answers if one.kind != Kind.ARBITRATE]
        if len({one.person for one in asked}) < 2:
            continue
        alike = len({one.said for one in asked}) == 1
        for one in asked:
            yield one.person, "alike", alike
            if alike or last is not None:
                yield one.person, "arbitrated", last is not None and one.said != last.said


def _of_appeals(given: list[_Given]) -> Iterator[tuple[int, str, bool]]:
    decided = {one.decision: one for one in given if one.decision is not None}
    for one in given:
        first = None if one.kind != Kind.APPEAL or one.about is None else decided.get(one.about)
        if first is not None:
            yield first.person, "appealed", first.said != one.said


def _figures(people: list[int], mine: list[_Given], fates: Fates, golds: Mapping[int, Accuracy]) -> Figures:
    alone = [one.active_ms / 1000 for one in mine if not one.together]
    fared = [fate for person in people for fate in fates.get(person, [])]
    right = [golds[person].right for person in people if person in golds]
    return Figures(
        people=len(people),
        answers=len(mine),
        together=len(mine) - len(alone),
        active_hours=sum(one.active_ms for one in mine) / 3_600_000,
        seconds=median(alone),
        looked=Looked(*(_share(fared, what) for what in ("alike", "arbitrated", "appealed"))),
        gold=Share.of_counts(
            sum(round((one.estimate or 0) * one.of) for one in right), sum(one.of for one in right)
        ),
    )


def _share(fared: list[tuple[str, bool]], what: str) -> Share:
    some: list[Any] = [well for kind, well in fared if kind == what]
    return Share.of_counts(sum(some), len(some))
