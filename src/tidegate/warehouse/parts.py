"""Parts: a table as it grows, one Arrow file a batch, joined into one Parquet file at the end.

A part is cheap to write and to read again, since it is the columns as they lie in memory; Parquet, which is
small and which everybody reads, is encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from tidegate.warehouse.whole import written_whole

ROW_GROUP_ROWS = 128 * 1024
ROW_GROUP_BYTES = 128 << 20
SAMPLE_ROWS = 10_000
FEW_VALUES = 1_000
"""A text column with at most so many distinct values in a sample is worth a dictionary."""


def write_part(frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` to `path` as an Arrow file.

    Raises:
        RunError: the disk is full. `path` is then as it was before.
    """
    table = frame.to_arrow()
    options = ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with (
        written_whole(path) as aside,
        pa.OSFile(str(aside), "wb") as file,
        ipc.new_file(file, table.schema, options=options) as writer,
    ):
        writer.write_table(table)


def join_parts(parts: Sequence[Sequence[Path]], out: Path) -> None:
    """Write the rows of `parts`, in order, to the Parquet file `out`, which is replaced.

    Each part is one Arrow file, or several whose columns stand side by side; all have one schema.

    Raises:
        RunError: the disk is full. `out` is then as it was before.
    """
    tables = _row_groups(parts)
    first = next(tables)
    with (
        written_whole(out) as aside,
        pq.ParquetWriter(aside, first.schema, compression="zstd", use_dictionary=_repeating(first)) as writer,
    ):
        writer.write_table(first, row_group_size=max(first.num_rows, 1))
        for table in tables:
            writer.write_table(table, row_group_size=table.num_rows)


def _row_groups(parts: Sequence[Sequence[Path]]) -> Iterator[Any]:
    waiting: list[Any] = []
    for part in parts:
        waiting.append(_side_by_side([_read(file) for file in part]))
        full = sum(table.num_rows for table in waiting) >= ROW_GROUP_ROWS
        if full or sum(table.nbytes for table in waiting) >= ROW_GROUP_BYTES:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _read(file: Path) -> Any:
    with pa.memory_map(str(file)) as mapped:
        return ipc.open_file(mapped).read_all()


def _side_by_side(tables: Sequence[Any]) -> Any:
    whole, *others = tables
    for other in others:
        for name in other.column_names:
            whole = whole.append_column(name, other[name])
    return whole


def _repeating(table: Any) -> list[str]:
    """The columns worth a dictionary: looking for one where there is none costs as much as all the rest."""
    return [
        field.name
        for field, column in zip(table.schema, table.columns, strict=True)
        if pa.types.is_large_string(field.type)
        and pc.count_distinct(column.slice(0, SAMPLE_ROWS)).as_py() <= FEW_VALUES
    ]
