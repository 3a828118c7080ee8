"""Decided and durable items a second: against the same models behind an endpoint that stores nothing, and
with millions of items in the database against few. On SQLite.

The server has one process on the first core, the clients the last.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import polars as pl
from benchmarks.figure import Figure
from benchmarks.server.load import Load, send

from tidegate.demo import write_stream

ROOT = Path(__file__).parents[2]
TIDEGATE = (sys.executable, "-m", "tidegate.cli.main")
SECONDS, ROUNDS, WARM = 12.0, 3, 4.0
MANY = int(os.environ.get("MANY", 5_000_000))
SHAPES = {"singly": (1, 16), "in batches of 100": (100, 4)}
"""Items in a request, and clients."""


def run() -> Iterator[Figure]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    every = sorted(range(os.cpu_count() or 1))
    if cores:
        os.sched_setaffinity(0, {every[-1]})  # the clients; what is started from here is told another core
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        texts = stream(Path(folder))
        tidegate("init", str(site))
        tidegate("publish", "strategies/text.yaml", "--message", "load", cwd=site)
        key = tidegate("key", "load", "--zone", "us", "--scope", "items", cwd=site)
        ours, theirs = free_port(), free_port()
        serve = [*TIDEGATE, "serve", "--port", str(ours)]
        bare = [sys.executable, "-m", "benchmarks.server.bare", str(theirs)]
        with served(serve, site, ours, every[0]), served(bare, ROOT, theirs, every[0]):
            for port in (ours, theirs):
                send(port, key, texts, at_once=1, clients=16, seconds=WARM)
            for shape, (at_once, clients) in SHAPES.items():
                yield from against_bare(shape, (ours, theirs), key, texts, at_once, clients)
        few = measured(serve, site, ours, key, texts, every[0])
        fill(site / "tidegate.db", MANY)
        many = measured(serve, site, ours, key, texts, every[0])
    for shape in SHAPES:
        speed = many[shape].items_a_second
        name = f"{shape}, {MANY:,} items in the database"
        yield Figure(name, round(speed, 1), "items/s", "few", speed / few[shape].items_a_second)


def against_bare(
    shape: str, ports: tuple[int, int], key: str, texts: list[str], at_once: int, clients: int
) -> Iterator[Figure]:
    """Both in turns, so that what else the machine does falls on both."""
    loads: tuple[list[Load], list[Load]] = ([], [])
    for _ in range(ROUNDS):
        for found, port in zip(loads, ports, strict=True):
            found.append(send(port, key, texts, at_once=at_once, clients=clients, seconds=SECONDS))
    ours, theirs = (sorted(found, key=lambda one: one.items_a_second)[ROUNDS // 2] for found in loads)
    ratio = ours.items_a_second / theirs.items_a_second
    yield Figure(shape, round(ours.items_a_second, 1), "items/s", "a bare endpoint", ratio)
    for name in ("p50", "p99"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        yield Figure(f"{shape}: {name}", round(mine, 1), "ms", "a bare endpoint", mine / other)


def measured(
    serve: list[str], site: Path, port: int, key: str, texts: list[str], core: int
) -> dict[str, Load]:
    with served(serve, site, port, core):
        send(port, key, texts, at_once=1, clients=16, seconds=WARM)
        return {
            shape: send(port, key, texts, at_once=at_once, clients=clients, seconds=2 * SECONDS)
            for shape, (at_once, clients) in SHAPES.items()
        }


def fill(database: Path, rows: int) -> None:
    """Copies of one item with its content, decision and entry in the ledger, under other ids and authors."""
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA synchronous = OFF")
        for table in ("content_item", "content_itemversion", "content_decision"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            first = db.execute(f"SELECT max(id) FROM {table}").fetchone()[0]
            item = db.execute("SELECT max(id) FROM content_item").fetchone()[0]
            item = item if table == "content_item" else item - rows
            own = {
                "id": f"{first} + n",
                "item_id": f"{item} + n",
                "external_id": "'filled-' || n",
                "author_id": "'author-' || (n % 1000000)",
            }
            chosen = ", ".join(own.get(column, f'"{column}"') for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            db.execute(
                "WITH RECURSIVE counter(n) AS "
                f"(SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {rows}) "
                f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {table} CROSS JOIN counter "
                f"WHERE {table}.id = {first}"
            )
    db.close()
    os.sync()  # or the first commits that are measured would wait for gigabytes of this


def stream(folder: Path) -> list[str]:
    write_stream(folder / "posts.parquet", 20_000, 3)
    return pl.read_parquet(folder / "posts.parquet")["text"].to_list()


@contextmanager
def served(command: list[str], cwd: Path, port: int, core: int) -> Iterator[int]:
    """A server that answers on this port; the number of its process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    pin = ["taskset", "-c", str(core)] if hasattr(os, "sched_getaffinity") else []
    with subprocess.Popen([*pin, *command], cwd=cwd, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 600  # on a machine that is busy with other work
            while not answers(port):
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"{' '.join(command)} does not start")
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=5):
            return True
    except (URLError, OSError) as error:
        return isinstance(getattr(error, "code", None), int)


def tidegate(*arguments: str, cwd: Path | None = None) -> str:
    done = subprocess.run([*TIDEGATE, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
