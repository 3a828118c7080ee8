"""Launches: versions over the API, and kill switches, which hold in every process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

STRATEGY = """
strategy: {name}
version: {version}
audit: 0.5
rules:
  - {{id: banned, when: "item.market = 'XX'", then: remove}}
  - {{id: doubtful, when: "item.market in ('XX', 'YY')", then: review, queue: doubts}}
  - {{id: rude, when: "text.harassment >= 0.5", then: label}}
  - {{id: otherwise, then: allow}}
"""


@pytest.fixture(scope="module")
def launches(service: Any) -> Iterator[httpx.Client]:
    """A client that may launch, with a strategy of its own active; afterwards the starter's is again."""
    name = f"launcher-{uuid.uuid4().hex[:8]}"
    made = service.command("key", name, "--zone", "us", "--scope", "launches")
    with service.client(made.stdout.strip()) as client:
        sent = client.post(
            "/strategies", json={"text": STRATEGY.format(name="own", version=1), "message": "one"}
        )
        assert sent.status_code == 200, sent.text
        yield client
        for one in client.get("/switches").json()["switches"]:
            client.delete(f"/switches/{one['kind']}", params={"name": one["name"] or one["strategy"]})
    assert service.command("activate", "text", "1").returncode == 0


@pytest.fixture(autouse=True)
def all_on(launches: httpx.Client) -> Iterator[None]:
    yield
    for one in launches.get("/switches").json()["switches"]:
        name = one["name"] or one["strategy"]
        launches.delete(f"/switches/{one['kind']}", params={"name": name}).raise_for_status()


def decided(service: Any, times: int = 1, **content: Any) -> dict[str, Any]:
    """A new item's decision; of several, which both processes take in, all alike."""
    with service.client() as client:
        answers = [
            client.post("/items", json={"id": f"post-{uuid.uuid4()}", "text": "Tea.", **content}).json()[
                "decisions"
            ][0]
            for _ in range(times)
        ]
    assert len({(one["rule"], one["action"], one["strategy_version"]) for one in answers}) == 1
    found: dict[str, Any] = answers[0]
    return found


def off(client: httpx.Client, kind: str, name: str = "") -> None:
    body = {"kind": kind, "reason": "it stops what is fine", **({"name": name} if name else {})}
    client.post("/switches", json=body).raise_for_status()


def test_a_rule_that_is_off_is_passed_over_in_every_process_at_once(
    service: Any, launches: httpx.Client
) -> None:
    before = decided(service, market="XX")
    assert (before["rule"], before["action"]) == ("banned", "remove")
    off(launches, "rule", "banned")
    after = decided(service, times=12, market="XX")
    assert (after["rule"], after["queue"]) == ("doubtful", "doubts")
    launches.delete("/switches/rule", params={"name": "banned"}).raise_for_status()
    again = decided(service, times=12, market="XX")
    assert (again["rule"], again["strategy_version"]) == ("banned", before["strategy_version"])


def test_it_stays_off_whatever_is_published_and_activated(service: Any, launches: httpx.Client) -> None:
    off(launches, "rule", "banned")
    text = STRATEGY.format(name="own", version=uuid.uuid4().hex[:6])
    made = launches.post("/strategies", json={"text": text, "message": "meanwhile"}).json()
    assert decided(service, market="XX")["rule"] == "doubtful"
    launches.post("/strategies/own/1/activate").raise_for_status()
    assert decided(service, market="XX")["rule"] == "doubtful"
    launches.delete("/switches/rule", params={"name": "banned"}).raise_for_status()
    assert decided(service, market="XX")["rule"] == "banned"
    again = launches.post("/strategies", json={"text": text, "message": "once more"})
    assert again.status_code == 409, again.text
    assert again.json()["remedy"] == f"To let it decide again: tidegate activate own {made['version']}."


def test_a_detector_that_is_off_leaves_what_hangs_on_it_to_people(
    service: Any, launches: httpx.Client
) -> None:
    assert decided(service, text="Tea at noon.")["action"] == "allow"
    off(launches, "detector", "text")
    answer = decided(service, times=6, text="Tea at noon.")
    assert (answer["action"], answer["reason"], answer["rule"]) == ("review", "detector_failed: text", None)
    assert decided(service, text="Tea at noon.", market="XX")["rule"] == "banned"
    with service.client() as client:
        whole = client.get(f"/items/{answer['id']}").json()["decisions"][0]
    assert whole["failure"] == {"text": "switched off"}


@pytest.mark.parametrize(("kind", "name"), [("strategy", "own"), ("everything", "")])
def test_what_is_stopped_acts_on_nothing_and_lets_the_rest_pass(
    service: Any, launches: httpx.Client, kind: str, name: str
) -> None:
    off(launches, kind, name)
    banned = decided(service, times=6, market="XX")
    assert (banned["action"], banned["rule"], banned["queue"]) == ("review", "banned", "stopped")
    assert decided(service, market="YY")["queue"] == "doubts"
    assert decided(service, text="Tea at noon.")["action"] == "allow"


def test_what_was_decided_while_switches_were_off_is_measured_and_replayed(
    service: Any, launches: httpx.Client
) -> None:
    off(launches, "rule", "banned")
    off(launches, "detector", "text")
    for market in ("XX", "YY", "ZZ"):
        decided(service, market=market, text="Tea at noon.")
    replayed = service.command("replay", "--from", "server", "--zone", "us")
    assert replayed.returncode == 0, replayed.stderr
    assert "none differs" in replayed.stdout


def test_a_version_is_told_with_its_text_and_what_is_different(launches: httpx.Client) -> None:
    text = STRATEGY.format(name="own", version="2").replace(">= 0.5", ">= 0.7")
    made = launches.post("/strategies", json={"text": text, "message": "milder", "activate": False}).json()
    assert (made["strategy"], made["message"], made["active"]) == ("own", "milder", False)
    whole = launches.get(f"/strategies/own/{made['version']}", params={"against": 1}).json()
    assert whole["text"] == text
    assert whole["differences"] == ["The rule rude: when text.harassment >= 0.5 → text.harassment >= 0.7."]
    listed = launches.get("/strategies").json()["versions"]
    assert [one["version"] for one in listed if one["active"]] != [made["version"]]
    assert launches.post(f"/strategies/own/{made['version']}/activate").json()["active"]


def test_what_switches_make_is_a_version_that_names_its_base(launches: httpx.Client) -> None:
    launches.post("/strategies/own/1/activate").raise_for_status()
    off(launches, "rule", "banned")
    active = next(one for one in launches.get("/strategies").json()["versions"] if one["active"])
    assert (active["base"], active["message"]) == (1, "version 1 with rule banned switched off")
    off(launches, "everything")
    active = next(one for one in launches.get("/strategies").json()["versions"] if one["active"])
    assert active["message"] == "version 1 with rule banned, all that acts switched off"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"kind": "rule", "name": "baned"}, 409, "Did you mean 'banned'?"),
        ({"kind": "rule", "name": "otherwise"}, 409, "Stop the strategy instead"),
        ({"kind": "detector", "name": "judge"}, 409, "there is no detector 'judge'"),
        ({"kind": "strategy", "name": "owm"}, 409, "Did you mean 'own'?"),
        ({"kind": "rule"}, 422, "which rule?"),
        ({"kind": "everything", "name": "text"}, 422, "'everything' has no name"),
        ({"kind": "all"}, 422, "kind"),
        ({"kind": "everything", "reason": ""}, 422, '"field":"reason"'),
    ],
)
def test_what_cannot_be_switched_off_is_told(
    launches: httpx.Client, body: dict[str, Any], status: int, says: str
) -> None:
    answer = launches.post("/switches", json={"reason": "a try", **body})
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert launches.get("/switches").json() == {"switches": []}


def test_twice_off_and_on_without_off_are_told(launches: httpx.Client) -> None:
    off(launches, "rule", "banned")
    twice = launches.post("/switches", json={"kind": "rule", "name": "banned", "reason": "again"})
    assert twice.status_code == 409
    assert "rule banned is switched off already" in twice.text
    never = launches.delete("/switches/detector", params={"name": "text"})
    assert never.status_code == 404
    assert launches.delete("/switches/anything").status_code == 422


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (STRATEGY.format(name="own", version=9).replace("text.harassment", "text.harasment"), "line 8: "),
        ("strategy: [", "no YAML"),
        ("", "the file is empty"),
    ],
)
def test_a_strategy_that_is_none_is_told_by_its_line_and_not_stored(
    launches: httpx.Client, text: str, says: str
) -> None:
    count = len(launches.get("/strategies").json()["versions"])
    answer = launches.post("/strategies", json={"text": text, "message": "a try"})
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
    assert answer.json()["field"] == "text"
    assert len(launches.get("/strategies").json()["versions"]) == count


def test_an_unknown_version_is_404(launches: httpx.Client) -> None:
    assert launches.get("/strategies/own/999").status_code == 404
    assert launches.get("/strategies/own/1", params={"against": 999}).status_code == 404
    assert launches.post("/strategies/none/1/activate").status_code == 404
    assert launches.get("/strategies/own/0").status_code == 422


def test_the_commands_switch_and_everything_is_in_the_ledger(service: Any, launches: httpx.Client) -> None:
    assert (
        service.command("switch", "off", "rule", "banned", "--because", "a try").stdout
        == "rule banned: off\n"
    )
    assert "a try" in service.command("switch", "list").stdout
    wrong = service.command("switch", "on", "rule", "bannned")
    assert wrong.returncode == 2
    assert "Did you mean 'banned'?" in wrong.stderr
    assert service.command("switch", "on", "rule", "banned").stdout == "rule banned: on\n"
    assert service.command("switch", "list").stdout == "Nothing is switched off.\n"
    assert service.command("switch", "off", "rule", "--because", "x").returncode == 2
    assert service.command("ledger", "verify").returncode == 0
    listed = service.command("versions", "own", "1", "2")
    assert listed.returncode == 0, listed.stderr
