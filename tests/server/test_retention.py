"""What is erased, what is not, and that figures are the same afterwards."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.receiving import until

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


def send(zone: str, *items: dict[str, Any]) -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival

    plain = dict.fromkeys(CONTENT) | {"kind": "text"}
    take_in([Arrival("key:test", zone, one["id"], plain | rest(one), one.get("views")) for one in items])


def rest(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("id", "views")}


def report(zone: str, *events: dict[str, Any]) -> None:
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence

    record([Occurrence("key:test", zone, uuid.uuid4().hex, **event) for event in events])


def everything_stored(zone: str) -> str:
    """All rows that hold content or say who somebody is, as one text."""
    from tidegate.server.content.models import Decision, Item, ItemVersion
    from tidegate.server.events.models import Event

    found = [list(model.objects.filter(zone=zone).values()) for model in (Item, Event)]
    found += [list(model.objects.filter(item__zone=zone).values()) for model in (ItemVersion, Decision)]
    return json.dumps(found, default=repr)


def figures(zone: str) -> Any:
    """What statistics are made from."""
    from tidegate.server.content.models import Decision, Item
    from tidegate.server.events.models import Event

    return (
        sorted(Item.objects.filter(zone=zone).values_list("pk", "version", "views", "reports", "acted_at")),
        sorted(
            Decision.objects.filter(item__zone=zone).values_list(
                "pk", "action", "rule", "audit_probability", "audited", "decided_at"
            )
        ),
        Event.objects.filter(zone=zone).count(),
        Event.objects.filter(zone=zone).values("item", "by").distinct().count(),
    )


def test_on_request_a_person_is_forgotten_and_every_figure_stays() -> None:
    from tidegate.server.ledger.actions import verify
    from tidegate.server.retention.erasing import Erased, erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    theirs = {"author_id": "user-7", "context": "a thread", "market": "XX", "views": 9}
    send(zone, {"id": "mine", "text": "my secret"} | theirs)
    send(zone, {"id": "theirs", "text": "tea", "author_id": "user-8"})
    send(zone, {"id": "mine", "text": "my edited secret", "author_id": "user-7", "market": "XX"})
    report(zone, {"item_id": "theirs", "type": "report", "by": "user-7", "reason": "my reason"},
           {"item_id": "mine", "type": "report", "by": "user-8", "reason": "rude"},
           {"item_id": "mine", "type": "report", "by": "user-8", "reason": "still rude"})  # fmt: skip
    before = figures(zone)
    assert erase(zone, actor="test", author="user-7") == Erased(items=1, events=1)
    kept = everything_stored(zone)
    for gone in ("secret", "user-7", "a thread", "my reason", '"mine"', "rude"):
        assert gone not in kept, gone
    assert "user-8" in kept  # they have asked for nothing
    assert figures(zone) == before
    assert verify()[1] is None
    assert erase(zone, actor="test", author="user-7") == Erased()


def test_the_ledger_names_no_event_by_the_platforms_id() -> None:
    """Such an id may say who reported; nothing that is in the ledger can be erased."""
    from tidegate.server.events.actions import record
    from tidegate.server.events.models import Event
    from tidegate.server.events.occurrences import Occurrence
    from tidegate.server.ledger.models import Entry

    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, {"id": "post", "text": "Tea."})
    record([Occurrence("key:test", zone, "user-7 reports post", "post", "report", by="user-7")])
    said = Entry.objects.get(zone=zone, act="item.reported")
    assert "user-7" not in json.dumps(vars(said), default=str)
    assert json.loads(said.details) == {"event": Event.objects.get(zone=zone).pk}


def test_a_dead_letter_about_what_was_erased_is_not_sent_anew() -> None:
    from tidegate.server.delivery.dead import dead, resend
    from tidegate.server.delivery.endpoints import add_endpoint
    from tidegate.server.delivery.models import Delivery, State
    from tidegate.server.delivery.settings import Webhooks
    from tidegate.server.retention.erasing import erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    add_endpoint(f"hook-{zone}", zone, "https://hooks.example.com/", Webhooks(), actor="test")
    send(zone, {"id": "mine", "text": "my secret"}, {"id": "other", "text": "Tea."})
    Delivery.objects.filter(endpoint__zone=zone).update(state=State.DEAD)
    erase(zone, actor="test", item="mine")
    assert [one.item.external_id for one in dead().filter(endpoint__zone=zone)] == ["other"]
    assert resend(dead().get(endpoint__zone=zone).pk, actor="test") == 1


def test_what_was_erased_is_as_if_it_had_never_been_sent() -> None:
    from tidegate.server.content.models import Item
    from tidegate.server.content.reads import see_item
    from tidegate.server.retention.erasing import erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, {"id": "mine", "text": "my secret"})
    erase(zone, actor="test", item="mine")
    assert see_item(zone, "mine", actor="test") is None
    send(zone, {"id": "mine", "text": "my secret"})
    assert Item.objects.filter(zone=zone).count() == 2
    found = see_item(zone, "mine", actor="test")
    assert found is not None
    assert found[0].version == 1


def test_an_item_that_was_erased_before_it_was_decided_breaks_no_list() -> None:
    from django.test import Client

    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.content.models import Item
    from tidegate.server.people.keys import make_key
    from tidegate.server.retention.erasing import erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    key = make_key(f"reads-{zone}", zone, ["items"], actor="test")
    send(zone, {"id": "decided", "text": "Tea."})
    content = dict.fromkeys(CONTENT) | {"kind": "text", "text": "my secret", "surface": "foreign"}
    take_in([Arrival("key:test", zone, "mine", content, None)], within_s=1e-9)
    assert erase(zone, actor="test", item="mine").items == 1
    client = Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
    listed = client.get("/api/v1/items")
    assert listed.status_code == 200
    assert [one["id"] for one in listed.json()["items"]] == ["decided"]
    [gone] = Item.objects.filter(zone=zone, external_id__startswith="erased-")
    assert client.post(f"/api/v1/items/{gone.external_id}/undo").status_code == 404


def test_an_edit_that_races_with_an_erasure_brings_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.content import actions
    from tidegate.server.content.models import Item
    from tidegate.server.retention.erasing import erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, {"id": "mine", "text": "my secret", "author_id": "user-7"})
    decide, raced = actions.decide, []

    def erased_meanwhile(*arguments: Any, **named: Any) -> Any:
        if not raced:
            raced.append(erase(zone, actor="test", author="user-7"))
        return decide(*arguments, **named)

    monkeypatch.setattr(actions, "decide", erased_meanwhile)
    send(zone, {"id": "mine", "text": "an edit", "author_id": "user-7"})
    old, new = Item.objects.filter(zone=zone).order_by("pk")
    assert old.external_id.startswith("erased-")
    assert (old.author_id, old.version) == (None, 1)
    assert (new.external_id, new.version) == ("mine", 1)


def test_what_is_on_hold_stays_until_it_is_released() -> None:
    from tidegate.errors import RunError
    from tidegate.server.retention import holds
    from tidegate.server.retention.erasing import Erased, erase

    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, {"id": "one", "text": "secret one", "author_id": "user-7"},
         {"id": "two", "text": "secret two", "author_id": "user-7"})  # fmt: skip
    report(zone, {"item_id": "one", "type": "appeal", "by": "user-7", "statement": "not so"})
    first = holds.hold(zone, "case 12", actor="test", item="one")
    assert erase(zone, actor="test", author="user-7") == Erased(items=1, events=0, held=2)
    assert "secret one" in everything_stored(zone)
    assert "not so" in everything_stored(zone)
    second = holds.hold(zone, "case 13", actor="test", author="user-7")
    holds.release(first.pk, actor="test")
    assert erase(zone, actor="test", author="user-7").items == 0
    holds.release(second.pk, actor="test")
    assert erase(zone, actor="test", author="user-7") == Erased(items=1)
    assert "not so" not in everything_stored(zone)
    for wrong in ({}, {"item": "a", "author": "b"}):
        with pytest.raises(RunError, match="on an item or on an author"):
            holds.hold(zone, "why", actor="test", **wrong)
    with pytest.raises(RunError, match="no hold"):
        holds.release(first.pk, actor="test")


def test_retention_goes_by_kind_and_zone() -> None:
    from tidegate.server.content.models import ItemVersion
    from tidegate.server.events.models import Event
    from tidegate.server.retention.daily import retain
    from tidegate.server.retention.settings import Retention

    name = uuid.uuid4().hex[:6]
    us, eu = f"us-{name}", f"eu-{name}"
    for zone in (us, eu):
        send(
            zone,
            {"id": "text", "text": f"text {zone}"},
            {"id": "query", "kind": "query", "text": f"query {zone}"},
        )
        send(zone, {"id": "edited", "text": f"first {zone}"})
        report(zone, {"item_id": "text", "type": "report", "by": "fan", "reason": f"reason {zone}"})
    long_ago = datetime.now(UTC) - timedelta(days=100)
    ItemVersion.objects.filter(item__zone__in=[us, eu]).update(received_at=long_ago)
    Event.objects.filter(zone__in=[us, eu]).update(received_at=long_ago)
    for zone in (us, eu):
        send(zone, {"id": "edited", "text": f"second {zone}"})
    rules = Retention({"text": 365, "query": 30}, {eu: {"text": 90, "report": 90}})
    retain(rules, datetime.now(UTC))
    kept = everything_stored(us) + everything_stored(eu)
    assert f"text {us}" in kept
    assert f"reason {us}" in kept
    for gone in (f"text {eu}", f"query {us}", f"query {eu}", f"reason {eu}"):
        assert gone not in kept, gone
    # An item that was edited of late is kept as a whole.
    assert f"first {eu}" in kept
    assert retain(rules, datetime.now(UTC)).items == 0


def test_the_days_work_is_done_once_by_whoever_comes_first(inside: Path) -> None:
    from tidegate.server.retention.daily import LAPSED, run_due
    from tidegate.server.retention.models import Daily

    noon = datetime(2031, 3, 2, 12, tzinfo=UTC)
    assert run_due(inside, noon) == ["retention", "sessions", "care", "questions", "anchor"]
    assert run_due(inside, noon + timedelta(hours=2)) == []
    assert (inside / "anchors.jsonl").exists()
    assert run_due(inside, noon + timedelta(days=1)) == [
        "retention",
        "sessions",
        "care",
        "questions",
        "anchor",
    ]
    # A worker that was killed in its midst is followed by another one.
    Daily.objects.filter(work="retention", day=noon.date()).update(done_at=None)
    assert run_due(inside, noon + timedelta(minutes=1)) == []
    assert run_due(inside, noon + LAPSED + timedelta(minutes=1)) == ["retention"]


def test_a_setting_that_is_none_holds_the_days_work_up_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.retention import daily
    from tidegate.server.retention.models import Daily
    from tidegate.server.zones.scope import EVERYWHERE, of_process

    settings, anchors = tmp_path / "tidegate.toml", tmp_path / "anchors.jsonl"
    settings.write_text("[retention]\ntext = 0")
    anchors.mkdir()  # and nothing can be appended to it
    monkeypatch.setattr(daily, "LOOK_S", 0.05)
    monkeypatch.setattr(daily, "LAPSED", timedelta(0))
    of_today = Daily.objects.filter(day=datetime.now(UTC).date())
    of_today.delete()
    of_process(EVERYWHERE)
    keeper = daily.Housekeeping(tmp_path)
    keeper.start()
    try:
        time.sleep(0.3)
        settings.write_text("")
        until(lambda: of_today.filter(work="anchor").exists())
        time.sleep(0.3)
        anchors.rmdir()
        until(lambda: of_today.filter(work="anchor").exclude(done_at=None).exists())
        assert anchors.is_file()
    finally:
        keeper.stop()
        keeper.join()
        of_process(None)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("[retention]\ntxt = 3", "Did you mean 'text'?"),
        ("[retention]\ntext = 0", "a whole number from 1 to 99,999"),
        ("[retention]\ntext = true", "a whole number from 1 to 99,999"),
        ("[retention.zones.eu]\nappeal = '1'", "retention.zones.eu.appeal"),
        ("[retention]\nzones = 3", "this must be a section"),
    ],
)
def test_settings_that_are_none_are_told(tmp_path: Path, section: str, says: str) -> None:
    from tidegate.errors import WorkspaceError
    from tidegate.server.retention.settings import retention

    (tmp_path / "tidegate.toml").write_text(section)
    with pytest.raises(WorkspaceError) as told:
        retention(tmp_path)
    assert says in str(told.value)


def test_what_a_judge_keeps_and_nobody_can_reach_holds_the_erasure_up(
    inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the platform's ids are gone, nothing could tell what to forget."""
    from dataclasses import replace

    from tidegate.errors import SignalError
    from tidegate.server.content.models import Item
    from tidegate.server.retention import remembered
    from tidegate.server.retention.erasing import erase

    judged = replace(remembered.workspace(), root=tmp_path, detectors={"second": {"use": "judge"}})
    monkeypatch.setattr(remembered, "workspace", lambda: judged)
    (tmp_path / "judge.sqlite").write_bytes(b"this is no database" * 100)
    zone = f"z{uuid.uuid4().hex[:6]}"
    send(zone, {"id": "mine", "text": "my secret"})
    with pytest.raises(SignalError, match="cannot be kept here"):
        erase(zone, actor="test", item="mine")
    assert Item.objects.filter(zone=zone, external_id="mine").exists()
    assert "my secret" in everything_stored(zone)
    (tmp_path / "judge.sqlite").unlink()
    assert erase(zone, actor="test", item="mine").items == 1
