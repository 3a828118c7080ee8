"""The reader for a source's format."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tidegate.tables import Table
from tidegate.warehouse.columnar import Parquet
from tidegate.warehouse.columns import resolve
from tidegate.warehouse.delimited import Csv
from tidegate.warehouse.jsonl import JsonLines
from tidegate.warehouse.rows import MAX_FIELD_BYTES, Reader
from tidegate.warehouse.sources import Source


def open_reader(
    source: Source,
    table: Table,
    *,
    aliases: Mapping[str, tuple[str, ...]],
    columns: Mapping[str, str],
    batch_rows: int = 20_000,
    max_field_bytes: int = MAX_FIELD_BYTES,
) -> Reader:
    """Open `source` to be read as rows of `table`, whose columns are matched as `columns.resolve` says.

    Raises:
        InputError: the file is not what its format says, or a column cannot be matched.
    """
    match = partial(resolve, table=table, columns=columns, aliases=aliases, file=source.name)
    if source.format == "parquet":
        return Parquet(source, table, match, batch_rows)
    # A row has several fields, and JSON may spend six bytes on one.
    max_line_bytes = 4 * max_field_bytes
    if source.format == "jsonl":
        return JsonLines(source, table, match, batch_rows, max_line_bytes)
    return Csv(source, match, batch_rows, max_line_bytes, max_field_bytes)
