"""How often people find the answer of golds: by person, queue, policy, language and role, with intervals.

Golds that were escalated or passed over are told of groups alone: who passes what over is nobody's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tidegate.measure.reviewers import Skill, skill_from_golds
from tidegate.measure.reviewers.skill import exact_limits
from tidegate.server.people.models import Role
from tidegate.server.quality.models import Because, Gold
from tidegate.server.quality.shares import Share
from tidegate.server.review.leaving import ESCALATED
from tidegate.server.review.models import Answer, Kind, Skip

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
    "left": pl.String,
}
PASSED = "passed"


@dataclass(frozen=True)
class Accuracy:
    """Of one person or group.

    Attributes:
        right: answers that are the gold's, policy and all.
        found: violating golds that were called violating; spared: fine ones that were called fine.
        escalated, passed: golds that were left without an answer, of all that were asked.
    """

    value: str
    people: int
    right: Share
    found: Share
    spared: Share
    escalated: Share
    passed: Share


def gold_answers(since: datetime) -> pl.DataFrame:
    """Answers on golds in the zones of the scope, from `since` on; a row each, with the columns of `SCHEMA`.

    Answers that were taken back, and those on golds that were mistaken, are left out.
    """
    golds = _golds()
    answers = Answer.objects.filter(task__kind=Kind.GOLD, undone_at=None, answered_at__gte=since)
    rows = []
    for person, item, version, said, policy, queue, language in answers.order_by("pk").values_list(
        "person_id", "item_id", "item_version", "violates", "policy", "task__queue", "task__language"
    ):
        if (item, version) in golds:
            gold = golds[item, version]
            right = said == gold.violates and (policy == gold.policy or not gold.violates)
            about = gold.policy or gold.suspected
            rows.append((person, queue, about, language, gold.violates, said, right, None))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def golds_left(since: datetime) -> pl.DataFrame:
    """Golds that were left without an answer, in the same columns: `left` says how, `said` is null."""
    golds = _golds()
    left = Skip.objects.filter(task__kind=Kind.GOLD, at__gte=since)
    rows = []
    for person, item, version, reason, queue, language in left.order_by("pk").values_list(
        "person_id", "task__item_id", "task__item_version", "reason", "task__queue", "task__language"
    ):
        if (item, version) in golds:
            gold = golds[item, version]
            how = ESCALATED if reason == ESCALATED else PASSED
            rows.append(
                (person, queue, gold.policy or gold.suspected, language, gold.violates, None, None, how)
            )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _golds() -> dict[tuple[int, int], Gold]:
    """By item and version, without those that were mistaken."""
    found = Gold.objects.exclude(retired_because=Because.MISTAKEN)
    return {(gold.item_id, gold.item_version): gold for gold in found}


def by_person(answers: pl.DataFrame) -> dict[int, Accuracy]:
    """Of each person who answered on golds."""
    return {int(person): _accuracy(str(person), rows) for (person,), rows in answers.group_by(["person"])}


def by_group(asked: pl.DataFrame, by: str) -> list[Accuracy]:
    """Of each value of `by`, one of `BY`, in which `FEWEST_PEOPLE` or more answered; in the order of names.

    Those that are left out have as many together, or else another one is left out too: what all answered,
    which other groups tell, less what is shown would tell of them.

    Args:
        asked: rows of `gold_answers` and of `golds_left`.
    """
    rows = _with_roles(asked) if by == "role" else asked
    groups = sorted(rows.group_by([by]), key=lambda group: _people(_answered(group[1])))
    shown = [(value, some) for (value,), some in groups if value is not None]
    shown = [(value, some) for value, some in shown if _people(_answered(some)) >= FEWEST_PEOPLE]
    left_out = rows.filter(~pl.col(by).is_in([value for value, _ in shown]).fill_null(value=False))
    while shown and any(0 < _people(some) < FEWEST_PEOPLE for some in (left_out, _answered(left_out))):
        left_out = pl.concat([left_out, shown.pop(0)[1]])
    return sorted((_accuracy(str(value), some) for value, some in shown), key=lambda one: one.value)


def _answered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("left").is_null())


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
    given = _answered(rows)
    skill: Skill = skill_from_golds(given["truth"], given["said"])
    left = dict(rows.drop_nulls("left").group_by("left").len().iter_rows())
    return Accuracy(
        value,
        _people(given),
        Share.of_counts(int(given["right"].sum()), len(given)),
        Share(
            skill.sensitivity,
            *exact_limits(skill.sensitivity, skill.of_violating, 0.95),
            int(skill.of_violating),
        ),
        Share(skill.specificity, *exact_limits(skill.specificity, skill.of_fine, 0.95), int(skill.of_fine)),
        *(Share.of_counts(left.get(how, 0), len(rows)) for how in (ESCALATED, PASSED)),
    )
