"""Parquet, row group by row group, and of these only the wanted columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.errors import InputError, Where
from tidegate.tables import Table
from tidegate.warehouse.encodings import undecodable
from tidegate.warehouse.lines import BLOCK_BYTES
from tidegate.warehouse.rows import Match, Problem, Rows, frame
from tidegate.warehouse.sources import Source
from tidegate.warehouse.values import fits, kind_of


class Parquet:
    """Reads one Parquet file."""

    def __init__(self, source: Source, table: Table, match: Match, batch_rows: int) -> None:
        self.source = source
        try:
            self._file = pq.ParquetFile(source.path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"this is not a whole Parquet file: {error}",
                where=source.where,
                remedy="Fetch it again, or name its format: csv or jsonl.",
            ) from error
        self._schema = self._file.schema_arrow
        self.names: Sequence[str] = list(self._schema.names)
        self._batch_rows = self._bounded(batch_rows)
        with ExitStack() as stack:
            stack.callback(self.close)
            self.wanted = match(self.names, {})
            self._check_types(table)
            stack.pop_all()

    def types(self, wanted: Sequence[str]) -> Mapping[str, pl.DataType]:
        empty = pl.DataFrame(pl.from_arrow(self._schema.empty_table().select(list(wanted))))
        return dict(empty.schema)

    def rows(self, typed: Mapping[str, pl.DataType]) -> Iterator[Rows]:
        read = list(dict.fromkeys([*self.wanted.values(), *typed]))
        done = 0
        for batch in self._batches(read):
            problems: list[Problem] = []
            columns = {name: _series(name, batch.column(name), problems) for name in read}
            numbers = range(done + 1, done + 1 + batch.num_rows)
            done += batch.num_rows
            yield Rows(
                columns=frame(
                    [columns[theirs].alias(ours) for ours, theirs in self.wanted.items()], batch.num_rows
                ),
                typed=frame([columns[name] for name in typed], batch.num_rows),
                numbers=numbers,
                raw=lambda row, batch=batch: _raw(batch, row),  # type: ignore[misc]
                problems=problems,
                share=done / self._file.metadata.num_rows,
            )

    def close(self) -> None:
        self._file.close()

    def _batches(self, read: list[str]) -> Iterator[Any]:
        try:
            # pyarrow finds columns by their leaves and would take `a` for `a.b` too, so the rest is dropped.
            for batch in self._file.iter_batches(self._batch_rows, columns=read, use_threads=False):
                yield batch.select(read)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"the Parquet file is damaged: {error}",
                where=self.source.where,
                remedy="Fetch or write it again.",
            ) from error

    def _check_types(self, table: Table) -> None:
        for ours, theirs in self.wanted.items():
            kind, dtype = kind_of(table[ours]), self.types([theirs])[theirs]
            if not fits(kind, dtype):
                raise InputError(
                    f"the column holds {dtype}, and {ours} takes {kind.value}",
                    where=Where(self.source.name, field=theirs),
                    remedy=f"Convert the column, or name another one: {ours}=COLUMN"
                    f" ({ours}= leaves it unread).",
                )

    def _bounded(self, batch_rows: int) -> int:
        """Fewer rows a batch where rows are so wide that a batch would outgrow `BLOCK_BYTES`."""
        about = self._file.metadata
        groups = [about.row_group(number).total_byte_size for number in range(about.num_row_groups)]
        widest: int = max(1, sum(groups) // max(1, about.num_rows))
        return max(1, min(batch_rows, BLOCK_BYTES // widest))


def _series(name: str, array: Any, problems: list[Problem]) -> pl.Series:
    """The column as a series; text that is not UTF-8, which Arrow lets pass, is null and a problem."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return pl.Series(name, array)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        binary = array.view(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
        values: list[str | None] = []
        for row, raw in enumerate(binary.to_pylist()):
            text = None if raw is None else raw.decode("utf-8", "replace")
            if text is not None and text.encode("utf-8") != raw:
                problems.append(Problem(row, name, *undecodable(raw)))
                text = None
            values.append(text)
        return pl.Series(name, values, dtype=pl.String)
    return pl.Series(name, array)


def _raw(batch: Any, row: int) -> str:
    """The columns of a row that were read, as a JSON object."""
    values = {}
    for name in batch.schema.names:
        try:
            values[name] = batch.column(name)[row].as_py()
        except UnicodeDecodeError:
            values[name] = (
                batch.column(name).view(pa.binary())[row].as_py().decode("utf-8", "backslashreplace")
            )
    return orjson.dumps(values, default=str).decode("utf-8")
