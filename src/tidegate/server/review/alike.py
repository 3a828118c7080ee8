"""Open questions whose text is a near-duplicate of one that somebody has before them, and what differs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from uuid import UUID

from django.db.models import F, Q

from tidegate.server.content.models import ItemVersion
from tidegate.server.review import leasing
from tidegate.server.review.assisting import assisted, is_helped
from tidegate.server.review.clock import now
from tidegate.server.review.models import Kind, State, Task
from tidegate.server.review.reviewers import Reviewer
from tidegate.signals.judge.duplicates import Fingerprint, fingerprint, plain

SIMILAR = 0.8
MOST = 20
"""What is shown at once."""
COMPARED = 5_000
"""The weightiest, of those that are looked at."""
LENGTHS = 3.0
"""A text that is so many times longer or shorter, signs and all, is not compared."""
_TOKENS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]|\w+|\s+|[^\w\s]")

Part = tuple[str, str]
"""same, removed or added; and the stretch of text."""


@dataclass(frozen=True)
class Alike:
    """A near-duplicate: its similarity from 0 to 1, and its text against the first one's."""

    task: Task
    text: str
    similarity: float
    parts: Sequence[Part]


def alike(who: Reviewer, of: Task, window: UUID | None) -> list[Alike]:
    """Near-duplicates of a task that somebody holds, the nearest first: leased to them within their limits.

    None of a task that is no plain question, or has no text; and none of those that show nothing of the
    machine's, since blind ones look like them.
    """
    text = ItemVersion.objects.get(item=of.item_id, number=of.item_version).text
    if not assisted(of) or not text:
        return []
    near = sorted(_near(who, of, text), key=lambda one: (-one[0], one[1]))[:MOST]
    said = {pk: (similarity, other) for similarity, pk, other in near}
    held = leasing.lease_these(who, list(said), window)
    found = [Alike(task, said[task.pk][1], said[task.pk][0], parts(text, said[task.pk][1])) for task in held]
    return sorted(found, key=lambda one: (-one.similarity, one.task.pk))


def _near(who: Reviewer, of: Task, text: str) -> Iterator[tuple[float, int, str]]:
    """Similarity, task and text."""
    at = now()
    tasks = Task.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=at) | Q(leased_to=who.person),
        Q(assigned_to=None) | Q(assigned_to=who.person),
        kind=Kind.DECIDE,
        state=State.OPEN,
        zone=of.zone,
        queue=of.queue,
        language=of.language,
        item__versions__number=F("item_version"),
        item__versions__text__isnull=False,
    ).exclude(item=of.item_id)
    mine, letters = fingerprint(text), plain(text)
    seen = set()
    rows = tasks.order_by("rank").values_list("pk", "handle", "item_id", "item__versions__text")
    for pk, handle, item, other in rows[:COMPARED]:
        if not is_helped(handle, of.queue):
            continue
        if item in seen or not len(text) / LENGTHS <= len(other) <= len(text) * LENGTHS:
            continue
        similarity = _similarity(mine, letters, other)
        if similarity >= SIMILAR:
            seen.add(item)
            yield similarity, pk, other


def _similarity(mine: Fingerprint | None, letters: str, other: str) -> float:
    if mine is None:  # too short to share but a part
        return float(plain(other) == letters != "")
    theirs = fingerprint(other)
    return 0.0 if theirs is None else mine.similarity(theirs)


def parts(text: str, other: str) -> list[Part]:
    """The other text, with what it has not and what it has more than the first, by words."""
    old, new = _TOKENS.findall(text), _TOKENS.findall(other)
    found: list[Part] = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", "".join(new[k:m])))
            continue
        if i < j:
            found.append(("removed", "".join(old[i:j])))
        if k < m:
            found.append(("added", "".join(new[k:m])))
    return found
