"""A deadline: what fits is decided at once, the rest is pending, and workers decide it; nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from tests.server.conftest import TIDEGATE, Service, database, running
from tests.server.judging import STRATEGY, Server, judging
from tests.server.receiving import until

pytestmark = pytest.mark.slow

DEADLINE_S = 0.8
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with judging() as found:
        yield found


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def site(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """One process, so that which batch meets the slow detector is known."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["PYTHONPATH"] = str(ROOT)
    settings = f"""
[detectors.judge]
use = "tests.server.judging:build"
url = "{server.url}"
[intake]
deadline_ms = {DEADLINE_S * 1_000}
lease_s = 2
"""
    with database(request.param, tmp_path_factory) as url:
        if url is not None:
            environment["DATABASE_URL"] = url
        workspace = tmp_path_factory.mktemp(f"deadline-{request.param}") / "site"
        with running(workspace, environment, workers=1, strategy=STRATEGY, settings=settings) as found:
            yield found


@pytest.fixture
def client(site: Service, server: Server) -> Iterator[httpx.Client]:
    """A judge that is fast and has answered what other tests left behind."""
    server.delay = 0
    with site.client() as client:
        until(lambda: post(client, text="calm")["state"] == "decided")
        site.command("worker", "--once")
        yield client


def post(client: httpx.Client, **columns: Any) -> dict[str, Any]:
    item = {"id": f"post-{uuid.uuid4()}", "text": "calm", "surface": "forum", **columns}
    answer: dict[str, Any] = client.post("/items", json=item).raise_for_status().json()["decisions"][0]
    return answer


def slow(client: httpx.Client, server: Server, seconds: float = 3, **columns: Any) -> dict[str, Any]:
    """An item that is pending: its judge is slow, and as fast as ever afterwards."""
    server.delay = seconds
    answer = post(client, **columns)
    server.delay = 0
    assert answer["state"] == "pending"
    return answer


@contextmanager
def worker(site: Service) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*TIDEGATE, "worker"], cwd=site.workspace, env=site.environment, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def settled(client: httpx.Client, item_id: str) -> Callable[[], bool]:
    return lambda: client.get(f"/items/{item_id}").json()["pending"] is None


def test_an_item_that_needs_no_slow_signal_is_decided_and_another_is_pending_within_the_deadline(
    client: httpx.Client, server: Server
) -> None:
    server.delay = 6
    items = [
        {"id": f"post-{uuid.uuid4()}", "text": "TERRIBLE", "surface": surface, "market": market}
        for surface, market in (("forum", None), ("chat", None), ("forum", "XX"))
    ]
    began = time.monotonic()
    answers = client.post("/items", json={"items": items}).raise_for_status().json()["decisions"]
    assert time.monotonic() - began < server.delay
    assert [one["state"] for one in answers] == ["pending", "decided", "decided"]
    assert [one["action"] for one in answers] == [None, "allow", "remove"]
    assert answers[0]["reason"] == "pending: judge"
    assert answers[0]["decided_at"] is None


def test_a_worker_decides_what_is_pending_as_it_would_have_been_decided(
    site: Service, client: httpx.Client, server: Server
) -> None:
    text = f"TERRIBLE {uuid.uuid4()}".upper()
    pending = slow(client, server, text=text)
    before = client.get(f"/items/{pending['id']}").json()
    assert before["decisions"] == []
    assert before["pending"]["waits_for"] == "judge"
    with worker(site):
        until(settled(client, pending["id"]))
    item = client.get(f"/items/{pending['id']}").json()
    assert [one["rule"] for one in item["decisions"]] == ["judged"]
    assert item["decisions"][0]["values"]["judge.score"] == 1
    assert "holds" in site.command("ledger", "verify").stdout


def test_a_retry_gets_what_stands_then_and_stores_nothing(
    site: Service, client: httpx.Client, server: Server
) -> None:
    item = {"id": f"post-{uuid.uuid4()}", "text": "calm", "surface": "forum"}
    pending = slow(client, server, **item)
    rows = site.command("ledger", "verify").stdout
    assert post(client, **item) == pending
    assert site.command("ledger", "verify").stdout == rows
    site.command("worker", "--once")
    decided = post(client, **item)
    assert (decided["state"], decided["action"], decided["version"]) == ("decided", "allow", 1)
    assert post(client, **item) == decided


def test_an_edit_replaces_what_is_pending(site: Service, client: httpx.Client, server: Server) -> None:
    pending = slow(client, server, text="TERRIBLE")
    answer = post(client, id=pending["id"], text="calm", surface="chat")
    assert (answer["state"], answer["version"], answer["action"]) == ("decided", 2, "allow")
    site.command("worker", "--once")
    item = client.get(f"/items/{pending['id']}").json()
    assert [(one["version"], one["action"]) for one in item["decisions"]] == [(2, "allow")]


def test_a_decided_item_whose_edit_is_pending_keeps_its_count_until_that_is_decided(
    site: Service, client: httpx.Client, server: Server
) -> None:
    author = f"author-{uuid.uuid4()}"
    removed = post(client, market="XX", author_id=author, surface="chat")
    pending = slow(client, server, id=removed["id"], text="calm", author_id=author)
    assert pending["version"] == 2
    assert post(client, author_id=author, surface="chat")["rule"] == "repeat"
    site.command("worker", "--once")
    assert post(client, author_id=author, surface="chat")["rule"] == "otherwise"


def test_events_do_not_settle_an_item_and_are_read_when_it_is_decided(
    site: Service, client: httpx.Client, server: Server
) -> None:
    pending = slow(client, server, text="calm")
    for number in range(2):
        event = {
            "id": f"{pending['id']}-{number}",
            "item_id": pending["id"],
            "type": "report",
            "by": f"fan-{number}",
        }
        answer = client.post("/events", json=event).raise_for_status().json()["events"][0]
        assert not answer["decided_anew"]
        assert answer["decision"] == pending
    site.command("worker", "--once")
    item = client.get(f"/items/{pending['id']}").json()
    assert [one["rule"] for one in item["decisions"]] == ["reported"]


def test_a_report_that_comes_while_a_worker_decides_is_not_overlooked(
    site: Service, client: httpx.Client, server: Server
) -> None:
    pending = slow(client, server, text="calm")
    asked = len(server.asked)
    server.delay = 2
    with worker(site):
        until(lambda: len(server.asked) > asked)
        events = [
            {"id": f"{pending['id']}-{by}", "item_id": pending["id"], "type": "report", "by": by}
            for by in ("anna", "bo")
        ]
        client.post("/events", json={"events": events}).raise_for_status()
        until(settled(client, pending["id"]))
    assert client.get(f"/items/{pending['id']}").json()["decisions"][0]["rule"] == "reported"
    assert len(server.asked) == asked + 1, "signals that are there are not asked for again"


def test_what_is_pending_cannot_be_undone_and_is_decided_all_the_same(
    site: Service, client: httpx.Client, server: Server
) -> None:
    pending = slow(client, server, text="calm")
    undone = client.post(f"/items/{pending['id']}/undo").raise_for_status().json()
    assert undone == {"decision": pending, "cancelled": 0, "left": 0}
    site.command("worker", "--once")
    assert settled(client, pending["id"])()


def test_what_is_pending_is_in_no_run_and_said_to_be_left_out(
    site: Service, client: httpx.Client, server: Server, tmp_path: Path
) -> None:
    pending = slow(client, server, text="TERRIBLE")
    out = tmp_path / "run"
    exported = site.command("export", "--zone", "us", "--out", str(out))
    assert "1 items are pending, and not in it" in exported.stderr
    assert pending["id"] not in pl.read_parquet(out / "decisions.parquet")["item_id"].to_list()
    table = tmp_path / "items.parquet"
    site.command("export", "--zone", "us", "--table", "items", "--out", str(table))
    waiting = pl.read_parquet(table).filter(pl.col("pending_since").is_not_null())
    assert waiting["id"].to_list() == [pending["id"]]
    listed = client.get("/items", params={"limit": 1}).json()["items"][0]
    assert listed["decision"] == pending

    site.command("worker", "--once")
    whole = tmp_path / "whole"
    assert site.command("export", "--zone", "us", "--out", str(whole)).stderr == ""
    assert pending["id"] in pl.read_parquet(whole / "decisions.parquet")["item_id"].to_list()
    replayed = site.command("replay", "--from", "server", "--zone", "us")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def test_an_erased_item_has_nothing_pending(site: Service, client: httpx.Client, server: Server) -> None:
    pending = slow(client, server, text="TERRIBLE")
    assert site.command("erase", "--zone", "us", "--item", pending["id"]).returncode == 0
    assert client.get(f"/items/{pending['id']}").status_code == 404
    asked = len(server.asked)
    site.command("worker", "--once")
    assert len(server.asked) == asked


@pytest.mark.parametrize("kills", [5])
def test_a_worker_that_is_killed_while_it_decides_loses_nothing(
    site: Service, client: httpx.Client, server: Server, kills: int
) -> None:
    server.delay = 3
    pending = [post(client, text=f"TERRIBLE {number}") for number in range(20)]
    assert {one["state"] for one in pending} == {"pending"}
    for _ in range(kills):
        asked = len(server.asked)
        with worker(site) as process:
            until(lambda: len(server.asked) > asked)  # noqa: B023
            os.kill(process.pid, signal.SIGKILL)
        assert not any(settled(client, one["id"])() for one in pending)
    server.delay = 0
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(worker(site))
        for one in pending:
            until(settled(client, one["id"]))
    for one in pending:
        decisions = client.get(f"/items/{one['id']}").json()["decisions"]
        assert [(d["version"], d["rule"]) for d in decisions] == [(1, "judged")]
    assert "holds" in site.command("ledger", "verify").stdout


def test_a_detector_that_is_down_leaves_its_items_to_people(
    site: Service, client: httpx.Client, server: Server
) -> None:
    config = site.workspace / "tidegate.toml"
    whole = config.read_text()
    config.write_text(whole.replace(server.url, "http://127.0.0.1:9/"))
    pending = slow(client, server, text="TERRIBLE")
    try:
        site.command("worker", "--once")
    finally:
        config.write_text(whole)
    decision = client.get(f"/items/{pending['id']}").json()["decisions"][0]
    assert (decision["action"], decision["reason"]) == ("review", "detector_failed: judge")
    assert decision["failure"]["judge"] == "raised URLError"


def test_metrics_tell_how_much_waits(site: Service, client: httpx.Client, server: Server) -> None:
    key = site.command("key", f"metrics-{uuid.uuid4()}", "--zone", "us", "--scope", "metrics").stdout.strip()

    def waiting() -> float:
        told = httpx.get(f"{site.url}/metrics", headers={"Authorization": f"Bearer {key}"}, timeout=30)
        return next(
            float(one.split()[1]) for one in told.text.splitlines() if one.startswith("tidegate_pending ")
        )

    slow(client, server, text="TERRIBLE")
    assert waiting() == 1
    site.command("worker", "--once")
    assert waiting() == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("deadline = 5", "[intake] has no field 'deadline'"),
        ("deadline_ms = 0", "a number from 0.001 to 25,000"),
        ('deadline_ms = "long"', "a number from 0.001 to 25,000"),
        ("deadline_ms = 60_000", "to 25,000"),
        ("[care]\nper_hour = 1", "a whole number from 8 to 1,000,000"),
        ("longest_text = 0.5", "a whole number from 1 to 10,000,000"),
        ("longest_text = 20_000_000", "to 10,000,000"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_told_when_the_service_starts(
    tmp_path: Path, tidegate: Any, line: str, said: str
) -> None:
    environment = dict(os.environ)
    tidegate("init", "site", cwd=tmp_path, environment=environment)
    with (tmp_path / "site" / "tidegate.toml").open("a") as settings:
        settings.write(f"\n[intake]\n{line}\n")
    for command in ("serve", "worker"):
        done = tidegate(command, cwd=tmp_path / "site", environment=environment)
        assert done.returncode == 2
        assert said in done.stderr


def test_people_are_asked_about_an_appeal_once_there_is_a_decision(inside: Path) -> None:
    from tidegate.runs.intake import Intake
    from tidegate.server.content.finishing import finish_all
    from tidegate.server.events.actions import record
    from tidegate.server.events.occurrences import Occurrence
    from tidegate.server.review.models import Kind, Task
    from tidegate.server.zones.scope import EVERYWHERE, within

    def asked() -> int:
        return int(Task.objects.filter(item__external_id="pending-us", kind=Kind.APPEAL).count())

    with within(EVERYWHERE):
        appeal = Occurrence("key:test", "us", "too-soon", "pending-us", "appeal", by="me", statement="why?")
        [outcome] = record([appeal])
        assert not outcome.decided_anew
        assert asked() == 0
        assert finish_all(Intake()) == 2
        assert asked() == 1


def test_a_box_of_a_query_that_a_person_decided_is_told_what_to_do(inside: Path) -> None:
    from tidegate.server.content.actions import take_in
    from tidegate.server.content.arrivals import CONTENT, Arrival
    from tidegate.server.content.models import PEOPLE, Decision, Item
    from tidegate.server.content.recording import store
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        content = dict.fromkeys(CONTENT) | {"kind": "query", "text": "tea"}
        [answer] = take_in([Arrival("key:test", "us", "asked", content, None)])
        before = answer.stands
        assert isinstance(before, Decision)
        again = {
            name: getattr(before, name) for name in ("item_version", "cost_ms", "cost_money", "decided_at")
        }
        mine = Decision(
            item=Item.objects.get(external_id="asked"),
            strategy=PEOPLE,
            arm=PEOPLE,
            strategy_version="1",
            action="remove",
            values="{}",
            detectors="{}",
            audit_probability=1.0,
            audited=False,
            reason="person",
            **again,
        )
        store([mine])
        assert mine.search == '{"results":"none","banner":null}'
