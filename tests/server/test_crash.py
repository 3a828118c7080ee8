"""Killed at random moments under load: nothing accepted is lost, done twice or out of order.

The server with its processes and the workers are killed outright (SIGKILL) and started again, while clients
that retry go on sending items, edits and reports. Afterwards everything must add up.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import database, free_port
from tests.server.receiving import EXAMPLE, SETTINGS, acts, until

TIDEGATE = (sys.executable, "-m", "tidegate.cli.main")
STRATEGY = """
strategy: crash
version: 1
audit: {proportional_to: item.views, budget_per_day: 1000}
rules:
  - {id: flood, when: "author.items_1h >= 100000", then: review}
  - {id: reported, when: "item.reports >= 2", then: remove}
  - {id: otherwise, then: allow}
"""
AUTHORS = 4


@dataclass
class Site:
    """A workspace, and the processes on it, which are killed and started again."""

    workspace: Path
    environment: dict[str, str]
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [*TIDEGATE, *arguments],
            cwd=self.workspace,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, name: str) -> None:
        serve = ("serve", "--port", str(self.port), "--workers", "2")
        # A session of its own, so that the server dies with all its processes at the same moment.
        self.processes[name] = subprocess.Popen(
            [*TIDEGATE, *(serve if name == "server" else ("worker",))],
            cwd=self.workspace,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self, name: str) -> None:
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def kill_all(self) -> None:
        for name in self.processes:
            self.kill(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with database(request.param, tmp_path_factory) as url:
        if url is not None:
            environment["DATABASE_URL"] = url
        made = Site(tmp_path / "site", environment, free_port())
        made.workspace.mkdir()
        made.command("init", ".")
        (made.workspace / "strategies" / "text.yaml").write_text(STRATEGY)
        with (made.workspace / "tidegate.toml").open("a") as settings:
            settings.write(f"\n[detectors.author]\n{SETTINGS}")
        made.command("publish", "strategies/text.yaml", "--message", "the first")
        yield made
        made.kill_all()


class Feeder:
    """A client that sends the same request until it is answered, and remembers what was accepted."""

    def __init__(self, site: Site, key: str, name: str) -> None:
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{site.port}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=10,
        )
        self.name, self.chance = name, random.Random(name)
        self.contents: dict[str, int] = {}
        self.decisions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.reporters: Counter[str] = Counter()

    def send(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        end = time.monotonic() + 300
        while True:
            try:
                answer = self.client.post(path, json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            assert answer is None or answer.status_code >= 500, answer.text
            assert time.monotonic() < end, "nothing answers any more"
            time.sleep(0.05)

    def work(self, over: threading.Event) -> None:
        """New items, edits of known ones, and reports, until it is over."""
        while not over.is_set():
            edited = self.chance.sample(sorted(self.contents), min(3, len(self.contents)))
            sent = [*edited, *(f"{self.name}-{len(self.contents) + more}" for more in range(3))]
            body = []
            for item in sent:
                self.contents[item] = self.contents.get(item, 0) + 1
                text = f"Tea {self.contents[item]}."
                body.append({"id": item, "text": text, "author_id": author(item)})
            for decision in self.send("/items", {"items": body})["decisions"]:
                self.decisions[decision["id"]].append(decision)
            item = self.chance.choice(sorted(self.contents))
            self.reporters[item] += 1
            by = f"{self.name}-{self.reporters[item]}"
            event = {"id": f"{item}:{by}", "item_id": item, "type": "report", "by": by, "reason": "rude"}
            self.send("/events", event)
            over.wait(0.02)


def author(item: str) -> str:
    return f"author-{sum(map(ord, item)) % AUTHORS}"


@pytest.mark.slow
@pytest.mark.parametrize("kills", [200])
def test_everything_adds_up_after_so_many_kills(site: Site, tmp_path: Path, kills: int) -> None:
    chance, port, db = random.Random(kills), free_port(), tmp_path / "received.db"
    key = site.command("key", "feed", "--zone", "us", "--scope", "items", "--scope", "events")
    secret = site.command("webhook", "hook", "--zone", "us", "--url", f"http://127.0.0.1:{port}/")
    receiver = [sys.executable, str(EXAMPLE), "--port", str(port), "--db", str(db)]
    over = threading.Event()
    with ExitStack() as stack, (tmp_path / "said").open("w") as said:
        process = stack.enter_context(
            subprocess.Popen(receiver, env={**os.environ, "WEBHOOK_SECRET": secret}, stdout=said)
        )
        stack.callback(process.kill)
        for name in ("server", "worker-1", "worker-2"):
            site.start(name)
        feeders = [Feeder(site, key, name) for name in ("anna", "bo")]
        stack.callback(lambda: [feeder.client.close() for feeder in feeders])
        pool = stack.enter_context(ThreadPoolExecutor(len(feeders)))
        stack.callback(over.set)
        working = [pool.submit(feeder.work, over) for feeder in feeders]
        for _ in range(kills):
            name = chance.choice(["server", "server", "worker-1", "worker-2"])
            # Something was accepted since the last kill, so that it is work that is cut off.
            until(partial(more_than, accepted(feeders), feeders), seconds=120)
            time.sleep(chance.uniform(0, 0.6))
            site.kill(name)
            site.start(name)
        over.set()
        for future in working:
            future.result(timeout=300)
        check_items(site, feeders)
        made = {item: len(found) for item, found in decisions_of(feeders[0]).items()}
        until(lambda: len(acts(db)) >= sum(made.values()), seconds=300)
        of_item = defaultdict(list)
        for item, sequence in acts(db):
            of_item[item].append(sequence)
        assert of_item == {item: list(range(1, count + 1)) for item, count in made.items()}
    assert "older than what was done" not in (tmp_path / "said").read_text()
    assert "holds" in site.command("ledger", "verify")


def accepted(feeders: list[Feeder]) -> int:
    return sum(len(found) for feeder in feeders for found in list(feeder.decisions.values()))


def more_than(number: int, feeders: list[Feeder]) -> bool:
    return accepted(feeders) > number


def decisions_of(feeder: Feeder) -> dict[str, list[dict[str, Any]]]:
    """Every decision of the zone, by item, newest first."""
    found, asked = defaultdict(list), {"limit": "1000"}
    while True:
        page = feeder.client.get("/decisions", params=asked).raise_for_status().json()
        for one in page["decisions"]:
            found[one["id"]].append(one)
        if page["next"] is None:
            return found
        asked["cursor"] = page["next"]


def check_items(site: Site, feeders: list[Feeder]) -> None:
    """What was accepted is there, once; and what is counted is what is there."""
    recorded = decisions_of(feeders[0])
    contents = {item: count for feeder in feeders for item, count in feeder.contents.items()}
    assert set(recorded) == set(contents)
    for feeder in feeders:
        for item, accepted in feeder.decisions.items():
            assert all(decision in recorded[item] for decision in accepted)
            whole = feeder.client.get(f"/items/{item}").raise_for_status().json()
            assert whole["version"] == contents[item]
            assert whole["text"] == f"Tea {contents[item]}."
            assert whole["reports"] == feeder.reporters[item]
            removed = whole["decisions"][0]["action"] == "remove"
            assert removed == (whole["reports"] >= 2)
    by_author = Counter(author(item) for item in contents)
    probe = feeders[0]
    for name, count in by_author.items():
        probe.send("/items", {"id": f"probe-{name}", "author_id": name, "text": "Tea."})
        values = probe.client.get(f"/items/probe-{name}").json()["decisions"][0]["values"]
        assert values["author.items_1h"] == count
