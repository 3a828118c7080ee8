"""How often people find the answer of golds: by person, queue, policy, language and role, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tidegate.measure.reviewers import Skill, skill_from_golds
from tidegate.measure.reviewers.skill import exact_limits
from tidegate.server.people.models import Role
from tidegate.server.quality.models import Because, Gold
from tidegate.server.quality.shares import Share
from tidegate.server.review.models import Answer, Kind

BY = ("queue", "policy", "language", "role")
FEWEST_PEOPLE = 5
"""A group of fewer is not shown: its figure would be one about persons."""
SCHEMA = {
    "person": pl.Int64,
    "queue": pl.String,
    "policy": pl.String,
    "language": pl.String,
    "truth": pl.Boolean,
    "said": pl.Boolean,
    "right": pl.Boolean,
}


@dataclass(frozen=True)
class Accuracy:
    """Of one person or group.

    Attributes:
        right: answers that are the gold's, policy and all.
        found: violating golds that were called violating; spared: fine ones that were called fine.
    """

    value: str
    people: int
    right: Share
    found: Share
    spared: Share


def gold_answers(since: datetime) -> pl.DataFrame:
    """Answers on golds in the zones of the scope, from `since` on; a row each, with the columns of `SCHEMA`.

    Answers that were taken back, and those on golds that were mistaken, are left out.
    """
    golds = {
        (item, version): (violates, policy, suspected)
        for item, version, violates, policy, suspected in Gold.objects.exclude(
            retired_because=Because.MISTAKEN
        ).values_list("item_id", "item_version", "violates", "policy", "suspected")
    }
    answers = Answer.objects.filter(task__kind=Kind.GOLD, undone_at=None, answered_at__gte=since)
    rows = []
    for person, item, version, said, policy, queue, language in answers.order_by("pk").values_list(
        "person_id", "item_id", "item_version", "violates", "policy", "task__queue", "task__language"
    ):
        if (item, version) in golds:
            truth, of, suspected = golds[item, version]
            right = said == truth and (policy == of or not truth)
            rows.append((person, queue, of or suspected, language, truth, said, right))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def by_person(answers: pl.DataFrame) -> dict[int, Accuracy]:
    """Of each person who answered on golds."""
    return {int(person): _accuracy(str(person), rows) for (person,), rows in answers.group_by(["person"])}


def by_group(answers: pl.DataFrame, by: str) -> list[Accuracy]:
    """Of each value of `by`, one of `BY`, that has `FEWEST_PEOPLE` or more; in the order of their names.

    Those that are left out have as many together, or else another one is left out too: what all answered,
    which other groups tell, less what is shown would tell of them.
    """
    rows = _with_roles(answers) if by == "role" else answers
    groups = sorted(rows.group_by([by]), key=lambda group: _people(group[1]))
    shown = [(value, some) for (value,), some in groups if value is not None]
    shown = [(value, some) for value, some in shown if _people(some) >= FEWEST_PEOPLE]
    left_out = rows.filter(~pl.col(by).is_in([value for value, _ in shown]).fill_null(value=False))
    while shown and 0 < _people(left_out) < FEWEST_PEOPLE:
        left_out = pl.concat([left_out, shown.pop(0)[1]])
    return sorted((_accuracy(str(value), some) for value, some in shown), key=lambda one: one.value)


def _people(rows: pl.DataFrame) -> int:
    return rows["person"].n_unique()


def _with_roles(answers: pl.DataFrame) -> pl.DataFrame:
    """A row for each role of whoever answered."""
    given = Role.objects.filter(person__in=answers["person"].unique().to_list())
    roles = pl.DataFrame(
        list(given.values_list("person_id", "name")),
        schema={"person": pl.Int64, "role": pl.String},
        orient="row",
    )
    return answers.join(roles, on="person")


def _accuracy(value: str, rows: pl.DataFrame) -> Accuracy:
    skill: Skill = skill_from_golds(rows["truth"], rows["said"])
    right, answers = int(rows["right"].sum()), len(rows)
    return Accuracy(
        value,
        _people(rows),
        Share.of_counts(right, answers),
        Share(
            skill.sensitivity,
            *exact_limits(skill.sensitivity, skill.of_violating, 0.95),
            int(skill.of_violating),
        ),
        Share(skill.specificity, *exact_limits(skill.specificity, skill.of_fine, 0.95), int(skill.of_fine)),
    )
