"""Part files into one Parquet file, a row group at a time, whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.errors import RunError, Where

ROW_GROUP_ROWS = 128 * 1024
ROW_GROUP_BYTES = 128 << 20


def join_parts(parts: Sequence[Path], out: Path) -> None:
    """Write the rows of `parts`, which have one schema, in order to `out`, which is replaced.

    Raises:
        RunError: the disk is full. `out` is then as it was before.
    """
    with written_whole(out) as aside, pq.ParquetFile(parts[0]) as first:
        schema = first.schema_arrow.remove_metadata()
        with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            for table in _row_groups(parts, schema):
                writer.write_table(table, row_group_size=table.num_rows)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; what lies there takes the place of `path` when all went well.

    Raises:
        RunError: the disk is full. `path` is then as it was before.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RunError(
            "the disk is full", where=Where(path), remedy="Free some space and run the same command again."
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _row_groups(parts: Sequence[Path], schema: Any) -> Iterator[Any]:
    waiting: list[Any] = []
    for part in parts:
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(ROW_GROUP_ROWS, use_threads=False):
                waiting.append(pa.Table.from_batches([batch]).cast(schema))
                full = sum(table.num_rows for table in waiting) >= ROW_GROUP_ROWS
                if full or sum(table.nbytes for table in waiting) >= ROW_GROUP_BYTES:
                    yield pa.concat_tables(waiting)
                    waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
