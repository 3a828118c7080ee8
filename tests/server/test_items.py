"""Items over HTTP: decided once, durably, with every reason, and only for those who may see them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import polars as pl
import pytest

from tidegate import api


@pytest.fixture
def client(service: Any) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def new_id() -> str:
    return f"post-{uuid.uuid4()}"


def decided(client: httpx.Client, item: dict[str, Any]) -> dict[str, Any]:
    decision: dict[str, Any] = client.post("/items", json=item).raise_for_status().json()["decisions"][0]
    return decision


def rows_of_ledger(service: Any) -> int:
    done = service.command("ledger", "verify")
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[0].replace(",", ""))


def test_an_item_is_decided_as_the_engine_decides_it(client: httpx.Client) -> None:
    posts = [
        {"id": new_id(), "text": text, "language": "en", "views": 3}
        for text in ("Lovely day at the lake.", "You are a worthless idiot, everybody hates you.")
    ]
    answered = client.post("/items", json={"items": posts}).json()["decisions"]
    expected = api.decide(pl.DataFrame(posts), None, api.load_strategy())
    assert [one["id"] for one in answered] == [one["id"] for one in posts]
    for column in ("action", "rule", "policy", "queue", "escalate", "reason", "strategy", "strategy_version"):
        assert [one[column] for one in answered] == expected[column].to_list()


def test_reasons_are_given_in_full(client: httpx.Client) -> None:
    post = {
        "id": new_id(),
        "text": "Lovely day at the lake.",
        "market": "US",
        "created_at": "2026-03-02T09:00:00Z",
    }
    decided = client.post("/items", json=post).json()["decisions"][0]
    item = client.get(f"/items/{post['id']}").json()
    assert item["text"] == post["text"]
    assert item["created_at"] == "2026-03-02T09:00:00+00:00"
    reasons = item["decisions"][0]
    assert decided == {name: reasons[name] for name in decided}
    assert 0 <= reasons["values"]["quick.max_risk"] <= 1
    assert set(reasons["detectors"]) == {"quick"}


def test_a_retry_gets_the_same_answer_and_stores_nothing(client: httpx.Client, service: Any) -> None:
    post = {"id": new_id(), "text": "Lovely day at the lake."}
    first = client.post("/items", json=post).json()
    rows = rows_of_ledger(service)
    assert client.post("/items", json=post).json() == first
    assert client.post("/items", json=post | {"views": 9}).json() == first
    assert rows_of_ledger(service) == rows
    assert client.get(f"/items/{post['id']}").json()["views"] == 9


def test_other_content_is_a_new_version_decided_anew(client: httpx.Client) -> None:
    post = {"id": new_id(), "text": "Lovely day at the lake."}
    client.post("/items", json=post)
    again = client.post("/items", json=post | {"text": "Lovely evening at the lake."}).json()["decisions"][0]
    assert again["version"] == 2
    item = client.get(f"/items/{post['id']}").json()
    assert item["text"] == "Lovely evening at the lake."
    assert [one["version"] for one in item["decisions"]] == [2, 1]


def test_another_zone_does_not_exist(client: httpx.Client, service: Any) -> None:
    post = {"id": new_id(), "text": "Lovely day at the lake."}
    client.post("/items", json=post)
    made = service.command("key", f"eu-{uuid.uuid4()}", "--zone", "eu", "--scope", "items")
    with service.client(made.stdout.strip()) as european:
        theirs, nobodys = european.get(f"/items/{post['id']}"), european.get(f"/items/{new_id()}")
        assert (theirs.status_code, theirs.content) == (404, nobodys.content)
        assert european.post("/items", json=post | {"text": "Theirs."}).json()["decisions"][0]["version"] == 1
    assert client.get(f"/items/{post['id']}").json()["text"] == post["text"]


@pytest.mark.parametrize(
    ("body", "status", "field", "said"),
    [
        ({"id": "a", "texts": "x"}, 422, "texts", "Did you mean 'text'?"),
        ({"text": "x"}, 422, "id", "Field required"),
        ({"id": "a", "kind": "song"}, 422, "kind", "'text', 'image', 'video' or 'query'"),
        ({"id": "a", "views": -1}, 422, "views", "greater than or equal to 0"),
        ({"id": "a", "created_at": "2026-03-02T09:00:00"}, 422, "created_at", "timezone"),
        ({"id": "a", "text": "x\x00y"}, 422, "text", "NUL"),
        ({"id": "a", "text": "a flag cut in two: \ud83c"}, 422, "text", "half of a surrogate pair"),
        ({"id": ""}, 422, "id", "at least 1 character"),
        ([{"id": "a", "text": "x"}], 422, None, 'several as {"items": [ … ]}'),
        ("a", 422, None, "this must be a JSON object"),
        ({"id": "a", "text": "x" * 200_001}, 422, "text", "at most 200,000 characters"),
        ({"id": "a", "text": "x", "context": "x" * 200_001}, 422, "context", "raise longest_text"),
        ({"items": [{"id": "a", "text": "x" * 200_001}]}, 422, "items.0.text", "parts as items of their own"),
        ({"id": "a", "market": "x" * 513}, 422, "market", "at most 512 characters are taken here"),
        ({"id": "a"}, 422, "text", "neither text nor media"),
        ({"id": "a", "text": "", "media": ""}, 422, "text", "Give it one"),
        ({"id": "a", "kind": "query", "text": ""}, 422, "text", "neither text nor media"),
        ({"items": [{"id": "b", "text": "x"}, {"id": "a", "text": ""}]}, 422, "items.1.text", "Give it one"),
        ({"items": []}, 422, "items", "at least 1 item"),
        ({"items": [{"id": "a"}, {"id": "b", "views": "many"}]}, 422, "items.1.views", "integer"),
        ({"items": [{"id": "a", "text": "x"}] * 2}, 422, "items.1.id", "twice"),
        ({"items": [{"id": str(n)} for n in range(1_001)]}, 413, "items", "at most 1000 items"),
    ],
)
def test_bad_input_is_told_by_field_and_stores_nothing(
    client: httpx.Client, service: Any, body: object, status: int, field: str | None, said: str
) -> None:
    sent = json.dumps(body)  # which escapes what UTF-8 has no bytes for
    answer = client.post("/items", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == field
    assert said in problem["detail"] + (problem["remedy"] or "")
    assert client.get("/items/a").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/items", rb'{"id": "a", "text": "cut in two \ud83d"}', "text"),
        ("/items", rb'{"items": [{"id": "b"}, {"id": "\udc00"}]}', "items.1.id"),
        ("/events", rb'{"id": "e", "item_id": "a", "type": "report", "reason": "\ud83d"}', "reason"),
    ],
)
def test_half_of_a_character_is_told_by_field(
    client: httpx.Client, path: str, body: bytes, field: str
) -> None:
    """What is left of an emoji that was cut in two, as JavaScript does, is no text in UTF-8."""
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert "half of a surrogate pair" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/items/a%00b", "/items/a%00b/undo", "/strategies/a%00b/1"])
def test_an_address_with_a_nul_leads_nowhere(service: Any, path: str) -> None:
    """PostgreSQL has no such text, so it would refuse the question."""
    made = service.command(
        "key", f"nul-{uuid.uuid4()}", "--zone", "us", "--scope", "items", "--scope", "launches"
    )
    with service.client(made.stdout.strip()) as client:
        answer = client.post(path) if path.endswith("undo") else client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.delete("/switches/rule", params={"name": "a\x00b"}).status_code == 422


@pytest.mark.parametrize("address", ["/api/v1/items", "/v1/moderations"])
def test_what_is_refused_before_a_route_runs_is_a_problem_too(service: Any, address: str) -> None:
    headers = {"Authorization": f"Bearer {service.key}"}
    answer = httpx.request("PUT", f"{service.url}{address}", headers=headers, json={})
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
    assert "POST" in answer.headers["allow"]
    assert "POST" in answer.json()["remedy"]


def test_a_body_that_is_no_json_is_told(client: httpx.Client) -> None:
    answer = client.post("/items", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["remedy"] == "Send JSON in UTF-8."


def test_a_body_that_is_too_large_is_told(client: httpx.Client) -> None:
    answer = client.post("/items", json={"id": "a", "text": "x" * (16 * 2**20)})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["detail"], answer.json()["remedy"]) == (
        "a request may have 16 MB",
        "Send several requests.",
    )


def test_no_body_is_told(client: httpx.Client) -> None:
    answer = client.post("/items")
    assert (answer.status_code, answer.json()["detail"]) == (422, "the request has no body")


def test_without_a_valid_key_nothing_is_said(service: Any) -> None:
    made = service.command("key", f"gone-{uuid.uuid4()}", "--zone", "us", "--scope", "items")
    name = service.command("key", "no", "--revoke")
    assert name.returncode == 2
    for key in ("nonsense", "tg_"):
        with service.client(key) as stranger:
            answer = stranger.get("/items/a")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    assert made.returncode == 0


def test_a_revoked_key_is_refused_from_the_next_request_on(service: Any) -> None:
    name = f"short-{uuid.uuid4()}"
    key = service.command("key", name, "--zone", "us", "--scope", "items").stdout.strip()
    with service.client(key) as client:
        assert client.post("/items", json={"id": new_id(), "text": "Tea."}).status_code == 200
        assert service.command("key", name, "--revoke").returncode == 0
        assert client.post("/items", json={"id": new_id(), "text": "Tea."}).status_code == 401


def test_many_clients_at_once_get_one_decision_per_item(client: httpx.Client, service: Any) -> None:
    ids = [new_id() for _ in range(40)]
    rows = rows_of_ledger(service)

    def send(place: int) -> dict[str, Any]:
        with service.client() as own:
            body = {"id": ids[place % len(ids)], "text": f"A walk in the park, number {place % len(ids)}."}
            answer: dict[str, object] = (
                own.post("/items", json=body).raise_for_status().json()["decisions"][0]
            )
            return answer

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(send, range(3 * len(ids))))
    for place, answer in enumerate(answers):
        assert answer == answers[place % len(ids)]
    assert rows_of_ledger(service) == rows + len(ids)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("2026-03-02T09:00:00-20:45", "2026-03-03T05:45:00+00:00"), ("9999-12-31T23:00:00-20:45", None)],
)
def test_times_are_kept_in_utc_whatever_their_offset(
    client: httpx.Client, sent: str, kept: str | None
) -> None:
    name = new_id()
    answer = client.post("/items", json={"id": name, "text": "Tea.", "created_at": sent})
    if kept is None:
        assert (answer.status_code, answer.json()["field"]) == (422, "created_at")
        return
    assert client.get(f"/items/{name}").json()["created_at"] == kept


def test_a_published_version_decides_at_once_in_every_process(client: httpx.Client, service: Any) -> None:
    text = (service.workspace / "strategies" / "text.yaml").read_text()
    changed = service.workspace / "strategies" / "stricter.yaml"
    changed.write_text(text.replace("version: 1", "version: 2", 1))
    assert service.command("publish", str(changed), "--message", "a try").returncode == 0
    labels = {
        client.post("/items", json={"id": new_id(), "text": "Tea."}).json()["decisions"][0][
            "strategy_version"
        ]
        for _ in range(12)
    }
    assert {label.partition("@")[0] for label in labels} == {"2"}
    assert service.command("activate", "text", "1").returncode == 0
    labels = {
        client.post("/items", json={"id": new_id(), "text": "Tea."}).json()["decisions"][0][
            "strategy_version"
        ]
        for _ in range(12)
    }
    assert {label.partition("@")[0] for label in labels} == {"1"}
    listed = service.command("versions").stdout
    assert "a try" in listed


@pytest.mark.parametrize("address", ["/api/v1/nothing", "/api/v1/items/a%0A", "/v1/nothing"])
def test_an_address_that_leads_nowhere_is_a_problem_for_programs(service: Any, address: str) -> None:
    answer = httpx.get(f"{service.url}{address}", headers={"Authorization": f"Bearer {service.key}"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_text_as_long_as_may_be_is_decided(client: httpx.Client) -> None:
    """In characters, not bytes: 湖 has three."""
    for text in ("A lake. " * 25_000, "湖" * 200_000):
        assert decided(client, {"id": new_id(), "text": text})["state"] == "decided"


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "image", "media": "https://example.com/a.png", "text": ""},
        {"kind": "video", "text": ""},
        {"text": "", "media": "https://example.com/a.png"},
        {"text": " "},
    ],
)
def test_a_picture_needs_no_text_and_a_text_with_media_is_one(
    client: httpx.Client, content: dict[str, str]
) -> None:
    """As `warehouse` reads files: see tests/warehouse/test_items.py."""
    assert decided(client, {"id": new_id(), **content})["state"] == "decided"


def test_how_long_a_text_may_be_is_in_the_document(client: httpx.Client) -> None:
    shapes = client.get("/openapi.json").json()["components"]["schemas"]
    for shape, name in (("ItemIn", "text"), ("ItemIn", "context"), ("AppealIn", "statement")):
        assert shapes[shape]["properties"][name]["anyOf"][0]["maxLength"] == 200_000


def test_what_is_short_does_not_wait_for_what_is_long(client: httpx.Client) -> None:
    """Its batch is one of its own: of many short ones sent meanwhile all are answered before it."""
    texts = [f"{number} " + "You are an idiot. " * 10_000 for number in range(3)]
    many = {"items": [{"id": new_id(), "text": text} for text in texts]}
    with ThreadPoolExecutor() as pool:
        long = pool.submit(lambda: client.post("/items", json=many).raise_for_status())
        time.sleep(0.3)  # what is long is being read
        for _ in range(5):
            decided(client, {"id": new_id(), "text": "Lovely day at the lake."})
        assert not long.done()
    assert len(long.result().json()["decisions"]) == 3
