"""Search queries: which results are shown, and which help beside them, by the policy that decided."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.receiving import SETTINGS, until
from tests.server.test_delivery import platform, receiving

from tidegate.policy.ladder import LADDER
from tidegate.server.content.search import in_language, results

STRATEGY = """
strategy: boxes
version: 1
rules:
  - {id: distress, when: "item.market = 'D'", then: inform, policy: suicide-self-harm}
  - {id: methods, when: "item.market = 'M'", then: remove, policy: suicide-self-harm}
  - {id: doubtful, when: "item.market = 'R'", then: review, policy: hateful-behaviour}
  - {id: otherwise, then: allow, policy: suicide-self-harm}
"""


@pytest.fixture(scope="module")
def box(service: Any) -> Iterator[httpx.Client]:
    path = service.workspace / "strategies" / "boxes.yaml"
    path.write_text(STRATEGY)
    published = service.command("publish", str(path), "--message", "for search")
    assert published.returncode == 0, published.stderr
    with service.client() as client:
        yield client
    assert service.command("activate", "text", "1").returncode == 0


def asked(box: httpx.Client, market: str, language: str = "en", kind: str = "query") -> Any:
    item = {"id": f"q-{uuid.uuid4()}", "kind": kind, "text": "tea", "market": market, "language": language}
    return box.post("/items", json=item).raise_for_status().json()["decisions"][0].get("search")


def test_a_person_in_distress_is_shown_help_in_their_language(box: httpx.Client) -> None:
    english, chinese = asked(box, "D"), asked(box, "D", "zh-Hans")
    assert english["results"] == chinese["results"] == "all"
    assert english["banner"].startswith("You are not alone")
    assert chinese["banner"].startswith("你并不孤单")
    assert asked(box, "D", "pt")["banner"] == english["banner"]


def test_help_is_shown_whatever_else_is_done_and_not_where_nothing_is(box: httpx.Client) -> None:
    assert asked(box, "M") == {"results": "none", "banner": asked(box, "D")["banner"]}
    assert asked(box, "R") == {"results": "safe", "banner": None}
    assert asked(box, "-") == {"results": "all", "banner": None}
    assert asked(box, "M", kind="text") is None


def test_a_site_puts_its_own_lines_in_and_they_are_shown_at_once(service: Any, box: httpx.Client) -> None:
    path = Path(service.workspace) / "policies" / "suicide-self-harm.md"
    before = path.read_text(encoding="utf-8")
    first = asked(box, "D")["banner"]
    try:
        path.write_text(before.replace(first, "Call 555."), encoding="utf-8")
        assert asked(box, "D")["banner"] == "Call 555."
        path.write_text("no policy", encoding="utf-8")
        assert asked(box, "D") == {"results": "all", "banner": None}
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_webhook_tells_it_too_and_the_same_at_every_try(service: Any, box: httpx.Client) -> None:
    path = Path(service.workspace) / "policies" / "suicide-self-harm.md"
    before = path.read_text(encoding="utf-8")
    config = service.workspace / "tidegate.toml"
    if "[webhooks]" not in config.read_text():
        config.write_text(config.read_text() + SETTINGS)
    with receiving() as receiver:
        there = platform(service, receiver.url)
        query = {"id": f"500x1-{uuid.uuid4()}", "kind": "query", "text": "tea", "market": "D"}
        with service.client(there.key) as client:
            answer = client.post("/items", json=query).raise_for_status().json()["decisions"][0]
            try:
                there.command("worker", "--once")
                path.write_text(before.replace(answer["search"]["banner"], "Call 555."), encoding="utf-8")
                until(lambda: there.command("worker", "--once") == "" and len(receiver.received) == 2)
                assert client.post("/items", json=query).json()["decisions"] == [answer]
            finally:
                path.write_text(before, encoding="utf-8")
        assert answer["search"]["banner"].startswith("You are not alone")
        assert [body for _, body in receiver.received] == [receiver.received[0][1]] * 2
        assert receiver.of(query["id"])[0]["data"] == {**answer, "sequence": 1}


@pytest.mark.parametrize(
    ("action", "shown"),
    [("allow", "all"), ("inform", "all"), ("label", "safe"), ("limit_reach", "safe"), ("review", "safe")],
)
def test_each_step_has_its_results(action: str, shown: str) -> None:
    assert results(action, LADDER) == shown


def test_a_language_is_found_by_its_longest_known_part() -> None:
    texts = {"en": "e", "zh": "z", "zh-hant": "t"}
    tags = ("zh-Hant-TW", "zh-CN", "EN-us", "fr", None)
    assert [in_language(texts, tag) for tag in tags] == ["t", "z", "e", "e", "e"]
    assert in_language({"fr": "f"}, "de") == "f"
    assert in_language({}, "en") is None
