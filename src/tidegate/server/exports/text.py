"""Tables as text, in chunks: CSV, which no spreadsheet takes for formulas, and JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from tidegate.server.exports.tables import Export
from tidegate.warehouse import guarded

TEXTS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
"""The formats, and their media types."""


def chunks(export: Export, form: str) -> Iterator[bytes]:
    """The table in one of `TEXTS`, UTF-8; times as RFC 3339 in UTC, to the microsecond."""
    if form == "csv":
        yield export.table.empty().write_csv().encode()
    for frame in export.frames:
        times = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        written = frame.with_columns(times)
        if form == "csv":
            yield guarded(written).write_csv(include_header=False).encode()
        else:
            yield written.write_ndjson().encode()
