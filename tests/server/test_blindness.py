"""Nothing tells a blind task from others that show nothing: neither its handle, nor what comes back, nor who
may be sent it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.server.test_review import reported, somebody, stands

pytestmark = pytest.mark.usefixtures("everywhere")


@pytest.fixture
def unassisted(inside: Path) -> Iterator[None]:
    """The queue `reported` shows nobody what the machine found."""
    from tidegate.server.review.queues import queues

    file = inside / "tidegate.toml"
    before = file.read_text()
    file.write_text(before.replace("assist = 1", "assist = 0").replace("gold = 0.5", "gold = 0"))
    queues.cache_clear()
    yield
    file.write_text(before)
    queues.cache_clear()


def audited() -> Any:
    """An open draw of the audit."""
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import Kind, State, Task

    item = reported()
    Task.objects.filter(item=item, state=State.OPEN).update(state=State.GONE)
    decision = stands(item)
    decision.action, decision.audited = "allow", True
    fill([decision])
    return Task.objects.get(item=item, kind=Kind.AUDIT, state=State.OPEN)


def asked() -> Any:
    """An open question what is to be done."""
    from tidegate.server.review.models import State, Task

    return Task.objects.get(item=reported(), state=State.OPEN)


def test_a_handle_alone_does_not_tell_whether_a_task_shows_what_the_machine_found() -> None:
    from tidegate.server.review.assisting import assisted
    from tidegate.server.review.models import Kind, Task

    tasks = [Task(kind=Kind.DECIDE, queue="general", handle=uuid.uuid4()) for _ in range(200)]
    with override_settings(SECRET_KEY="one"):
        here = [assisted(task) for task in tasks]
    with override_settings(SECRET_KEY="other"):
        there = [assisted(task) for task in tasks]
    assert here != there
    assert 0.6 < sum(here) / len(here) < 0.9


def test_what_comes_of_an_answer_is_told_alike_whether_the_task_is_blind_or_not(unassisted: None) -> None:
    from tidegate.server.review.leasing import lease

    who = somebody("moderator")
    client = Client()
    client.force_login(who.person)
    for more in ({}, {"second_opinion": True}):
        blind, plain = audited(), asked()
        window = str(uuid.uuid4())
        assert {task.pk for task in lease(who)} >= {blind.pk, plain.pk}
        came = []
        for task in (blind, plain):
            body = {"key": str(uuid.uuid4()), "handle": str(task.handle), "action": "allow", **more}
            body |= {"have": [], "window": window}
            told = client.post("/review/answer", body, content_type="application/json")
            came.append(told.json()["came"])
        assert came[0] == came[1]


@pytest.mark.parametrize("role", ["qa", "lead", "senior"])
def test_who_may_be_sent_a_task_is_the_same_whether_it_is_blind_or_not(unassisted: None, role: str) -> None:
    from tidegate.errors import RunError
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.leaving import send

    who, other = somebody("moderator"), somebody(role)
    may = []
    for task in (audited(), asked()):
        assert task in lease(who)
        try:
            send(who, task.handle, other.person, "look")
        except RunError:
            may.append(False)
        else:
            may.append(True)
    assert may[0] == may[1]
