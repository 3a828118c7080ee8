"""What the run never computed and the new strategy needs: asked for now, for the undetermined items alone.

Nothing is added to the run; it stays the record of what was known when it decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from tidegate.runs.backtest_decide import CODE, ROW, codes_sql, is_recorded
from tidegate.runs.backtest_sql import identifier, literal
from tidegate.runs.backtest_trial import Trial, with_detectors
from tidegate.runs.bench import Bench
from tidegate.runs.moderate import Progress
from tidegate.strategy import cascade
from tidegate.strategy.partial import FIRST_NEED
from tidegate.tables import ITEM_SIGNALS, ITEMS, SignalStatus
from tidegate.warehouse.exact import read_table

BATCH = 20_000


def settle(
    connection: duckdb.DuckDBPyConnection,
    trial: Trial,
    codes: Path,
    out: Path,
    report: Callable[[Progress], None],
) -> dict[str, int]:
    """Write `codes` to `out` with its undetermined rows settled; returns the items asked about per detector.

    Raises:
        RunError: a detector that is needed is not in the workspace, or is there in another version.
    """
    table = read_table(codes)
    rows = (table[CODE] <= FIRST_NEED).arg_true()
    if rows.is_empty():
        table.write_parquet(out)
        return {}
    bench = with_detectors(trial, _skipped(connection, trial))
    asked: Counter[str] = Counter()
    parts: list[pl.DataFrame] = []
    for items, given in _batches(connection, trial):
        parts.append(_settled(trial, bench, items, given, asked))
        done = sum(len(frame) for frame in parts)
        report(Progress(done, 0, done / len(rows)))
    mended = pl.concat(parts)
    table.select(table[name].scatter(rows, mended[name]) for name in table.columns).write_parquet(out)
    return dict(asked)


def _skipped(connection: duckdb.DuckDBPyConnection, trial: Trial) -> list[str]:
    """The detectors that the run skipped on some undetermined item, or does not have at all."""
    recorded = pq.read_schema(trial.folder.table("signals")).names
    specs = [trial.bench.catalog.detectors[name] for name in sorted(trial.bench.strategy.detectors)]
    there = [spec for spec in specs if is_recorded(spec, recorded)]
    found = [spec.name for spec in specs if spec not in there]
    if there:
        some = ", ".join(
            f"bool_or({identifier(spec.status_column)} = {literal(SignalStatus.SKIPPED)})" for spec in there
        )
        query = f"SELECT {some} FROM signals POSITIONAL JOIN codes WHERE {CODE} <= {FIRST_NEED}"
        (flags,) = connection.sql(query).fetchall()
        found += [spec.name for spec, flag in zip(there, flags, strict=True) if flag]
    return found


def _settled(
    trial: Trial, bench: Bench, items: pl.DataFrame, given: pl.DataFrame, asked: Counter[str]
) -> pl.DataFrame:
    """The codes of these items once the cascade has asked for what they need."""

    def ask(detector: str, wanted: pl.DataFrame) -> pl.DataFrame:
        if detector != ITEM_SIGNALS.name:
            asked[detector] += len(wanted)
        return bench.ask(detector, wanted)

    signals = cascade(bench.strategy, items, ask, catalog=bench.catalog, given=given).signals
    with duckdb.connect() as connection:
        connection.register("items", items.to_arrow())
        connection.register("signals", signals.with_row_index(ROW).to_arrow())
        codes: pl.DataFrame = connection.sql(codes_sql(trial, signals.columns)).pl()
        return codes


def _batches(
    connection: duckdb.DuckDBPyConnection, trial: Trial
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The undetermined items, and what the run recorded of the new strategy's detectors, in order."""
    recorded = pq.read_schema(trial.folder.table("signals")).names
    specs = [trial.bench.catalog.detectors[name] for name in sorted(trial.bench.strategy.detectors)]
    given = [name for spec in specs if is_recorded(spec, recorded) for name in spec.schema]
    columns = [f"items.{identifier(name)}" for name in ITEMS.names]
    columns += [f"signals.{identifier(name)}" for name in given]
    found = connection.cursor().sql(
        f"SELECT {', '.join(columns)} FROM items POSITIONAL JOIN signals POSITIONAL JOIN codes "
        f"WHERE {CODE} <= {FIRST_NEED}"
    )
    for batch in found.to_arrow_reader(BATCH):
        frame = pl.DataFrame(batch)
        yield (
            frame.select(pl.col(name).cast(dtype) for name, dtype in ITEMS.schema.items()),
            frame.select(given),
        )
