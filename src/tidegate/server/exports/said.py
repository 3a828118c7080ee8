"""What people said under one policy, and of a judge's answers: what `tidegate policy improve` learns from.

Three files: the posts with the content that was judged, a label of each, and the feedback on what the judge
said of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import polars as pl
from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.runs.judging.feedback import Feedback, write_feedback
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.models import Decision, ItemVersion
from tidegate.server.ledger.actions import Act, append
from tidegate.server.quality.settled import settled_among
from tidegate.server.review.models import USEFUL, WRONG, Answer, Kind
from tidegate.server.review.policies import written
from tidegate.server.review.showing import judge_shown
from tidegate.server.zones.scope import within_zones
from tidegate.tables import ITEMS, LABELS

POSTS, TOLD, FEEDBACK = "posts.parquet", "labels.parquet", "feedback.jsonl"
ONE_VOICE = "all who answered"
"""The labeller of a label that nobody but its givers has confirmed."""

AT_ONCE = 500


@dataclass(frozen=True)
class Label:
    """What people say of the newest content of an item, and by what it is settled; whether the judge was
    asked about it, and what reviewers said of its answers: useful or not, the clause cited, why."""

    item: int
    violates: bool
    how: str
    at: datetime
    asked: bool
    feedback: tuple[tuple[bool, str | None, str], ...]


@dataclass(frozen=True)
class Said:
    """How many posts were taken out, how many labels are settled by more than one voice, how many items were
    left out since people differ, and how many answers of the judge were spoken of."""

    posts: int
    settled: int
    open: int
    feedback: int


def write_said(
    zone: str,
    policy: str,
    judge: str,
    out: Path,
    *,
    actor: str,
    since: datetime | None = None,
    most: int | None = None,
) -> Said:
    """Write the three files into the new folder `out`, and record who took them.

    Of more than `most` posts those are taken that the judge was asked about, then the newest.

    Raises:
        RunError: there is no such policy, nobody has answered under it there, or the folder is not empty.
    """
    if policy not in written():
        raise RunError(
            f"there is no policy '{policy}'",
            where=Where(field="policy"),
            remedy=f"{nearest(policy, written())}Policies are {', '.join(written())}.",
        )
    if out.exists() and any(out.iterdir()):
        raise RunError("this folder is not empty", where=Where(out), remedy="Name a new one.")
    with within_zones([zone]):
        found, differ = _labels(zone, policy, judge, since)
        if not found:
            raise RunError(
                f"nobody has said in '{zone}' whether anything violates {policy}",
                where=Where(field="zone"),
                remedy="Give another zone, or an earlier --since.",
            )
        found.sort(key=lambda one: (not one.asked, -one.at.timestamp(), one.item))
        told = _with_content(found[:most], policy)
        out.mkdir(parents=True, exist_ok=True)
        told.posts.write_parquet(out / POSTS)
        told.labels.write_parquet(out / TOLD)
        write_feedback(out / FEEDBACK, told.feedback)
        details = {"posts": len(told.posts), "feedback": len(told.feedback)}
        with transaction.atomic():
            append([Act(actor, "labels.exported", zone, f"policy:{policy}", details)])
    settled = int((told.labels["labeller"] != ONE_VOICE).sum())
    return Said(len(told.posts), settled, differ, len(told.feedback))


@dataclass(frozen=True)
class Told:
    posts: pl.DataFrame
    labels: pl.DataFrame
    feedback: list[Feedback]


def _labels(zone: str, policy: str, judge: str, since: datetime | None) -> tuple[list[Label], int]:
    """Labels under the policy, and how many items people differ about."""
    found, differ = [], 0
    for answers in _by_item(zone, since):
        held = settled_among(answers)
        if held is None and len({(one.violates, one.policy) for one in answers}) > 1:
            differ += 1
            continue
        answer, how = (held.answer, held.how.value) if held is not None else (answers[-1], ONE_VOICE)
        # What violates another policy was not looked at under this one.
        if not answer.violates or answer.policy == policy:
            asked, spoken = _spoken(answers, policy, judge)
            found.append(Label(answer.item_id, answer.violates, how, answer.answered_at, asked, spoken))
    return found, differ


def _by_item(zone: str, since: datetime | None) -> Iterator[list[Answer]]:
    """Answers on the content that stands, item by item. Those on golds are held against the settled one."""
    rows = Answer.objects.filter(zone=zone, undone_at=None).exclude(task__kind=Kind.GOLD)
    if since is not None:
        rows = rows.filter(answered_at__gte=since)
    rows = rows.select_related("item", "task__decision").order_by("item_id", "answered_at", "pk")
    for _, group in groupby(rows.iterator(chunk_size=AT_ONCE), key=lambda one: one.item_id):
        answers = [one for one in group if one.item_version == one.item.version]
        if answers:
            yield answers


def _spoken(
    answers: list[Answer], policy: str, judge: str
) -> tuple[bool, tuple[tuple[bool, str | None, str], ...]]:
    """Whether the judge was asked, and what was said of its answers, where these are about the policy."""
    asked, spoken = False, []
    for one in answers:
        said = _heard(one.task.decision, judge)
        asked = asked or said is not None
        if said is not None and one.assist_verdict and said.get("policy") in (policy, None):
            useful = one.assist_verdict == USEFUL
            why = "" if useful or one.assist_verdict == WRONG else one.assist_verdict
            spoken.append((useful, said.get("clause"), why))
    return asked, tuple(spoken)


def _heard(decision: Decision | None, judge: str) -> dict[str, Any] | None:
    """What this judge said when the question was asked, if it is what the screen shows."""
    shown = None if decision is None else judge_shown(orjson.loads(decision.signals))
    return shown[1] if shown is not None and shown[0] == judge else None


def _with_content(labels: list[Label], policy: str) -> Told:
    posts, rows, feedback = [], [], []
    for start in range(0, len(labels), AT_ONCE):
        some = labels[start : start + AT_ONCE]
        versions = {
            one.item_id: one
            for one in ItemVersion.objects.filter(item__in=[label.item for label in some])
            .select_related("item")
            .order_by("number")
        }
        for label in some:
            version = versions[label.item]
            if not version.text:  # erased, or a picture: there is nothing to read
                continue
            name = version.item.external_id
            about = {"id": name, "views": version.item.views, "reports": version.item.reports}
            posts.append(about | {column: getattr(version, column) for column in CONTENT})
            rows.append((name, label.violates, policy if label.violates else None, label.how, label.at))
            feedback += [Feedback(name, *one) for one in label.feedback]
    frame = pl.DataFrame(posts, schema=ITEMS.schema)
    return Told(frame, pl.DataFrame(rows, schema=LABELS.schema, orient="row"), feedback)
