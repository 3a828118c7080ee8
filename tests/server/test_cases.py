"""Finding items, and what the page of one tells: its history, why, and what would have flipped it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import sessions  # noqa: F401

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


@pytest.fixture(scope="module")
def posts(inside: Path) -> None:
    """In us: a post that a rule removes, one with an author of its own, and one that was edited."""
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.zones.scope import EVERYWHERE, within

    def sent(name: str, **content: Any) -> None:
        whole = dict.fromkeys(CONTENT) | {"kind": "text"} | content
        take_in([Arrival("key:test", "us", name, whole, None)])

    with within(EVERYWHERE):
        sent("case-removed", text="Low tide at noon", market="XX", author_id="ann")
        sent("case-kept", text="The river is high; 100% full_moon", market="US", author_id="bob")
        sent("case-edited", text="first words", market="US", author_id="cy")
        sent("case-edited", text="second words", market="US", author_id="cy")


def found(client: Any, **asked: str) -> list[str]:
    today = datetime.now(UTC).date()
    days = {"since": str(today - timedelta(days=1)), "until": str(today + timedelta(days=1))}
    answer = client.get("/cases/", days | asked)
    assert answer.status_code == 200
    return re.findall(r'href="/items/us/(case-[^"]+)"', answer.content.decode())


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"text": "TIDE at"}, ["case-removed"]),
        ({"text": "100% full_moon"}, ["case-kept"]),
        ({"text": "100 full"}, []),
        ({"text": "second"}, ["case-edited"]),
        ({"text": "first words"}, []),
        ({"author": "ann"}, ["case-removed"]),
        ({"author": "an"}, []),
        ({"rule": "unwanted"}, ["case-removed"]),
        ({"action": "remove", "author": "bob"}, []),
        ({"author": "cy"}, ["case-edited"]),
        ({"item": "case-kept"}, ["case-kept"]),
        ({"since": "2026-01-01", "until": "2026-01-02"}, []),
    ],
)
def test_items_are_found_by_what_they_are_now(
    posts: None,
    sessions: Any,  # noqa: F811
    asked: dict[str, str],
    names: list[str],
) -> None:
    assert found(sessions["lead", "us"], **asked) == names
    assert found(sessions["lead", "eu"], **asked) == []


def test_texts_are_shown_only_when_asked_for_and_the_search_is_on_the_record(
    posts: None,
    sessions: Any,  # noqa: F811
) -> None:
    from tidegate.server.ledger.models import Entry

    client = sessions["lead", "us"]
    today = str(datetime.now(UTC).date())
    asked = {"since": today, "until": today, "author": "ann"}
    assert "Low tide" not in client.get("/cases/", asked).content.decode()
    assert "Low tide" in client.get("/cases/", asked | {"show": "on"}).content.decode()
    acts = Entry.objects.filter(act="items.searched", zone="us").order_by("-number")[:2]
    details = [json.loads(act.details) for act in acts]
    assert details == [
        {"by": ["author"], "found": 1, "texts_shown": True},
        {"by": ["author"], "found": 1, "texts_shown": False},
    ]


def test_pages_of_what_is_found_follow_one_another(
    posts: None,
    sessions: Any,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tidegate.server.cases import search

    monkeypatch.setattr(search, "PAGE", 2)
    client, today = sessions["lead", "us"], datetime.now(UTC).date()
    address = f"/cases/?since={today - timedelta(days=1)}&until={today + timedelta(days=1)}"
    seen: list[str] = []
    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'href="/items/us/([^"]+)"', page)
        following = re.search(r'class="button" href="([^"]+)"', page)
        address = html.unescape(following.group(1)) if following else ""
        assert not re.search(r"before=\d+(&|$)", address), "the number of a row"
    assert {"case-removed", "case-kept", "case-edited", "post-1"} <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_place_in_the_list_that_is_none_is_not_there(sessions: Any) -> None:  # noqa: F811
    today = datetime.now(UTC).date()
    assert sessions["lead", "us"].get(f"/cases/?since={today}&until={today}&before=7").status_code == 404


def test_days_that_do_not_fit_are_told(sessions: Any) -> None:  # noqa: F811
    page = sessions["lead", "us"].get("/cases/?since=2026-05-01&until=2026-01-01").content.decode()
    assert "Choose a first and a last day, at most 92 days apart." in page
    page = sessions["lead", "us"].get("/cases/?since=9999-12-01&until=9999-12-31").content.decode()
    assert "Ensure this value is" in page


def test_fields_that_are_met_exactly_offer_the_names_there_are(sessions: Any) -> None:  # noqa: F811
    page = sessions["lead", "us"].get("/cases/").content.decode()
    for field, name in (("rule", "unwanted"), ("action", "limit_reach"), ("policy", "animal-abuse")):
        assert f'list="known-{field}"' in page
        known = page.partition(f'<datalist id="known-{field}">')[2].partition("</datalist>")[0]
        assert f'<option value="{name}">' in known


def page_of(client: Any, name: str) -> str:
    answer = client.get(f"/items/us/{name}")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_page_says_why_and_what_would_have_flipped_it(posts: None, sessions: Any) -> None:  # noqa: F811
    page = page_of(sessions["lead", "us"], "case-removed")
    assert "item.market ('XX') = 'XX'" in page
    assert re.search(
        r"<code>unwanted</code>\s*<span class=\"tag good\">matches</span> → <code>remove</code>", page
    )
    kept = page_of(sessions["lead", "us"], "case-kept")
    flips = kept[kept.index("What would have flipped it") : kept.index("History")]
    row = (
        r"<code>item.views</code></td><td><code>null</code></td><td><code>>= 1000</code></td><td><code>label<"
    )
    assert re.search(row, flips), flips


def test_the_history_has_all_that_happened_in_its_order(posts: None, sessions: Any) -> None:  # noqa: F811
    from tidegate.server.content.models import Item
    from tidegate.server.delivery.models import Delivery

    page = page_of(sessions["lead", "us"], "post-1")
    told = re.findall(r"<(?:strong|span class=\"tag \w+\")>([^<]+)<", page[page.index("History") :])
    assert told[0] == "Received"
    assert {"Received", "Decided", "Reported", "Appealed"} <= set(told)
    assert "rude" in page
    assert "not so" in page
    item = Item.objects.get(zone="us", external_id="post-1")
    expected = Delivery.objects.filter(item=item).count()
    assert expected > 0
    assert told.count("Waits to be delivered") == expected
    times = re.findall(r'<time datetime="([^"]+)"', page[page.index("History") :])
    assert times == sorted(times)
    edited = page_of(sessions["lead", "us"], "case-edited")
    assert edited.count("<strong>Edited</strong>") == 1


def test_whoever_labels_audits_is_not_told_what_the_audit_drew(posts: None, sessions: Any) -> None:  # noqa: F811
    import uuid

    from tidegate.server.content.models import Decision
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.answering import answer
    from tidegate.server.review.filling import fill
    from tidegate.server.review.given import Given
    from tidegate.server.review.models import Task
    from tidegate.server.review.reviewers import reviewer_named

    decision = Decision.objects.filter(item__zone="us", item__external_id="case-kept").latest("pk")
    decision.audited = True
    decision.save(update_fields=["audited"])
    fill([decision])
    person, _ = set_person("auda", Change(roles=["moderator"], zones=["us"]), actor="test")
    tasks = Task.objects.filter(item=decision.item, kind="audit")
    tasks.update(leased_to=person, leased_until=datetime.now(UTC) + timedelta(hours=1))
    given = Given(uuid.uuid4(), tasks.latest("pk").handle, "allow", None, note="Seen in the audit.")
    answer(reviewer_named(person), given)
    told, hidden = (page_of(sessions[role, "us"], "case-kept") for role in ("lead", "moderator"))
    for words in ("Drawn for the audit", "Seen in the audit."):
        assert words in told
        assert words not in hidden


def test_what_people_answered_and_decided_is_in_the_history(posts: None, sessions: Any) -> None:  # noqa: F811
    import uuid

    from tidegate.server.content.models import Item
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.review.answering import answer
    from tidegate.server.review.given import Given
    from tidegate.server.review.models import State, Task
    from tidegate.server.review.reviewers import reviewer_named

    for reader in ("r1", "r2"):
        record([Occurrence("key:test", "us", f"case-{reader}", "case-edited", "report", by=reader)])
    item = Item.objects.get(zone="us", external_id="case-edited")
    person, _ = set_person("mona", Change(roles=["moderator"], zones=["us"]), actor="test")
    task = Task.objects.get(item=item, kind="decide", state=State.OPEN)
    Task.objects.filter(pk=task.pk).update(
        leased_to=person, leased_until=datetime.now(UTC) + timedelta(hours=1)
    )
    answer(
        reviewer_named(person), Given(uuid.uuid4(), task.handle, "remove", "harassment-bullying", note="both")
    )
    today = datetime.now(UTC).date()
    days = f"since={today - timedelta(days=1)}&until={today + timedelta(days=1)}"
    rows = sessions["lead", "us"].get(f"/cases/?item=case-edited&{days}").content.decode()
    assert "<td>a person</td>" in rows
    page = page_of(sessions["lead", "us"], "case-edited")
    assert re.search(r"What stands: <span class=\"tag\"><code>remove</code></span> by a person", page)
    assert "Why the strategy decided as it did before" in page
    history = page[page.index("<h2>History") :]
    assert "<strong>Decided by a person</strong>" in history
    assert "<strong>Reviewed</strong>" in history
    assert "<dd>both</dd>" in history
    assert "<dd>mona</dd>" in history
    # Whoever may not see people sees no name.
    assert "<dd>mona</dd>" not in page_of(sessions["moderator", "us"], "case-edited")


def test_a_version_that_is_gone_from_the_workspace_is_not_explained(
    posts: None,
    sessions: Any,  # noqa: F811
) -> None:
    from tidegate.server.content.models import Decision

    Decision.objects.filter(item__external_id="case-kept").update(strategy="nobody")
    page = page_of(sessions["lead", "us"], "case-kept")
    assert "What would have flipped it" not in page
    assert "The river is high" in page


def test_a_name_that_there_is_none_of_is_told_with_those_that_there_are(
    posts: None,
    sessions: Any,  # noqa: F811
) -> None:
    client = sessions["lead", "us"]
    today = str(datetime.now(UTC).date())
    asked = {"since": today, "until": today, "action": "removed", "policy": "animal-abuse"}
    told = html.unescape(client.get("/cases/", asked).content.decode())
    assert "Action: none is called “removed” now. There are allow, inform" in told
    assert "Policy: none" not in told
    assert '<datalist id="known-rule"><option value="unwanted">' in told
