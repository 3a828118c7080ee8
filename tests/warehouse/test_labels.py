"""Labels from a file."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from tidegate.errors import InputError
from tidegate.tables import LABELS
from tidegate.warehouse import read_labels, write_csv_for_people


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "1.0", "yes", "Y", "t", " yes ", "是", "违规"])
def test_these_words_say_that_an_item_violates(file, word):
    assert read_labels(file("labels.csv", f"item_id,violates\na,{word}\n"))["violates"].to_list() == [True]


@pytest.mark.parametrize("word", ["false", "0", "0.0", "no", "N", "f", "否", "不违规"])
def test_these_words_say_that_it_does_not(file, word):
    assert read_labels(file("labels.csv", f"item_id,violates\na,{word}\n"))["violates"].to_list() == [False]


def test_blank_means_not_labelled_yet(file):
    labels = read_labels(file("labels.csv", "item_id,violates,policy\na,,\nb,no,\nc, ,x\n"))
    assert labels["item_id"].to_list() == ["b"]


def test_any_other_word_stops_the_reading_at_its_line(file):
    path = file("labels.csv", "item_id,violates\na,yes\nb,maybe\n")
    with pytest.raises(InputError) as caught:
        read_labels(path)
    assert (caught.value.where.line, caught.value.where.field) == (3, "violates")
    assert "yes or no" in caught.value.remedy


def test_the_whole_table_is_read_from_every_format(file, tmp_path):
    expected = pl.DataFrame(
        [
            ["a", True, "animal-abuse", "kim", datetime(2026, 3, 2, tzinfo=UTC)],
            ["b", False, None, None, None],
        ],
        schema=LABELS.schema,
        orient="row",
    )
    frame = expected.with_columns(pl.col("labelled_at").dt.to_string("iso:strict"))
    frame.write_csv(tmp_path / "labels.csv")
    frame.write_ndjson(tmp_path / "labels.jsonl")
    expected.write_parquet(tmp_path / "labels.parquet")
    for name in ("labels.csv", "labels.jsonl", "labels.parquet"):
        assert read_labels(tmp_path / name).equals(expected), name


def test_a_filled_in_sheet_is_a_file_of_labels(tmp_path):
    sheet = pl.DataFrame(
        {
            "item_id": ["=1+1", "b"],
            "text": ["=cmd()", "two\nlines"],
            "violates": ["yes", ""],
            "policy": ["", ""],
        }
    )
    write_csv_for_people(sheet, tmp_path / "audit.csv")
    assert read_labels(tmp_path / "audit.csv").row(0) == ("=1+1", True, None, None, None)


def test_more_than_one_label_of_an_item_is_kept(file):
    assert len(read_labels(file("labels.csv", "id,violates\na,yes\na,no\n"))) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("item,violates\na,yes\n", "no column 'item_id'"),
        ("item_id,verdict\na,yes\n", "no column 'violates'"),
        ("item_id,violates\na,\n", "no row has a label yet"),
        ("item_id,violates\n", "no row has a label yet"),
        ("item_id,violates\n,yes\n", "names no item"),
        ('item_id,violates\na,"yes\n', "never closed"),
        ("item_id,violates,labelled_at\na,yes,soon\n", "not a time"),
    ],
)
def test_labels_that_cannot_be_understood_are_answered(file, content, says):
    with pytest.raises(InputError, match=says) as caught:
        read_labels(file("labels.csv", content))
    assert caught.value.remedy
