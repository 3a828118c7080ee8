"""CSV: what is read, and how a broken row is set aside without harm to its neighbours."""

from __future__ import annotations

import base64

import pytest

from tidegate.errors import InputError


def test_a_quoted_field_may_hold_separators_quotes_and_line_feeds(read, file):
    found = read(file("posts.csv", 'id,text\n1,"a, ""b""\nc"\n2,d\n'))
    assert found.texts == ['a, "b"\nc', "d"]
    assert found.rejects == []


def test_lines_are_counted_in_the_file_and_not_by_record(read, file):
    found = read(file("posts.csv", 'id,text,views\n1,"a\nb\nc",1\n2,d,-4\n'))
    assert found.problems == [(5, "views")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_one_that_the_header_uses(read, file, separator):
    found = read(file("posts.csv", f"id{separator}text\n1{separator}a\n"))
    assert found.texts == ["a"]


def test_byte_order_mark_and_carriage_returns_are_no_part_of_the_data(read, file):
    found = read(file("posts.csv", b"\xef\xbb\xbfid,text\r\n1,a\r\n2,b\r\n"))
    assert (found.ids, found.texts) == (["1", "2"], ["a", "b"])


def test_blank_lines_and_a_missing_last_line_feed_do_not_matter(read, file):
    assert read(file("posts.csv", "id,text\n\n1,a\n\n2,b")).ids == ["1", "2"]


@pytest.mark.parametrize(("row", "says"), [("2,b", "2 fields"), ("2,b,3,4", "4 fields")])
def test_too_few_or_too_many_fields_reject_the_row_alone(read, file, row, says):
    found = read(file("posts.csv", f"id,text,views\n1,a,1\n{row}\n3,c,3\n"))
    assert found.ids == ["1", "3"]
    assert found.problems == [(3, None)]
    assert says in found.rejects[0]["problem"]
    assert found.rejects[0]["raw"] == row


def test_a_stray_quote_costs_one_line_and_reading_goes_on_at_the_next(read, file):
    found = read(file("posts.csv", 'id,text\n1,a\n2,"b\n3,c\n4,"d"\n5,e\n'))
    assert found.ids == ["1", "3", "4", "5"]
    assert found.problems == [(3, None)]


def test_a_quote_that_is_never_closed_costs_one_line(read, file):
    found = read(file("posts.csv", 'id,text\n1,a\n2,"b\n3,c\n4,d'))
    assert found.ids == ["1", "3", "4"]
    assert "never closed" in found.rejects[0]["problem"]


def test_a_record_may_run_across_batches(read, file):
    long_text = "\n".join(str(number) for number in range(50))
    found = read(file("posts.csv", f'id,text\n1,a\n2,"{long_text}"\n3,c\n'), batch_rows=4)
    assert found.texts == ["a", long_text, "c"]
    assert found.rejects == []


def test_an_open_quote_is_not_followed_beyond_the_field_limit(read, file):
    rows = "".join(f"{number},text number {number}\n" for number in range(3, 500))
    found = read(file("posts.csv", f'id,text\n1,a\n2,"b\n{rows}'), batch_rows=10, max_field_bytes=1000)
    assert len(found.ids) == 498
    assert found.problems == [(3, None)]


def test_every_line_broken_is_every_line_rejected(read, file):
    found = read(file("posts.csv", "id,text\n" + '1,"a\n' * 5))
    assert len(found.rejects) == 5
    assert found.batch_sizes == [0]


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [("2,caf\u00e9".encode("latin-1"), "WINDOWS-1252"), ("2,中国的天气".encode("gb18030"), "GB18030")],
)
def test_a_row_that_is_not_utf_8_is_kept_as_it_is_with_a_guess_at_its_encoding(read, file, raw, encoding):
    found = read(file("posts.csv", b"id,text\n1,a\n" + raw + b"\n3,c\n"))
    assert found.ids == ["1", "3"]
    [reject] = found.rejects
    assert base64.b64decode(reject["raw_base64"]) == raw
    assert reject["raw"] is None
    assert encoding in reject["remedy"]


def test_a_line_too_long_to_hold_is_rejected_by_its_beginning(read, file):
    found = read(file("posts.csv", "id,text\n1,a\n2," + "x" * 3_000_000 + "\n3,c\n"), max_field_bytes=100_000)
    assert found.ids == ["1", "3"]
    assert found.problems == [(3, None)]
    assert found.rejects[0]["raw"].startswith("2,xxx")


@pytest.mark.parametrize(
    ("header", "says"),
    [("id,text,text", "twice"), ('id,"te"xt', "closing quote"), ("id,te\udce9xt", "not UTF-8")],
)
def test_a_header_that_cannot_be_used_stops_the_reading(read, file, header, says):
    path = file("posts.csv", header.encode("utf-8", "surrogateescape") + b"\n1,a,b\n")
    with pytest.raises(InputError, match=says) as caught:
        read(path)
    assert caught.value.where.line == 1
    assert caught.value.remedy
