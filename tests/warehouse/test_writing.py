"""Files that are written whole or not at all: joined tables, and sheets for people."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RunError
from tidegate.warehouse import as_written, guarded, join_parts, write_csv_for_people, write_part


def parts(folder: Path, *frames: pl.DataFrame) -> list[list[Path]]:
    paths = [folder / f"part-{number}.arrow" for number in range(len(frames))]
    for frame, path in zip(frames, paths, strict=True):
        write_part(frame, path)
    return [[path] for path in paths]


def test_parts_are_joined_in_order_with_their_types(tmp_path):
    frame = pl.DataFrame({"n": range(10), "text": ["猫"] * 10, "none": [None] * 10}).with_columns(
        at=pl.lit(0).cast(pl.Datetime("us", "UTC")), none=pl.col("none").cast(pl.String)
    )
    join_parts(parts(tmp_path, frame[:3], frame[3:3], frame[3:]), tmp_path / "all.parquet")
    assert pl.read_parquet(tmp_path / "all.parquet").equals(frame)


def test_a_part_may_be_several_files_whose_columns_stand_side_by_side(tmp_path):
    write_part(pl.DataFrame({"n": [1, 2]}), tmp_path / "left.arrow")
    write_part(pl.DataFrame({"m": ["a", None]}), tmp_path / "right.arrow")
    join_parts([[tmp_path / "left.arrow", tmp_path / "right.arrow"]], tmp_path / "all.parquet")
    assert pl.read_parquet(tmp_path / "all.parquet").to_dict(as_series=False) == {
        "n": [1, 2],
        "m": ["a", None],
    }


def test_many_small_parts_become_few_row_groups(tmp_path):
    frame = pl.DataFrame({"n": range(200_000)})
    small = [frame[start : start + 2_000] for start in range(0, len(frame), 2_000)]
    join_parts(parts(tmp_path, *small), tmp_path / "all.parquet")
    assert pq.ParquetFile(tmp_path / "all.parquet").metadata.num_row_groups == 2


def test_a_part_that_cannot_be_read_leaves_the_old_file_and_nothing_else(tmp_path):
    paths = parts(tmp_path, pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [2]}))
    join_parts(paths, tmp_path / "all.parquet")
    paths[1][0].write_bytes(b"ARROW1")
    with pytest.raises(Exception, match="too small"):
        join_parts(paths, tmp_path / "all.parquet")
    assert pl.read_parquet(tmp_path / "all.parquet")["n"].to_list() == [1, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "all.parquet",
        "part-0.arrow",
        "part-1.arrow",
    ]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_with_the_remedy_and_nothing_half_written_stays(tmp_path, tiny_disk):
    frame = pl.DataFrame({"item_id": [os.urandom(16).hex() for _ in range(20_000)]})
    with pytest.raises(RunError, match="disk is full") as caught:
        join_parts(parts(tmp_path, frame), tiny_disk / "all.parquet")
    assert str(tiny_disk / "all.parquet") in str(caught.value)
    assert caught.value.remedy
    with pytest.raises(RunError, match="disk is full"):
        write_csv_for_people(frame, tiny_disk / "review.csv")
    assert list(tiny_disk.iterdir()) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe_and_ids_do_not(tmp_path, start):
    text = f"{start}HYPERLINK()"
    frame = pl.DataFrame({"item_id": [text], "author_id": [text], "text": [text], "views": [-1]})
    write_csv_for_people(frame, tmp_path / "review.csv")
    with (tmp_path / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {"item_id": text, "author_id": text, "text": f"'{text}", "views": "-1"}


RISKY = st.text(st.sampled_from("'=+-@\t\rabc1＝猫"), max_size=6)


@given(st.lists(st.none() | RISKY, min_size=1), RISKY)
def test_what_was_guarded_can_be_taken_back_exactly(texts: list[str | None], name: str) -> None:
    frame = pl.DataFrame({f"{name}n": [-1] * len(texts), f"{name}t": pl.Series(texts, dtype=pl.String)})
    safe = guarded(frame)
    shown = [*safe.columns, *safe.to_series(1).drop_nulls()]
    assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for text in shown)
    assert safe.to_series(0).to_list() == [-1] * len(texts)
    assert as_written(safe).equals(frame)
    assert as_written(safe).columns == frame.columns


def test_words_of_a_fixed_list_are_guarded_too() -> None:
    frame = pl.DataFrame({"a": pl.Series(["=1", "b"], dtype=pl.Categorical)})
    assert guarded(frame)["a"].to_list() == ["'=1", "b"]


def test_a_sheet_is_utf_8_with_the_mark_that_spreadsheets_look_for(tmp_path):
    write_csv_for_people(pl.DataFrame({"text": ["天气", None, "a=b"]}), tmp_path / "review.csv")
    assert (tmp_path / "review.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert pl.read_csv(tmp_path / "review.csv")["text"].to_list() == ["天气", None, "a=b"]


def test_a_sheet_without_rows_has_its_header(tmp_path):
    write_csv_for_people(
        pl.DataFrame(schema={"item_id": pl.String, "text": pl.String}), tmp_path / "review.csv"
    )
    assert (tmp_path / "review.csv").read_text(encoding="utf-8-sig") == "item_id,text\n"
