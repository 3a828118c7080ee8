"""What happens to items after they were sent, and counters as signals: exact, and decided anew upon."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest


@pytest.fixture
def client(counting: Any) -> Iterator[httpx.Client]:
    with counting.client() as client:
        yield client


def new(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4()}"


def send(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    post = {"id": new("post"), "text": "Tea at four."} | fields
    decision: dict[str, Any] = client.post("/items", json=post).raise_for_status().json()["decisions"][0]
    return decision


def tell(client: httpx.Client, item: str, type: str, **fields: Any) -> dict[str, Any]:
    event = {"id": new("event"), "item_id": item, "type": type} | fields
    answer: dict[str, Any] = client.post("/events", json=event).raise_for_status().json()["events"][0]
    return answer


def test_an_item_that_two_people_report_is_decided_anew(client: httpx.Client) -> None:
    post = send(client)
    assert post["rule"] == "otherwise"
    first = tell(client, post["id"], "report", by="ann", reason="rude")
    assert (first["decided_anew"], first["decision"]) == (False, post)
    again = tell(client, post["id"], "report", by="ann", reason="still rude")
    assert not again["decided_anew"]
    second = tell(client, post["id"], "report", by="bo")
    assert second["decided_anew"]
    assert (second["decision"]["action"], second["decision"]["queue"]) == ("review", "reported")
    item = client.get(f"/items/{post['id']}").json()
    assert (item["reports"], len(item["decisions"]), item["version"]) == (2, 2, 1)
    assert item["decisions"][0]["values"]["item.reports"] == 2
    assert client.post("/items", json={"id": post["id"], "text": "Tea at four."}).json()["decisions"] == [
        second["decision"]
    ]


def test_reports_outlive_an_edit(client: httpx.Client) -> None:
    post = send(client)
    for who in ("ann", "bo"):
        tell(client, post["id"], "report", by=who)
    assert send(client, id=post["id"], text="Tea at five.")["rule"] == "reported"


def test_a_retry_of_an_event_changes_nothing(client: httpx.Client, counting: Any) -> None:
    post = send(client)
    event = {"id": new("event"), "item_id": post["id"], "type": "report"}
    answers = [client.post("/events", json=event) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert client.get(f"/items/{post['id']}").json()["reports"] == 1
    other = client.post("/events", json=event | {"reason": "rude"})
    assert (other.status_code, other.json()["field"]) == (409, "id")


def test_views_are_content_of_no_version_and_may_decide_anew(client: httpx.Client) -> None:
    post = send(client, views=10)
    told = tell(client, post["id"], "views", views=5_000)
    assert (told["decided_anew"], told["decision"]["rule"], told["decision"]["version"]) == (
        True,
        "popular",
        1,
    )
    assert not tell(client, post["id"], "views", views=6_000)["decided_anew"]
    assert client.get(f"/items/{post['id']}").json()["views"] == 6_000


def test_an_appeal_is_recorded_and_decides_nothing(client: httpx.Client) -> None:
    post = send(client, market="XX")
    told = tell(client, post["id"], "appeal", by="cy", statement="It was a joke.")
    assert (told["decided_anew"], told["decision"]) == (False, post)


def test_an_authors_items_are_counted_one_after_the_other(client: httpx.Client) -> None:
    author = new("author")
    rules = [send(client, author_id=author)["rule"] for _ in range(5)]
    assert rules == ["otherwise"] * 3 + ["flood"] * 2


def test_a_batch_counts_as_if_its_items_came_one_by_one(client: httpx.Client) -> None:
    author = new("author")
    posts = [{"id": new("post"), "text": "Tea.", "author_id": author} for _ in range(5)]
    decisions = client.post("/items", json={"items": posts}).json()["decisions"]
    assert [one["rule"] for one in decisions] == ["otherwise"] * 3 + ["flood"] * 2
    last = client.get(f"/items/{posts[-1]['id']}").json()
    assert last["decisions"][0]["values"]["author.items_1h"] == 4


def test_an_edit_is_no_further_item_of_its_author(client: httpx.Client) -> None:
    author = new("author")
    for number in range(5):
        assert (
            send(client, id=f"{author}-1", text=f"Draft {number}.", author_id=author)["rule"] == "otherwise"
        )
    assert send(client, author_id=author)["rule"] == "otherwise"


def test_removed_items_follow_their_author_within_the_zone(client: httpx.Client, counting: Any) -> None:
    author = new("author")
    for _ in range(2):
        assert send(client, author_id=author, market="XX")["action"] == "remove"
    assert send(client, author_id=author)["rule"] == "offender"
    made = counting.command("key", new("eu"), "--zone", "eu", "--scope", "items")
    with counting.client(made.stdout.strip()) as european:
        assert send(european, author_id=author)["rule"] == "otherwise"


def test_what_is_no_longer_removed_no_longer_counts(client: httpx.Client) -> None:
    author = new("author")
    posts = [send(client, author_id=author, market="XX")["id"] for _ in range(2)]
    for post in posts:
        send(client, id=post, author_id=author, market="US")
    assert send(client, author_id=author)["rule"] == "otherwise"


def test_reports_that_come_together_are_all_counted(client: httpx.Client, counting: Any) -> None:
    post = send(client)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: tell(client, post["id"], "report", by=f"person-{n}"), range(24)))
    item = client.get(f"/items/{post['id']}").json()
    assert item["reports"] == 24
    assert [one["rule"] for one in item["decisions"]] == ["reported", "otherwise"]
    assert counting.command("ledger", "verify").returncode == 0


def test_events_come_whole_or_not_at_all(client: httpx.Client) -> None:
    post = send(client)
    events = [
        {"id": new("event"), "item_id": post["id"], "type": "report"},
        {"id": new("event"), "item_id": "never-sent", "type": "report"},
    ]
    answer = client.post("/events", json={"events": events})
    assert (answer.status_code, answer.json()["field"]) == (404, "events.1.item_id")
    assert client.get(f"/items/{post['id']}").json()["reports"] == 0


@pytest.mark.parametrize(
    ("event", "field", "said"),
    [
        ({"type": "report"}, "id", "Field required"),
        ({"id": "e", "item_id": "a", "type": "repport"}, "type", "Did you mean 'report'?"),
        ({"id": "e", "item_id": "a", "type": "views"}, "views", "Field required"),
        ({"id": "e", "item_id": "a", "type": "report", "reasons": "x"}, "reasons", "Did you mean 'reason'?"),
        (
            {"id": "e", "item_id": "a", "type": "report", "statement": "x"},
            "statement",
            "no field 'statement'",
        ),
        ({"id": "e", "item_id": "a", "type": "appeal", "statement": "\ud83c"}, "statement", "surrogate pair"),
    ],
)
def test_an_event_that_is_none_is_told_by_field(
    client: httpx.Client, event: dict[str, Any], field: str | None, said: str
) -> None:
    sent = json.dumps(event)  # which escapes what UTF-8 has no bytes for
    problem = client.post("/events", content=sent, headers={"Content-Type": "application/json"})
    assert problem.status_code == 422
    assert problem.json()["field"] == field
    assert said in problem.json()["detail"] + (problem.json()["remedy"] or "")


def test_another_zones_items_cannot_be_reported(client: httpx.Client, counting: Any) -> None:
    post = send(client)
    made = counting.command("key", new("eu"), "--zone", "eu", "--scope", "events")
    with counting.client(made.stdout.strip()) as european:
        event = {"id": new("event"), "item_id": post["id"], "type": "report"}
        theirs = european.post("/events", json=event)
        nobodys = european.post("/events", json=event | {"item_id": new("post")})
    assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert client.get(f"/items/{post['id']}").json()["reports"] == 0
