"""A run asked in SQL: DuckDB over the run's Parquet files, which it can read and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.warehouse.exact import as_pattern

TABLES = ("items", "signals", "decisions", "truth", "labels")


def query(run: Path, sql: str) -> pl.DataFrame:
    """The answer to one SQL query over the tables of a run: items, signals, decisions, truth, labels.

    The dialect is DuckDB's. Signals have a dot in their name, so they are quoted: "text.hate".

    Raises:
        RunError: this is no run folder, or the query is not one that reads, or it names what is not there.
    """
    tables = {name: run / f"{name}.parquet" for name in TABLES if (run / f"{name}.parquet").is_file()}
    if not tables:
        raise RunError(
            "there are no tables here",
            where=Where(run),
            remedy="Name a folder that `tidegate moderate … --out FOLDER` made.",
        )
    with duckdb.connect(":memory:") as connection:
        for name, path in tables.items():
            quoted = as_pattern(path).replace("'", "''")
            connection.execute(f"create view {name} as select * from read_parquet('{quoted}')")
        allowed = [name for path in tables.values() for name in (str(path), as_pattern(path))]
        connection.execute("set allowed_paths = $paths", {"paths": allowed})
        connection.execute("set enable_external_access = false; set lock_configuration = true")
        try:
            refuse_writing(connection, sql, TABLES)
            answer: pl.DataFrame = connection.sql(sql).pl()
            return answer
        except duckdb.Error as error:
            # DuckDB's own guess at a table is often one of its internal ones.
            said = "\n".join(line for line in str(error).splitlines() if not line.startswith("Did you mean"))
            raise RunError(said.strip(), where=Where(run), remedy=_remedy(tables, said)) from error


def refuse_writing(connection: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[str]) -> None:
    """Let one query through that reads.

    Raises:
        RunError: it is none, or several. duckdb.Error: it is no SQL.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise RunError(
            "this is not one query that reads",
            where=Where(field="query"),
            remedy=f"Write one select over {', '.join(tables[:-1])} or {tables[-1]}.",
        )


def _remedy(tables: Mapping[str, Path], message: str) -> str:
    """The nearest table, where the message is about one, and otherwise what there is."""
    has = f"This run has the tables {', '.join(tables)}."
    if "Table with name " in message:
        asked = message.partition("Table with name ")[2].split(" ")[0]
        return f"{nearest(asked, tables)}{has}"
    return f"{has} `describe TABLE` lists its columns; a name with a dot needs double quotes."
