"""Which words moved a score: told to those who are helped, and to nobody else."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from tests.server.test_queues import signed_in
from tests.server.test_review import only, reported, somebody, stands

pytestmark = pytest.mark.usefixtures("inside")

INSULT = "You are a stupid, worthless idiot and everybody hates you."


@pytest.fixture(autouse=True)
def everywhere(inside: Path) -> Iterator[None]:
    from tidegate.server.quality.models import Gold
    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        Gold.objects.filter(retired_at=None).update(retired_at="2020-01-01T00:00:00Z")
        yield


def scored(*detectors: str, text: str = INSULT) -> Any:
    """A held item whose decision has what these detectors really say of it."""
    from tidegate.server.launches.decider import site

    item = reported(text=text)
    decision, bench = stands(item), site()
    said = {}
    for name in detectors:
        frame = bench.detectors[name].detect(pl.DataFrame({"text": [text], "kind": ["text"]}))
        said[name] = {column.partition(".")[2]: frame[column][0] for column in frame.columns}
    decision.signals = orjson.dumps(said).decode()
    decision.detectors = json.dumps({name: bench.catalog.detectors[name].version for name in detectors})
    decision.save(update_fields=["signals", "detectors"])
    return item


def asked(who: Any, *tasks: Any) -> dict[str, Any]:
    body = {"of": [str(task.handle) for task in tasks], "window": str(tasks[0].handle)}
    answer = signed_in(who).post("/review/words", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    moved: dict[str, Any] = answer.json()["moved"]
    return moved


@pytest.mark.parametrize("detector", ["text", "quick"])
def test_who_is_helped_is_told_the_words_of_each_harm_that_is_suspected(detector: str) -> None:
    scored(detector)
    who = somebody("moderator")
    task = only(who)
    (told,) = [one for one in asked(who, task)[str(task.handle)] if one["harm"] == "harassment"]
    words = [INSULT[begin:end] for begin, end in told["words"]]
    assert "idiot" in words
    assert set(words) <= set(INSULT.replace(",", " ").replace(".", " ").split())


def test_the_detector_with_the_highest_score_is_asked_and_only_in_the_version_that_gave_it() -> None:
    from tidegate.server.review.moved import moved

    item = scored("quick", "text")
    task = only(somebody("moderator"))
    (before,) = moved([task]).values()
    assert before
    decision = stands(item)
    decision.detectors = json.dumps({"quick": "other", "text": "other"})
    decision.save(update_fields=["detectors"])
    assert moved([task]) == {str(task.handle): []}


def test_a_detector_that_is_switched_off_is_not_asked() -> None:
    from tidegate.server.launches.actions import switch_off, switch_on
    from tidegate.server.launches.models import Kind
    from tidegate.server.review.moved import moved

    scored("text")
    task = only(somebody("moderator"))
    switch_off(Kind.DETECTOR, "text", "a test", actor="test")
    try:
        assert moved([task]) == {str(task.handle): []}
    finally:
        switch_on(Kind.DETECTOR, "text", actor="test")


def test_nothing_is_told_of_blind_tasks_of_others_tasks_or_where_nobody_is_helped() -> None:
    from tidegate.server.review.assisting import is_helped
    from tidegate.server.review.models import Kind, Task

    scored("text")
    who = somebody("moderator")
    task = only(who)
    assert asked(somebody("moderator"), task) == {}
    # By this handle a task comes without help, where its queue helps with three quarters of them.
    handle = next(one for one in iter(uuid.uuid4, None) if not is_helped(one, "unhelped"))
    for change in ({"kind": Kind.AUDIT}, {"kind": Kind.GOLD}, {"kind": Kind.APPEAL}, {"queue": "unhelped"}):
        before = {name: getattr(task, name) for name in change}
        Task.objects.filter(pk=task.pk).update(**change, handle=handle)
        task.refresh_from_db()
        assert asked(who, task) == {}
        Task.objects.filter(pk=task.pk).update(**before)
        task.refresh_from_db()
    assert asked(who, task)[str(task.handle)]
