"""Files, standard input, compression; and everything that is refused before a row is read."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest

from tidegate.errors import InputError
from tidegate.warehouse import RejectWriter, read_items

CSV = b"id,text\n1,a\n2,b\n"
JSONL = b'{"id": "1", "text": "a"}\n{"id": "2", "text": "b"}\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("posts.csv", CSV),
        ("posts.CSV", CSV),
        ("posts.tsv", CSV.replace(b",", b"\t")),
        ("posts.jsonl", JSONL),
        ("posts.ndjson", JSONL),
        ("posts", CSV),
        ("posts", JSONL),
        ("posts.csv.gz", gzip.compress(CSV, mtime=0)),
        ("posts.jsonl.gz", gzip.compress(JSONL[:25], mtime=0) + gzip.compress(JSONL[25:], mtime=0)),
        ("posts.csv.zst", pa.compress(CSV, codec="zstd", asbytes=True)),
        ("posts.jsonl.zst", pa.compress(JSONL, codec="zstd", asbytes=True)),
    ],
)
def test_the_format_is_known_by_name_or_content(read, file, name, content):
    found = read(file(name, content))
    assert (found.ids, found.texts) == (["1", "2"], ["a", "b"])


def test_a_parquet_file_without_a_suffix_is_known_by_its_content(read, tmp_path):
    pl.DataFrame({"id": ["1"], "text": ["a"]}).write_parquet(tmp_path / "posts")
    assert read(tmp_path / "posts").ids == ["1"]


def test_the_format_that_is_asked_for_goes_before_the_name(read, file):
    assert read(file("posts.txt", JSONL), format="jsonl").ids == ["1", "2"]


PROGRAM = """
import sys
from pathlib import Path
from tidegate.warehouse import RejectWriter, read_items
with RejectWriter(Path(sys.argv[1])) as rejects:
    for batch in read_items("-", rejects=rejects, format=sys.argv[2] or None, truth="text = 'a'"):
        print(batch.items["id"].to_list(), batch.truth["violates"].to_list(), batch.share_read)
"""


@pytest.mark.parametrize(
    ("content", "format"), [(CSV, ""), (JSONL, ""), (b"\n" + JSONL, "jsonl"), (CSV, "csv")]
)
def test_standard_input_is_read_and_its_format_detected(tmp_path, content, format):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "rejected.jsonl"), format]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert done.stdout.decode().strip() == "['1', '2'] [True, False] None", done.stderr.decode()


@pytest.mark.parametrize(("content", "says"), [(b"", "no column"), (b"PAR1xxx", "Parquet cannot be read")])
def test_standard_input_that_cannot_be_read_is_answered(tmp_path, content, says):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "rejected.jsonl"), ""]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert "InputError" in done.stderr.decode()
    assert says in done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("posts.csv", b"", "the file is empty"),
        ("posts.csv", b"id,text\n", "there are no rows"),
        ("posts.jsonl", b"\n\n", "there is no column 'id'"),
        ("posts.csv", "id,text\n1,a\n".encode("utf-16"), "UTF-16"),
        ("posts.csv", b"PK\x03\x04....", "Excel"),
        ("posts.csv", gzip.compress(CSV, mtime=0), "gzip"),
        ("posts.parquet", b"PAR1....", "not a whole Parquet file"),
        ("posts.parquet", CSV, "not a whole Parquet file"),
        ("posts.parquet.gz", gzip.compress(b"PAR1", mtime=0), "another compression"),
        ("posts.csv.gz", gzip.compress(CSV, mtime=0)[:-9], "damaged or cut short"),
        ("posts.csv.gz", CSV, "damaged or cut short"),
        ("posts.csv.zst", pa.compress(CSV, codec="zstd", asbytes=True)[:-4], "damaged or cut short"),
        ("posts.feather", b"ARROW1....", "Arrow"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_and_nothing_is_written(tmp_path, file, name, content, says):
    path = file(name, content)
    rejected = tmp_path / "rejected.jsonl"
    with RejectWriter(rejected) as rejects, pytest.raises(InputError, match=says) as caught:
        next(read_items(path, rejects=rejects))
    assert str(path) in str(caught.value)
    assert caught.value.remedy
    assert not rejected.exists()


def test_a_missing_file_is_answered_with_the_nearest_name(read, file):
    file("posts.csv", CSV)
    with pytest.raises(InputError, match="no such file") as caught:
        read(file("x", CSV).with_name("post.csv"))
    assert "'posts.csv'" in caught.value.remedy


def test_a_folder_is_no_file(read, tmp_path):
    with pytest.raises(InputError, match="folder"):
        read(tmp_path)


def test_a_named_pipe_is_answered_with_standard_input(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe") as caught:
        read(tmp_path / "pipe")
    assert "name -" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_answered(read, file):
    path = file("posts.csv", CSV)
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        read(path)


def test_an_unknown_format_is_answered_with_the_nearest(read, file):
    with pytest.raises(InputError) as caught:
        read(file("posts.csv", CSV), format="json")
    assert "'jsonl'" in caught.value.remedy


def test_the_same_file_twice_and_no_file_at_all_are_refused(read, file):
    path = file("posts.csv", CSV)
    with pytest.raises(InputError, match="twice"):
        read([path, path])
    with pytest.raises(InputError, match="no input"):
        read([])


def test_every_file_is_checked_before_the_first_is_read(read, file, tmp_path):
    good, bad = file("good.csv", CSV + b"3,a,b\n"), file("bad.csv", "id,txt\n1,a\n")
    with pytest.raises(InputError, match=r"bad\.csv"):
        read([good, bad])
    assert not (tmp_path / "rejected.jsonl").exists()


def test_the_types_of_every_parquet_file_are_checked_before_the_first_is_read(read, file, tmp_path):
    pl.DataFrame({"id": ["9"], "text": [1]}).write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match=r"bad\.parquet"):
        read([file("good.csv", CSV + b"3,a,b\n"), tmp_path / "bad.parquet"])
    assert not (tmp_path / "rejected.jsonl").exists()


def test_an_empty_part_among_others_is_no_error(read, file):
    assert read([file("one.csv", "id,text\n"), file("two.csv", CSV)]).ids == ["1", "2"]


def test_progress_ends_at_one_and_counts_rejected_rows(file, tmp_path):
    paths = [
        file("one.csv", CSV),
        file("two.jsonl", b'{"id": "3", "text": "c"}\n{}\n{"id": "4", "text": "d"}\n'),
    ]
    with RejectWriter(tmp_path / "rejected.jsonl") as rejects:
        batches = list(read_items(paths, rejects=rejects))
    assert [batch.rows_read for batch in batches] == [2, 5]
    assert batches[-1].share_read == 1.0
    assert 0 < batches[0].share_read < 1
