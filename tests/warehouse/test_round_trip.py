"""What holds for any items and any rows: what is written comes back, and no row is lost."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.tables import ITEMS, KINDS
from tidegate.warehouse import RejectWriter, read_items

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
WORDS = st.text(LETTERS, min_size=1, max_size=12)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
ITEM = st.fixed_dictionaries(
    {"id": WORDS, "kind": st.sampled_from(KINDS), "text": WORDS},
    optional=dict.fromkeys(("media", "language", "market", "surface", "author_id", "context"), WORDS)
    | {"created_at": TIMES, "views": st.integers(0, 2**53)},
)
STREAMS = st.lists(ITEM, min_size=1, max_size=8, unique_by=lambda item: item["id"])


def write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    plain = frame.with_columns(pl.col("created_at").dt.to_string("iso:strict"))
    if path.suffix == ".jsonl":
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in plain.iter_rows(named=True)))
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(plain.columns)
        writer.writerows(plain.iter_rows())


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@given(items=STREAMS, batch_rows=st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_any_items_come_back_as_they_were_written(suffix: str, items: list[dict[str, Any]], batch_rows: int):
    frame = pl.DataFrame([dict.fromkeys(ITEMS.names) | item for item in items], schema=ITEMS.schema)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"posts{suffix}"
        write(frame, path)
        with RejectWriter(Path(folder) / "rejected.jsonl") as rejects:
            found = pl.concat(
                batch.items for batch in read_items(path, rejects=rejects, batch_rows=batch_rows)
            )
        assert rejects.count == 0
        assert found.equals(frame)


CELLS = st.one_of(
    st.sampled_from(["a", "b", "1", "-1", "text", "txt", "", "\0", "x\ny", '"', "2026-03-02"]), WORDS
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=12), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_every_row_of_well_formed_csv_is_accepted_or_rejected(rows: list[tuple[str, ...]], batch_rows: int):
    content = io.StringIO(newline="")
    writer = csv.writer(content, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("id", "kind", "text", "views", "created_at"), *rows])
    assert accepted_and_rejected(content.getvalue().encode(), "csv", batch_rows) == len(rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=3,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["id", "text", "views", "kind", "created_at"]), JSON)
JSON_LINES = st.one_of(
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    st.binary(min_size=1, max_size=20).filter(lambda raw: raw.strip() and b"\n" not in raw),
)


@given(st.lists(JSON_LINES, max_size=10), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_every_line_of_anything_is_accepted_or_rejected(lines: list[bytes], batch_rows: int):
    first = b'{"id": "first", "text": "t", "views": 1, "kind": "text", "created_at": 0}'
    content = b"".join(line + b"\n" for line in [first, *lines])
    assert accepted_and_rejected(content, "jsonl", batch_rows) == len(lines) + 1


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_no_bytes_whatever_break_the_csv_reader(noise: bytes):
    accepted_and_rejected(b"id,text\na,b\n" + noise, "csv", 3)


def accepted_and_rejected(content: bytes, format: str, batch_rows: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts"
        path.write_bytes(content)
        with RejectWriter(Path(folder) / "rejected.jsonl") as rejects:
            batches = list(read_items(path, rejects=rejects, format=format, batch_rows=batch_rows))
        return sum(len(batch.items) for batch in batches) + rejects.count
