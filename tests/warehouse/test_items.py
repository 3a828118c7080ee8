"""What an item must have, and how its values are read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from tidegate.warehouse.items import LongestText
from tidegate.warehouse.times import parse_times


def one(read, file, **fields):
    row = {"id": "a", "text": "t"} | fields
    return read(file("posts.jsonl", json.dumps(row) + '\n{"id": "other", "text": "t"}\n'))


def test_what_is_missing_is_null_and_the_kind_is_text(read, file):
    [row, _] = one(read, file).items.rows(named=True)
    assert row == dict.fromkeys(row) | {"id": "a", "kind": "text", "text": "t"}


@pytest.mark.parametrize("kind", ["query", "Image", " video "])
def test_kinds_are_read_without_regard_to_case(read, file, kind):
    assert one(read, file, kind=kind).items["kind"][0] == kind.strip().lower()


def test_an_unknown_kind_is_rejected_with_the_nearest(read, file):
    found = one(read, file, kind="txt")
    assert found.problems == [(1, "kind")]
    assert "'text'" in found.rejects[0]["remedy"]


@pytest.mark.parametrize("id", ["", None])
def test_an_empty_id_is_rejected(read, file, id):
    assert one(read, file, id=id).problems == [(1, "id")]


@pytest.mark.parametrize("text", ["", None])
@pytest.mark.parametrize("kind", ["text", "query"])
def test_written_kinds_need_text_or_media(read, file, kind, text):
    assert one(read, file, kind=kind, text=text).problems == [(1, "text")]
    assert one(read, file, kind=kind, text=text, media="clip.mp4").rejects == []


def test_a_picture_may_come_without_text(read, file):
    assert one(read, file, kind="image", text=None, media="p.png").rejects == []


@pytest.mark.parametrize(
    ("given", "views"), [(0, 0), (7.0, 7), ("12", 12), (" 5 ", 5), (None, None), ("", None)]
)
def test_views_are_whole_numbers(read, file, given, views):
    assert one(read, file, views=given).items["views"][0] == views


@pytest.mark.parametrize("views", [-1, "-1", 1.5, "many", 1e300, "1e999"])
def test_views_that_are_no_count_are_rejected(read, file, views):
    assert one(read, file, views=views).problems == [(1, "views")]


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-02T12:00:00Z",
        "2026-03-02 12:00:00",
        "2026-03-02T12:00",
        "20260302T120000Z",
        "2026-03-02T20:00:00+08:00",
        "2026-03-02T07:00:00.000-0500",
        "2026-03-02 12:00:00.000000",
        " 2026-03-02T12:00:00Z ",
        str(int(NOON.timestamp())),
        int(NOON.timestamp()),
        NOON.timestamp(),
        int(NOON.timestamp() * 1000),
        int(NOON.timestamp() * 1_000_000),
    ],
)
def test_times_are_iso_8601_or_a_number_since_1970(read, file, given):
    assert one(read, file, created_at=given).items["created_at"][0] == NOON


@pytest.mark.parametrize(
    "given",
    ["yesterday", "2026-02-30", "12:00", "02/03/2026", 1e30, "2024", 2024, "0", "2026-03-02T25:00:00Z"],
)
def test_other_times_are_rejected(read, file, given):
    assert one(read, file, created_at=given).problems == [(1, "created_at")]


@pytest.mark.parametrize("day", ["2026-03-02", "20260302", 20260302])
def test_a_day_is_its_beginning(day):
    assert parse_times(pl.Series([day])).to_list() == [datetime(2026, 3, 2, tzinfo=UTC)]


def test_nul_is_taken_out_of_text_so_that_the_item_is_still_judged(read, file):
    found = one(read, file, text="b\0ad", context="\0c")
    assert found.rejects == []
    assert found.items.select("text", "context").row(0) == ("bad", "c")


def test_a_text_of_nothing_but_nul_is_no_text(read, file):
    assert one(read, file, text="\0\0").problems == [(1, "text")]


@pytest.mark.parametrize("field", ["id", "author_id", "market", "media"])
def test_nul_anywhere_else_is_rejected(read, file, field):
    assert one(read, file, **{field: "a\0b"}).problems == [(1, field)]


def test_the_second_item_of_an_id_is_rejected_also_in_another_batch_or_file(read, file):
    first = file("one.csv", "id,text\na,first\nb,x\na,again\n")
    second = file("two.csv", "id,text\nc,x\nb,again\n")
    found = read([first, second], batch_rows=2)
    assert found.ids == ["a", "b", "c"]
    assert [(reject["file"], reject["line"]) for reject in found.rejects] == [
        (str(first), 4),
        (str(second), 3),
    ]


def test_a_text_or_context_that_is_too_long_is_rejected_with_the_remedy(read, file):
    rows = "".join(
        f'{{"id": "{n}", "text": "{text}", "context": "{context}"}}\n'
        for n, (text, context) in enumerate([("湖" * 10, "湖"), ("x" * 11, ""), ("x", "湖" * 11)])
    )
    found = read(file("posts.jsonl", rows), longest_text=LongestText(10, "Split it."))
    assert found.ids == ["0"]
    assert [(r["line"], r["field"], r["remedy"]) for r in found.rejects] == [
        (2, "text", "Split it."),
        (3, "context", "Split it."),
    ]
    assert "11 characters, and at most 10" in found.rejects[0]["problem"]


def test_a_rejected_row_leaves_its_id_free(read, file):
    found = read(file("posts.csv", "id,text,views\na,t,-1\na,t,1\n"))
    assert found.items["views"].to_list() == [1]


def test_one_row_is_rejected_once_however_much_is_wrong(read, file):
    assert len(one(read, file, views=-1, kind="txt", created_at="x", text="").rejects) == 1


def test_when_every_row_is_rejected_one_empty_batch_says_so(read, file):
    found = read(file("posts.csv", "id,text\n,a\n,b\n"), truth="text = 'a'")
    assert found.batch_sizes == [0]
    assert len(found.rejects) == 2
    assert found.truth is not None


def test_reading_twice_gives_the_same_batches(read, file):
    path = file("posts.csv", "id,text\n" + "".join(f"{n},{'' if n % 7 == 0 else 't'}\n" for n in range(100)))
    first, second = read(path, batch_rows=9), read(path, batch_rows=9)
    assert first.batch_sizes == second.batch_sizes
    assert first.items.equals(second.items)
    assert first.rejects == second.rejects
