"""Whatever order answers, undoing and sending come in: what is held is asked of somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.server.test_review import REMOVE, answered, only, posted, reported, somebody, stands, told

pytestmark = pytest.mark.usefixtures("everywhere")


def lapsed(task: Any) -> None:
    """Nobody renewed the lease."""
    from tidegate.server.review.models import Task

    Task.objects.filter(pk=task.pk).update(leased_until="2020-01-01T00:00:00Z")


def test_an_answer_is_taken_back_after_another_one_came_late() -> None:
    from tidegate.server.review.answering import undo
    from tidegate.server.review.models import State

    item, one, other = reported(), somebody("moderator"), somebody("moderator")
    task = only(one)
    lapsed(task)
    assert only(other).pk == task.pk
    first = answered(one, task, *REMOVE)
    assert answered(other, task, "allow").came == "late"
    undo(one, first.answer.key)
    task.refresh_from_db()
    assert stands(item).action == "review"
    assert task.state == State.OPEN
    assert answered(one, task, "allow").came == "decided"
    assert stands(item).action == "allow"


def test_a_late_answer_is_taken_back_and_the_first_one_stays() -> None:
    from tidegate.server.review.answering import undo
    from tidegate.server.review.models import State

    reported()
    one, other = somebody("moderator"), somebody("moderator")
    task = only(one)
    lapsed(task)
    only(other)
    answered(one, task, *REMOVE, second_opinion=True)
    late = answered(other, task, "allow")
    undo(other, late.answer.key)
    task.refresh_from_db()
    assert task.state == State.DONE


def test_the_answer_to_an_appeal_is_taken_back_and_what_it_answered_too_is_asked_again() -> None:
    from tidegate.server.review.answering import undo
    from tidegate.server.review.filling import fill
    from tidegate.server.review.models import Kind, State, Task

    item = posted(market="XX")
    told(item, "appeal", by="me", statement="not so")
    held = stands(item)
    held.pk, held.action, held.audited = None, "review", False  # a strategy asks again
    held.save()
    fill([held])
    senior = somebody("senior")
    Task.objects.filter(item=item, kind=Kind.DECIDE).update(leased_to=somebody("lead").person)
    appeal = Task.objects.get(item=item, kind=Kind.APPEAL)
    made = answered(senior, appeal, *REMOVE).answer
    assert not Task.objects.filter(item=item, state=State.OPEN).exists()
    undo(senior, made.key)
    assert stands(item).action == "review"
    kinds = Task.objects.filter(item=item, state=State.OPEN).values_list("kind", flat=True)
    assert sorted(kinds) == ["appeal", "decide"]


def test_a_second_opinion_that_was_asked_for_is_taken_back_with_the_answer() -> None:
    from tidegate.server.review.answering import undo

    item, one = reported(), somebody("moderator")
    task = only(one)
    made = answered(one, task, *REMOVE, second_opinion=True).answer
    undo(one, made.key)
    assert answered(one, task, *REMOVE).came == "decided"
    assert stands(item).action == "remove"


def test_what_is_sent_to_somebody_who_cannot_be_given_it_waits_for_others() -> None:
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.leaving import send, skip

    reported()
    one, other, third = (somebody("moderator") for _ in range(3))
    task = only(one)
    skip(one, task.handle, "distress")
    assert only(other).pk == task.pk
    send(other, task.handle, one.person, "please")
    assert lease(one) == []
    assert only(third).pk == task.pk


def test_a_second_opinion_that_is_sent_to_whoever_gave_the_first_waits_for_others() -> None:
    from tidegate.server.review.leaving import send

    reported()
    one, other, third = (somebody("moderator") for _ in range(3))
    answered(one, only(one), *REMOVE, second_opinion=True)
    task = only(other)
    send(other, task.handle, one.person, "please")
    assert only(third).pk == task.pk


def test_whoever_sends_a_task_does_not_get_it_back_and_so_learns_nothing_of_the_other() -> None:
    from tidegate.server.care.pauses import step_away
    from tidegate.server.review.leasing import lease
    from tidegate.server.review.leaving import send

    reported()
    one, other, third = (somebody("moderator") for _ in range(3))
    step_away(other.person)
    task = only(one)
    send(one, task.handle, other.person, "please")
    assert lease(one) == []
    assert only(third).pk == task.pk
    send(third, task.handle, one.person, "you know it")  # by name it comes back
    assert only(one).pk == task.pk


def test_what_is_reserved_for_somebody_who_lost_the_zone_waits_for_others() -> None:
    from tidegate.server.review.leaving import hold
    from tidegate.server.review.models import Task

    reported()
    one, other = somebody("moderator", zones=("us", "eu")), somebody("moderator")
    task = only(one)
    hold(one, task.handle, timedelta(minutes=5))
    Task.objects.filter(pk=task.pk).update(not_before=None)
    one.person.clearances.filter(zone="us").delete()
    assert only(other).pk == task.pk


def test_an_appeal_outlives_an_edit() -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.review.models import Kind, State, Task

    item = posted(market="XX")
    told(item, "appeal", by="me", statement="not so")
    one, other = somebody("senior"), somebody("senior")
    appeal = only(one)
    full = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at five?", "market": "XX"}
    take_in([Arrival("key:test", "us", item.external_id, full, None)])
    Task.objects.filter(item=item, kind=Kind.AUDIT).update(state=State.GONE)
    assert answered(one, appeal, "allow").came == "late"
    assert stands(item).action == "remove"
    assert answered(other, only(other), "allow").came == "decided"
    assert stands(item).reason == "appeal_granted"


def test_what_somebody_held_whose_lease_has_lapsed_is_opened_to_all_too() -> None:
    from tidegate.server.quality.assigning import open_to_all
    from tidegate.server.review.models import Task

    reported()
    gone, other = somebody("moderator"), somebody("moderator")
    task = only(gone)
    Task.objects.filter(pk=task.pk).update(assigned_to=gone.person)
    assert open_to_all(gone.person, somebody("lead").person) == 0  # it is with them
    lapsed(task)
    assert open_to_all(gone.person, somebody("lead").person) == 1
    assert only(other).pk == task.pk


def test_a_call_of_the_script_that_says_nothing_sensible_is_understood() -> None:
    import uuid

    from django.test import Client

    client = Client()
    client.force_login(somebody("moderator").person)
    for where, more in (("take", {"have": 5}), ("return", {"unseen": None})):
        body = {"window": str(uuid.uuid4()), **more}
        said = client.post(f"/review/{where}", body, content_type="application/json")
        assert said.status_code == 200


def test_nothing_is_taken_back_for_a_window_without_a_name() -> None:
    """What cannot be answered with what is next is not half done."""
    from tidegate.server.review.models import Answer

    item, who = reported(), somebody("moderator")
    outcome = answered(who, only(who), *REMOVE)
    client = Client()
    client.force_login(who.person)
    told = client.post("/review/undo", {"key": str(outcome.answer.key)}, content_type="application/json")
    assert (told.status_code, told.json()["field"]) == (422, "window")
    assert Answer.objects.get(pk=outcome.answer.pk).undone_at is None
    assert stands(item).action == "remove"
