"""JSON Lines: what is read, and what is set aside."""

from __future__ import annotations

import base64
import json

import pytest

from tidegate.errors import InputError


def lines(*documents: object) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


@pytest.mark.parametrize(
    "line",
    ["nope", "[1]", "5", "null", '{"id": "x", "text": "\\ud83d"}', '{"id": "x"', '{"id": "x"} {"id": "y"}'],
)
def test_a_line_that_holds_no_object_is_rejected_alone(read, file, line):
    found = read(file("posts.jsonl", f'{{"id": "a", "text": "t"}}\n{line}\n{{"id": "b", "text": "t"}}\n'))
    assert found.ids == ["a", "b"]
    assert found.problems == [(2, None)]
    assert found.rejects[0]["raw"] == line


def test_blank_lines_are_passed_over_and_still_counted(read, file):
    found = read(file("posts.jsonl", '\n{"id": "a", "text": "t"}\n\n{"id": "b", "text": "t", "views": -1}\n'))
    assert found.ids == ["a"]
    assert found.problems == [(4, "views")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", 5),
        ("text", True),
        ("text", ["a"]),
        ("id", 1.5),
        ("id", {"a": 1}),
        ("views", True),
        ("views", 1.5),
        ("language", 3),
        ("created_at", False),
        ("created_at", [2024]),
    ],
)
def test_a_value_of_the_wrong_type_rejects_its_row_and_names_the_field(read, file, field, value):
    wrong = {"id": "b", "text": "t"} | {field: value}
    found = read(file("posts.jsonl", lines({"id": "a", "text": "t"}, wrong)))
    assert found.ids == ["a"]
    assert found.problems == [(2, field)]


def test_whole_numbers_are_good_ids_however_large(read, file):
    content = '{"id": 7, "text": "t"}\n{"id": "x", "text": "t"}\n{"id": 18446744073709551615, "text": "t"}\n'
    assert read(file("posts.jsonl", content)).ids == ["7", "x", "18446744073709551615"]


def test_a_number_too_large_to_be_exact_is_no_id(read, file):
    content = '{"id": "a", "text": "t"}\n{"id": 123456789012345678901234567890, "text": "t"}\n'
    assert read(file("posts.jsonl", content)).problems == [(2, "id")]


def test_a_column_that_shows_up_late_is_read_all_the_same(read, file):
    early = [{"id": str(number), "text": "t"} for number in range(10)]
    found = read(file("posts.jsonl", lines(*early, {"id": "late", "text": "t", "lang": "zh"})), batch_rows=4)
    assert found.items["language"].to_list() == [None] * 10 + ["zh"]


def test_bytes_that_are_not_utf_8_are_kept_as_they_are(read, file):
    raw = b'{"id": "a", "text": "\xe9t\xe9"}'
    found = read(file("posts.jsonl", raw + b'\n{"id": "b", "text": "t"}\n'))
    assert found.ids == ["b"]
    assert base64.b64decode(found.rejects[0]["raw_base64"]) == raw


def test_ten_million_letters_in_one_field_pass_and_more_than_the_limit_do_not(read, file):
    path = file(
        "posts.jsonl", lines({"id": "a", "text": "x" * 10_000_000}, {"id": "b", "text": "y" * 17_000_000})
    )
    found = read(path)
    assert found.items["text"].str.len_chars().to_list() == [10_000_000]
    assert found.problems == [(2, "text")]


def test_a_line_too_long_to_hold_is_rejected_by_its_beginning(read, file):
    path = file("posts.jsonl", lines({"id": "a", "text": "x" * 3_000_000}, {"id": "b", "text": "t"}))
    found = read(path, max_field_bytes=100_000)
    assert found.ids == ["b"]
    assert "too long" in found.rejects[0]["problem"]


def test_one_json_array_is_answered_with_the_way_to_json_lines(read, file):
    with pytest.raises(InputError, match="one JSON array") as caught:
        read(file("posts.json", '[{"id": 1, "text": "a"}]'))
    assert "jq" in caught.value.remedy


def test_another_format_under_this_name_is_told_by_its_first_line(read, file):
    with pytest.raises(InputError, match="no line is a JSON object") as caught:
        read(file("posts.jsonl", "id,text\n1,a\n"))
    assert caught.value.where.line == 1
