"""Parquet: typed columns, read by row group."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.errors import InputError


def test_rows_are_numbered_from_one_in_rejects(read, tmp_path):
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": [1, 2, 3], "text": ["a", None, "c"]}).write_parquet(path, row_group_size=1)
    found = read(path)
    assert found.ids == ["1", "3"]
    [reject] = found.rejects
    assert (reject["row"], reject["line"], reject["field"]) == (2, None, "text")
    assert reject["raw"] == '{"id":2,"text":null}'


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Singapore"])
def test_times_of_any_unit_become_utc(read, tmp_path, unit, zone):
    path = tmp_path / "posts.parquet"
    when = (
        pl.Series("created_at", [datetime(2026, 3, 2, 8, 30)])
        .cast(pl.Datetime(unit))
        .dt.replace_time_zone(zone)
    )
    pl.DataFrame({"id": ["a"], "text": ["t"], "created_at": when}).write_parquet(path)
    expected = datetime(2026, 3, 2, 0 if zone else 8, 30, tzinfo=UTC)
    assert read(path).items["created_at"].to_list() == [expected]


def test_dictionary_columns_are_text(read, tmp_path):
    path = tmp_path / "posts.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": pa.array(["t", "t"]).dictionary_encode()}), path)
    assert read(path).texts == ["t", "t"]


def test_text_that_is_not_utf_8_rejects_its_row(read, tmp_path):
    path = tmp_path / "posts.parquet"
    broken = pa.array([b"fine", b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": ["a", "b"], "text": broken}), path)
    found = read(path)
    assert found.ids == ["a"]
    assert found.problems == [(2, "text")]


@pytest.mark.parametrize(
    ("column", "values"), [("text", [1]), ("views", [["a"]]), ("id", [1.5]), ("created_at", [True])]
)
def test_a_column_of_the_wrong_type_stops_the_reading_and_names_itself(read, tmp_path, column, values):
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": ["a"], "text": ["t"]} | {column: values}).write_parquet(path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.where.field == column
    assert f"{column}=" in caught.value.remedy


def test_a_column_of_the_wrong_type_can_be_left_unread(read, tmp_path):
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": ["a"], "text": ["t"], "date": [True]}).write_parquet(path)
    assert read(path, columns={"created_at": ""}).items["created_at"].to_list() == [None]


def test_a_file_cut_short_is_not_read(read, tmp_path):
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": ["a"], "text": ["t"]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        read(path)


def test_wide_rows_make_smaller_batches(read, tmp_path):
    path = tmp_path / "posts.parquet"
    texts = [chr(97 + number % 26) * 5_000_000 + str(number) for number in range(14)]
    pl.DataFrame({"id": [str(number) for number in range(14)], "text": texts}).write_parquet(
        path, compression="uncompressed"
    )
    found = read(path)
    assert max(found.batch_sizes) < 14
    assert sum(found.batch_sizes) == 14
