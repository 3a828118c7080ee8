"""Near-duplicates: found among open questions, leased within limits, and answered one by one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_queues import only_of, signed_in
from tests.server.test_review import answered, reported, somebody, stands

pytestmark = pytest.mark.usefixtures("inside")

TEXT = "Buy the best tea of the river at our shop today and bring a friend along"
NEAR = "Buy the best tea of the river at our shop today and bring a friend along!!! 100"
FAR = "The tide comes in at four and nobody walks on the sand before it goes out"
TURNED = "Never buy the best tea of the river at our shop today and bring a friend along"


@pytest.fixture(autouse=True)
def everywhere(inside: Path) -> Iterator[None]:
    from tidegate.server.quality.models import Gold
    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        Gold.objects.filter(retired_at=None).update(retired_at="2020-01-01T00:00:00Z")
        yield


def found(who: Any, item: Any) -> list[Any]:
    from tidegate.server.review.alike import alike
    from tidegate.server.review.models import Task

    task = Task.objects.filter(item=item, leased_to=who.person, state="open").first()
    return alike(who, task or only_of(who, item), uuid.uuid4())


def test_what_says_the_same_is_found_and_what_turns_its_meaning_is_not() -> None:
    item = reported(text=TEXT)
    near, far, turned = reported(text=NEAR), reported(text=FAR), reported(text=TURNED)
    elsewhere, chinese = reported("eu", text=NEAR), reported(text=NEAR, language="zh")
    who = somebody("moderator", zones=("us", "eu"))
    assert [one.task.item_id for one in found(who, item)] == [near.pk]
    assert {far.pk, turned.pk, elsewhere.pk, chinese.pk} & {
        one.task.item_id for one in found(who, item)
    } == set()


def test_short_texts_must_be_the_same_but_for_signs() -> None:
    item, same, _other = (
        reported(text="Tea at four?"),
        reported(text="TEA, at 4 four!"),
        reported(text="Tea at five?"),
    )
    assert [one.task.item_id for one in found(somebody("moderator"), item)] == [same.pk]


def test_the_page_shows_what_differs() -> None:
    from tidegate.server.review.alike import parts

    told = parts("Tea at four today", "Tea at five today!")
    assert ("removed", "four") in told
    assert ("added", "five") in told
    assert "".join(part for what, part in told if what != "removed") == "Tea at five today!"
    assert parts("今天喝茶", "今天喝酒") == [("same", "今天喝"), ("removed", "茶"), ("added", "酒")]


def test_what_another_has_or_was_answered_already_is_left_alone() -> None:
    from tidegate.server.review.models import Task

    item, held, mine = (reported(text=TEXT) for _ in range(3))
    who, other = somebody("moderator"), somebody("moderator")
    Task.objects.filter(item=held, state="open").update(
        leased_to=other.person, leased_until="2100-01-01T00:00:00Z"
    )
    answered(who, only_of(who, mine), "allow", second_opinion=True)
    only_of(who, item)
    Task.objects.filter(leased_to=who.person).exclude(item=item).update(leased_to=None, leased_until=None)
    assert found(who, item) == []


def test_what_is_shown_is_leased_and_counts_as_exposure_within_limits() -> None:
    from tidegate.server.care.exposures import used_by
    from tidegate.server.care.models import Limits
    from tidegate.server.care.windows import Window
    from tidegate.server.review.clock import now
    from tidegate.server.review.leasing import BUFFER

    items = [reported(text=TEXT) for _ in range(9)]
    who = somebody("moderator")
    task = only_of_buffer(who)
    before = used_by(who.person, now())[Window.HOUR]
    assert before == sum(one.severity for one in task)
    Limits.objects.create(person=who.person, per_hour=before + 2 * task[0].severity)
    seen = found(who, task[0].item)
    assert len(task) == BUFFER
    assert len(seen) == len(task) - 1 + 2 < len(items) - 1
    assert all(one.task.severity for one in seen)
    assert used_by(who.person, now())[Window.HOUR] == before + 2 * task[0].severity


def only_of_buffer(who: Any) -> list[Any]:
    from tidegate.server.review.leasing import lease

    return lease(who)


def test_the_window_that_had_them_may_not_give_them_back() -> None:
    """The screen gives back what it never showed when one leaves it; here it is shown by now."""
    from tidegate.server.review.leasing import lease, release_unseen

    for _ in range(3):
        reported(text=TEXT)
    who, window = somebody("moderator"), uuid.uuid4()
    held = lease(who, window=window)
    seen = found(who, held[0].item)
    assert len(seen) == 2
    assert release_unseen(who.person, [one.task.handle for one in seen], window) == 0


def test_at_a_blind_task_nothing_is_found() -> None:
    from tidegate.server.review.filling import fill

    reported(text=TEXT)
    item = reported(text=TEXT)
    answered(somebody("moderator"), only_of(somebody_who := somebody("moderator"), item), "allow")
    decision = stands(reported(text=TEXT))
    decision.audited = True
    fill([decision])
    from tidegate.server.review.models import Task

    audit = Task.objects.filter(kind="audit", state="open").get()
    from tidegate.server.review.alike import alike

    assert alike(somebody_who, audit, None) == []


def test_each_is_answered_by_itself_and_carries_the_mark_of_the_decision() -> None:
    from tidegate.server.review.models import Answer, Task

    items = [reported(text=TEXT) for _ in range(3)]
    who = somebody("moderator")
    client = signed_in(who)
    task = only_of(who, items[0])
    page = client.get(f"/review/alike/{task.handle}/")
    assert page.status_code == 200
    assert page.content.decode().count("data-handle=") == 3
    bulk = uuid.uuid4()

    def send(item: Any, key: uuid.UUID, **more: Any) -> Any:
        handle = str(Task.objects.get(item=item, kind="decide").handle)
        body = {"key": str(key), "handle": handle, "bulk": str(bulk), "action": "remove"}
        body |= {"policy": "harassment-bullying", "screen": [["paint", 0], ["decide", 4000]], **more}
        return client.post("/review/alike/answer", json.dumps(body), content_type="application/json")

    keys = [uuid.uuid4() for _ in items]
    assert send(items[0], keys[0]).json() == {"came": "decided"}
    assert send(items[0], keys[0]).json() == {"came": "decided"}  # sent twice, counted once
    Task.objects.filter(item=items[1], state="open").update(leased_to=somebody("moderator").person)
    taken = send(items[1], keys[1])
    assert (taken.status_code, stands(items[1]).action) == (409, "review")
    assert "not with you" in taken.json()["detail"]
    assert send(items[2], keys[2]).status_code == 200
    assert send(items[2], uuid.uuid4(), bulk=None).status_code == 422
    answers = Answer.objects.filter(item__in=items)
    assert {one.bulk for one in answers} == {bulk}
    assert [one.active_ms for one in answers] == [4000, 4000]
    assert [stands(item).action for item in items] == ["remove", "review", "remove"]
    back = client.post(
        "/review/alike/undo", json.dumps({"key": str(keys[2])}), content_type="application/json"
    )
    assert back.status_code == 200
    assert stands(items[2]).action == "review"
    assert client.get(f"/review/alike/{uuid.uuid4()}/").status_code == 302
