"""One query, asked: in a DuckDB of its own that holds copies of a few tables and can reach nothing else.

The service's own database never sees the query, so that no query can hold it up, write to it or leave its
zones.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
import sqlglot
from django.db import transaction
from sqlglot import exp

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.ledger.actions import Act, append
from tidegate.server.queries.tables import TABLES, Read, read
from tidegate.warehouse.ask import refuse_writing

LONGEST_S = 20.0
"""Seconds that a query may take, the reading of its tables left aside."""
MOST_ROWS = 10_000
LARGEST = 20 * 2**20
"""Bytes of an answer."""
MEMORY = "512MB"
LONGEST_ERROR = 500
"""Characters of an error that are told: it may quote what it read."""


@dataclass(frozen=True)
class Answer:
    """What came of a query.

    cut: the answer has more than `MOST_ROWS` rows; the first are here.
    partly: tables of which only a part was read, since they have too many rows in that time.
    """

    frame: pl.DataFrame
    cut: bool
    partly: Sequence[str]


def ask(
    sql: str,
    zones: Collection[str],
    since: datetime,
    until: datetime,
    *,
    actor: str,
    longest: float = LONGEST_S,
) -> Answer:
    """The answer to one query over `TABLES` in these zones and this time. That it was asked is recorded.

    Raises:
        RunError: it is no query that reads, it names what is not there, or it takes too long or too much.
    """
    used = tables_of(sql)
    tables = {name: read(name, zones, since, until) for name in used}
    frame = None
    try:
        frame = _answer_from(tables, sql, longest)
    finally:  # what fails is on the record too: an error may quote what it read
        _record(frame, used, zones, actor)
    return Answer(
        frame.head(MOST_ROWS),
        len(frame) > MOST_ROWS,
        [name for name, table in tables.items() if table.cut],
    )


def _answer_from(tables: Mapping[str, Read], sql: str, longest: float) -> pl.DataFrame:
    """The answer, with a row more than is shown where there are more."""
    with closing(duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": "1"})) as connection:
        for name, table in tables.items():
            connection.register(name, table.frame.to_arrow())
        connection.execute("set python_enable_replacements = false; set temp_directory = ''")
        connection.execute("set enable_external_access = false; set lock_configuration = true")
        frame = _answered(connection, sql, longest)
    if frame.estimated_size() > LARGEST:
        raise RunError("the answer is too large", where=Where(field="sql"), remedy="Ask for fewer columns.")
    return frame


def tables_of(sql: str) -> list[str]:
    """The tables of `TABLES` that a query names; all of them where it cannot be told."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return list(TABLES)
    named = {table.name.lower() for table in tree.find_all(exp.Table)}
    return [name for name in TABLES if name in named]


def _answered(connection: duckdb.DuckDBPyConnection, sql: str, longest: float) -> pl.DataFrame:
    ended = threading.Event()

    def end() -> None:
        ended.set()
        connection.interrupt()

    watch = threading.Timer(longest, end)
    watch.start()
    try:
        refuse_writing(connection, sql, list(TABLES))
        answer: pl.DataFrame = connection.sql(sql).limit(MOST_ROWS + 1).pl()
        answer.select(pl.selectors.temporal()).rows()  # some times that DuckDB knows Python cannot tell
        return answer
    except duckdb.Error as error:
        if ended.is_set():
            raise RunError(
                f"the query took more than {longest:g} seconds",
                where=Where(field="sql"),
                remedy="Choose fewer days, or ask for less at once.",
            ) from error
        raise RunError(_said(error), where=Where(field="sql"), remedy=_remedy(str(error))) from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise RunError(
            "the answer has a column of a kind that cannot be shown",
            where=Where(field="sql"),
            remedy="Make it text or a number: cast(… as varchar), or epoch(…) for a length of time.",
        ) from error
    finally:
        watch.cancel()


def _said(error: duckdb.Error) -> str:
    # DuckDB's own guess at a table is often one of its internal ones.
    lines = [line for line in str(error).splitlines() if line and not line.startswith("Did you mean")]
    said = " ".join(lines).strip()
    return said if len(said) <= LONGEST_ERROR else f"{said[:LONGEST_ERROR]}…"


def _remedy(message: str) -> str:
    has = f"There are the tables {', '.join(TABLES)}."
    if "Table with name " in message:
        asked = message.partition("Table with name ")[2].split(" ")[0]
        return f"{nearest(asked, TABLES)}{has}"
    return has


def _record(frame: pl.DataFrame | None, used: Sequence[str], zones: Collection[str], actor: str) -> None:
    """What was asked for word by word is not kept: it may name anybody. Without an answer, `rows` is null."""
    details = {"tables": list(used), "rows": None if frame is None else min(len(frame), MOST_ROWS)}
    with transaction.atomic():
        append([Act(actor, "query.asked", zone, "query", details) for zone in sorted(zones)])
