"""How soon a version that is activated decides in every process: four of them, on SQLite and on PostgreSQL.

Each process has a client of its own, which sends an item every 50 ms. Measured is from when the activation is
asked for until the last process was sent a request that the new version decides; forward and back in turn. As
machines differ, and what else they do, it is set against the time that an item is answered in meanwhile.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.server.bench_load import TIDEGATE, free_port, served, tidegate
from benchmarks.server.database import postgresql

PROCESSES, ROUNDS, PAUSE_S, SETTLE_S = 4, 15, 0.05, 0.5
WARM = 20
"""Answers of each process before the first turn: by then it has loaded its models."""


@dataclass
class Watch:
    """One process, asked all the time: when each request was begun, which version answered, and after how
    many ms."""

    port: int
    key: str
    seen: list[tuple[float, str]] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        number = 0
        while not self.over.is_set():
            number += 1
            begun = time.perf_counter()
            item = {"id": f"{self.port}-{begun}-{number}", "text": "Lovely day at the lake."}
            answer = asked(connection, self.key, "/api/v1/items", item)
            self.taken.append((time.perf_counter() - begun) * 1_000)
            self.seen.append((begun, answer["decisions"][0]["strategy_version"]))
            self.over.wait(PAUSE_S)
        connection.close()

    def switched_at(self, since: float, version: str) -> float | None:
        """When the first request was begun of those that this version decided and no other after it."""
        mine = list(takewhile(lambda one: one[0] >= since, reversed(self.seen[:])))
        old = [begun for begun, label in mine if label != version]
        new = [begun for begun, label in mine if label == version and begun > max(old, default=0.0)]
        return min(new, default=None)


def run() -> Iterator[Figure]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    for name, database in (("SQLite", nullcontext((None, 0))), ("PostgreSQL", postgresql())):
        with database as (url, _), tempfile.TemporaryDirectory() as folder:
            os.environ.pop("DATABASE_URL", None)
            if url is not None:
                os.environ["DATABASE_URL"] = url
            forward, back, item = turns(Path(folder) / "site")
        yield Figure(f"{name}: an item, median", round(item, 1), "ms")
        for way, taken in (("activation", forward), ("rollback", back)):
            for what, value in (("median", statistics.median(taken)), ("most", max(taken))):
                told = f"{name}: {way} in all of {PROCESSES} processes, {what} of {ROUNDS}"
                yield Figure(told, round(value, 1), "ms", "an item", value / item)


def turns(site: Path) -> tuple[list[float], list[float], float]:
    """Milliseconds of each activation of version 2, of each way back to 1, and of an item meanwhile."""
    tidegate("init", str(site))
    with (site / "tidegate.toml").open("a") as settings:
        settings.write("\n[launches]\nfour_eyes = false\n")
    strategy = site / "strategies" / "text.yaml"
    tidegate("publish", str(strategy), "--message", "one", cwd=site)
    strategy.write_text(strategy.read_text().replace("version: 1", "version: 2", 1))
    tidegate("publish", str(strategy), "--message", "two", "--hold", cwd=site)
    key = tidegate("key", "k", "--zone", "us", "--scope", "items", "--scope", "launches", cwd=site)
    with ExitStack() as stack:
        watches = [stack.enter_context(watched(site, key)) for _ in range(PROCESSES)]
        while any(len(one.seen) < WARM for one in watches):
            time.sleep(0.1)
        forward, back = [], []
        connection = http.client.HTTPConnection("127.0.0.1", watches[0].port, timeout=60)
        for _ in range(ROUNDS):
            for number, taken in ((2, forward), (1, back)):
                time.sleep(SETTLE_S)
                taken.append(activated(connection, key, number, watches))
        connection.close()
    return forward, back, statistics.median(value for one in watches for value in one.taken)


def activated(connection: http.client.HTTPConnection, key: str, number: int, watches: list[Watch]) -> float:
    begun = time.perf_counter()
    version = asked(connection, key, f"/api/v1/strategies/text/{number}/activate", {})["label"]
    # An answer that was under way says nothing of what is decided from now on: wait until all have told.
    while any(one.switched_at(begun, version) is None for one in watches):
        time.sleep(PAUSE_S)
    time.sleep(SETTLE_S)
    return max((one.switched_at(begun, version) or 0.0) - begun for one in watches) * 1_000


@contextmanager
def watched(site: Path, key: str) -> Iterator[Watch]:
    port = free_port()
    with served([*TIDEGATE, "serve", "--port", str(port)], site, port, port % (os.cpu_count() or 1)):
        watch = Watch(port, key)
        thread = threading.Thread(target=watch.work)
        thread.start()
        try:
            yield watch
        finally:
            watch.over.set()
            thread.join()


def asked(
    connection: http.client.HTTPConnection, key: str, path: str, body: dict[str, str]
) -> dict[str, object]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {content[:500]!r}")
    found: dict[str, object] = json.loads(content)
    return found
