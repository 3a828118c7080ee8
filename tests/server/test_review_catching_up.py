"""What was held before anybody could be asked is asked about, once, by the day's work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_review import answered, only, posted, reported, somebody, stands, told

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(autouse=True)
def everywhere(inside: Path) -> Iterator[None]:
    """Nothing of other tests is held: people have let all of it pass."""
    from tidegate.server.content.models import Decision, Item
    from tidegate.server.quality.models import Gold
    from tidegate.server.review.models import State, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        Task.objects.filter(state=State.OPEN).update(state=State.GONE)
        Gold.objects.filter(retired_at=None).update(retired_at="2020-01-01T00:00:00Z")
        Decision.objects.filter(item__in=Item.objects.all(), action="review").update(action="allow")
        yield


def forgotten(item: Any) -> Any:
    """The item as an old version left it: held, and no question was ever asked."""
    from tidegate.server.review.models import Task

    Task.objects.filter(item=item).delete()
    return item


def test_what_is_held_without_a_question_is_asked_once_and_can_be_decided() -> None:
    from tidegate.server.review.catching_up import ask_about_held

    items = [forgotten(reported(zone)) for zone in ("us", "eu")]
    assert ask_about_held() == 2
    assert ask_about_held() == 0
    who = somebody("moderator")
    task = only(who)
    decision = stands(items[0])
    assert (task.item_id, task.kind, task.queue) == (items[0].pk, "decide", "reported")
    assert (task.decision_id, task.created_at) == (decision.pk, decision.decided_at)
    assert answered(who, task).came == "decided"
    assert ask_about_held() == 0


def test_as_many_are_asked_as_the_queue_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.review import catching_up
    from tidegate.server.review.models import Task

    monkeypatch.setattr(catching_up, "AT_ONCE", 2)  # several transactions
    items = [forgotten(reported()) for _ in range(5)]
    assert catching_up.ask_about_held() == 5
    assert Task.objects.filter(item__in=items, state="open", kind="decide").count() == 5


def test_what_is_asked_decided_changed_or_erased_is_left() -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.retention.erasing import erase
    from tidegate.server.review.catching_up import ask_about_held
    from tidegate.server.review.models import Task

    reported()  # an open question
    decided = reported()
    answered(somebody("moderator"), Task.objects.get(item=decided, state="open"), "allow")
    fine = posted()
    changed = forgotten(reported())
    content = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at five, then."}
    take_in([Arrival("key:test", "us", changed.external_id, content, None)])
    Task.objects.filter(item=changed).delete()
    held_again = stands(changed).action == "review"
    gone = forgotten(reported())
    erase("us", actor="test", item=gone.external_id)
    assert ask_about_held() == int(held_again)
    assert not Task.objects.filter(item__in=(fine, gone, decided), state="open").exists()


def test_two_who_differ_are_not_asked_again() -> None:
    from tidegate.server.review.catching_up import ask_about_held

    one, other = somebody("moderator"), somebody("moderator")
    reported()
    answered(one, only(one), "allow", second_opinion=True)
    assert ask_about_held() == 0
    answered(other, only(other), "remove", "harassment-bullying")
    assert ask_about_held() == 0  # it is with those who arbitrate
    assert only(somebody("senior")).kind == "arbitrate"


def test_an_appeal_on_a_held_item_is_no_question_about_holding_it() -> None:
    from tidegate.server.review.catching_up import ask_about_held
    from tidegate.server.review.models import Task

    item = reported()
    told(item, "appeal", by="me", statement="not so")
    Task.objects.filter(item=item, kind="decide").delete()
    assert ask_about_held() == 1


def test_the_days_work_does_it(inside: Path) -> None:
    from tidegate.server.retention.daily import run_due
    from tidegate.server.review.models import Task

    item = forgotten(reported())
    assert "questions" in run_due(inside, datetime(2032, 5, 4, 12, tzinfo=UTC))
    assert Task.objects.filter(item=item, state="open", kind="decide").count() == 1
