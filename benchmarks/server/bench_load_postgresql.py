"""As `bench_load`, over PostgreSQL: decided and durable items a second against a bare endpoint, and with many
items in the database against few.

The server has one process on the first core, where PostgreSQL runs too; the clients have the last. Items are
set against processor time as well as against the clock, since a machine may do other things meanwhile.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from benchmarks.figure import Figure
from benchmarks.server.bench_load import (
    ROOT,
    ROUNDS,
    SECONDS,
    SHAPES,
    TIDEGATE,
    WARM,
    free_port,
    served,
    stream,
    tidegate,
)
from benchmarks.server.database import postgresql
from benchmarks.server.load import Load, send
from benchmarks.server.processor import seconds

MANY = int(os.environ.get("MANY", 5_000_000))


@dataclass(frozen=True)
class Spent:
    """A load, and how many items were decided in a second of the server's and PostgreSQL's processor time."""

    load: Load
    items_per_core_second: float


def run() -> Iterator[Figure]:
    first, last = 0, (os.cpu_count() or 1) - 1
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {first})
    with postgresql() as (url, database), tempfile.TemporaryDirectory() as folder:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {last})  # the clients; what is started from here is told another core
        os.environ["DATABASE_URL"] = url
        site = Path(folder) / "site"
        texts = stream(Path(folder))
        tidegate("init", str(site))
        tidegate("publish", "strategies/text.yaml", "--message", "load", cwd=site)
        key = tidegate("key", "load", "--zone", "us", "--scope", "items", cwd=site)
        serve = [*TIDEGATE, "serve", "--port", str(free_port())]
        bare = [TIDEGATE[0], "-m", "benchmarks.server.bare", str(free_port())]

        def sent(port: str, processes: Collection[int], shape: str) -> Spent:
            at_once, clients = SHAPES[shape]
            before = seconds(processes)
            load = send(int(port), key, texts, at_once=at_once, clients=clients, seconds=SECONDS)
            return Spent(load, load.items / (seconds(processes) - before))

        def warm(port: str) -> None:
            send(int(port), key, texts, at_once=1, clients=16, seconds=WARM)

        few, bares = defaultdict(list), defaultdict(list)
        with (
            served(serve, site, int(serve[-1]), first) as ours,
            served(bare, ROOT, int(bare[-1]), first) as theirs,
        ):
            warm(serve[-1])
            warm(bare[-1])
            for shape in SHAPES:
                for _ in range(ROUNDS):  # in turns, so that what else the machine does falls on both
                    few[shape].append(sent(serve[-1], (ours, database), shape))
                    bares[shape].append(sent(bare[-1], (theirs,), shape))
        for shape in SHAPES:
            yield from compared(shape, middle(few[shape]), "a bare endpoint", middle(bares[shape]))
        fill(url, MANY)
        many = defaultdict(list)
        with served(serve, site, int(serve[-1]), first) as ours:
            warm(serve[-1])
            for shape in SHAPES:
                many[shape] += [sent(serve[-1], (ours, database), shape) for _ in range(ROUNDS)]
        for shape in SHAPES:
            name = f"{shape}, {MANY:,} items there"
            yield from compared(name, middle(many[shape]), "few", middle(few[shape]))


def middle(found: list[Spent]) -> Spent:
    return sorted(found, key=lambda one: one.items_per_core_second)[len(found) // 2]


def compared(name: str, one: Spent, against: str, other: Spent) -> Iterator[Figure]:
    core, other_core = one.items_per_core_second, other.items_per_core_second
    yield Figure(f"{name}: of processor time", round(core, 1), "items/s", against, core / other_core)
    speed, other_speed = one.load.items_a_second, other.load.items_a_second
    yield Figure(f"{name}: by the clock", round(speed, 1), "items/s", against, speed / other_speed)
    for what in ("p50", "p99"):
        mine, others = getattr(one.load, what), getattr(other.load, what)
        yield Figure(f"{name}: {what}", round(mine, 1), "ms", against, mine / others)


def fill(url: str, rows: int) -> None:
    """Copies of one item with its content and decision, under other ids and authors."""
    with psycopg.connect(url) as db:
        before = {table: newest(db, table) for table in ("item", "itemversion", "decision")}
        for table, first in before.items():
            own = {
                "id": f"{first} + n",
                "item_id": f"{before['item']} + n",
                "external_id": "'filled-' || n",
                "author_id": "'author-' || (n % 1000000)",
            }
            asked = "select column_name from information_schema.columns where table_name = %s order by 1"
            columns = [name for (name,) in db.execute(asked, [f"content_{table}"])]
            chosen = ", ".join(own.get(column, f'"{column}"') for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            db.execute(
                f"insert into content_{table} ({names}) select {chosen} from content_{table} "
                f"cross join generate_series(1, {rows}) n where content_{table}.id = {first}"
            )
            db.execute(f"select setval(pg_get_serial_sequence('content_{table}', 'id'), {first + rows})")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("vacuum analyze")
        db.execute("checkpoint")


def newest(db: psycopg.Connection[tuple[int]], table: str) -> int:
    found = db.execute(f"select max(id) from content_{table}").fetchone()
    assert found is not None
    return found[0]
