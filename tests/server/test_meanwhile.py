"""What happens while something else is at work: exports stay whole, what is switched off acts no more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


def send(zone: str, *names: str, **content: Any) -> list[Any]:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival

    plain = dict.fromkeys(CONTENT) | {"kind": "text", "text": "Tea at four?"} | content
    return take_in([Arrival("key:test", zone, name, plain, None) for name in names])


def test_an_item_that_is_edited_while_a_table_leaves_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.exports import tables

    monkeypatch.setattr(tables, "AT_ONCE", 1)
    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, "one", "two", "three")
    found = tables.export("items", zone, None, None)
    names = list(next(found.frames)["id"])
    send(zone, "two", text="Tea at five?")
    send(zone, "four")
    for frame in found.frames:
        names += list(frame["id"])
    assert names == ["one", "two", "three"]
    assert found.count == 3


def test_an_older_count_of_views_that_comes_late_changes_nothing() -> None:
    from datetime import UTC, datetime, timedelta

    from tidegate.server.content.models import Item
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence

    zone, noon = f"z{uuid.uuid4().hex[:6]}", datetime(2026, 3, 2, 12, tzinfo=UTC)
    send(zone, "post")
    told = [
        (500, noon, 500),
        (100, noon - timedelta(hours=1), 500),
        (600, datetime(2999, 1, 1, tzinfo=UTC), 600),  # by a clock that was wrong
        (700, noon + timedelta(hours=1), 700),
        (800, None, 800),
    ]
    for number, (views, at, stands) in enumerate(told):
        record([Occurrence("key:test", zone, f"views-{number}", "post", "views", views=views, at=at)])
        assert Item.objects.get(zone=zone).views == stands


@pytest.mark.parametrize("what", ["an item", "a report"])
def test_what_is_switched_off_while_detectors_work_acts_no_more(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.content import actions as intake
    from tidegate.server.content.models import Decision
    from tidegate.server.events import actions as events
    from tidegate.server.events.occurrences import Occurrence
    from tidegate.server.launches.actions import switch_off, switch_on
    from tidegate.server.launches.models import Kind

    zone = f"z{uuid.uuid4().hex[:6]}"
    module = intake if what == "an item" else events
    send(zone, "popular")
    decide, done = module.decide, []

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        found = decide(*arguments, **named)
        if not done:
            done.append(switch_off(Kind.EVERYTHING, "", "a try", actor="test"))
        return found

    monkeypatch.setattr(module, "decide", meanwhile)
    try:
        if module is intake:
            send(zone, "unwanted", market="XX")
        else:
            events.record([Occurrence("key:test", zone, "seen", "popular", "views", views=1_000)])
    finally:
        switch_on(Kind.EVERYTHING, "", actor="test")
    assert done
    newest = Decision.objects.filter(item__zone=zone).latest("pk")
    assert newest.item.external_id == ("unwanted" if module is intake else "popular")
    assert newest.action == "review"
