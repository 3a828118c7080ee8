"""As `bench_load`, over PostgreSQL: decided and durable items a second against a bare endpoint, and with many
items in the database against few.

The server has one process on the first core, where PostgreSQL runs too; the clients have the last.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from benchmarks.figure import Figure
from benchmarks.server.bench_load import (
    ROOT,
    SHAPES,
    TIDEGATE,
    WARM,
    against_bare,
    free_port,
    measured,
    served,
    stream,
    tidegate,
)
from benchmarks.server.database import postgresql
from benchmarks.server.load import send

MANY = int(os.environ.get("MANY", 5_000_000))


def run() -> Iterator[Figure]:
    first, last = 0, (os.cpu_count() or 1) - 1
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {first})
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {last})  # the clients; what is started from here is told another core
        os.environ["DATABASE_URL"] = url
        site = Path(folder) / "site"
        texts = stream(Path(folder))
        tidegate("init", str(site))
        tidegate("publish", "strategies/text.yaml", "--message", "load", cwd=site)
        key = tidegate("key", "load", "--zone", "us", "--scope", "items", cwd=site)
        ours, theirs = free_port(), free_port()
        serve = [*TIDEGATE, "serve", "--port", str(ours)]
        bare = [TIDEGATE[0], "-m", "benchmarks.server.bare", str(theirs)]
        with served(serve, site, ours, first), served(bare, ROOT, theirs, first):
            for port in (ours, theirs):
                send(port, key, texts, at_once=1, clients=16, seconds=WARM)
            for shape, (at_once, clients) in SHAPES.items():
                yield from against_bare(shape, (ours, theirs), key, texts, at_once, clients)
        few = measured(serve, site, ours, key, texts, first)
        fill(url, MANY)
        many = measured(serve, site, ours, key, texts, first)
    for shape in SHAPES:
        speed = many[shape].items_a_second
        name = f"{shape}, {MANY:,} items in the database"
        yield Figure(name, round(speed, 1), "items/s", "few", speed / few[shape].items_a_second)


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
