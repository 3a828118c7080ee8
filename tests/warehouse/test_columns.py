"""Which column of a file is which of ours."""

from __future__ import annotations

import pytest

from tidegate.errors import InputError
from tidegate.tables import ITEMS, LABELS
from tidegate.warehouse.columns import ALIASES, LABEL_ALIASES


@pytest.mark.parametrize(
    ("ours", "alias"), [(ours, alias) for ours, names in ALIASES.items() for alias in names]
)
def test_every_alias_is_found(read, file, ours, alias):
    row = {"id": "a", "text": "t"} | {
        ours: "text" if ours == "kind" else "2026-03-02" if ours == "created_at" else "7"
    }
    header = ",".join(alias if name == ours else name for name in row)
    found = read(file("posts.csv", f"{header}\n{','.join(row.values())}\n"))
    assert found.items[ours].is_not_null().all()


def test_aliases_speak_of_columns_that_exist():
    assert set(ALIASES) == set(ITEMS.names)
    assert set(LABEL_ALIASES) == set(LABELS.names) & set(LABEL_ALIASES)


def test_capitals_and_blanks_in_a_header_do_not_count(read, file):
    assert read(file("posts.csv", "ID, Text \na,t\n")).texts == ["t"]


def test_our_own_name_goes_before_an_alias(read, file):
    assert read(file("posts.csv", "id,body,text\na,alias,own\n")).texts == ["own"]


def test_two_aliases_for_one_column_must_be_settled_by_the_caller(read, file):
    path = file("posts.csv", "id,body,content\na,b,c\n")
    with pytest.raises(InputError, match="body, content"):
        read(path)
    assert read(path, columns={"text": "content"}).texts == ["c"]


def test_a_mapped_column_goes_before_our_own_name(read, file):
    assert read(file("posts.csv", "id,text,other\na,b,c\n"), columns={"text": "other"}).texts == ["c"]


def test_row_numbers_stand_in_for_missing_ids_across_files(read, file):
    first = file("one.csv", "text\na\nb\n")
    second = file("two.csv", "text\nc\n")
    assert read([first, second], columns={"id": "row_number"}).ids == ["1", "2", "3"]


def test_a_column_of_the_file_that_is_named_row_number_is_that_column(read, file):
    assert read(file("posts.csv", "row_number,text\n70,a\n"), columns={"id": "row_number"}).ids == ["70"]


@pytest.mark.parametrize(
    ("header", "columns", "field", "hint"),
    [
        ("idd,text", {}, "id", "'idd'"),
        ("id,txt", {}, "text", "'txt'"),
        ("text", {}, "id", "row_number"),
        ("id,text", {"txt": "text"}, "txt", "'text'"),
        ("id,body_text", {"text": "body_txt"}, "body_txt", "'body_text'"),
    ],
)
def test_a_missing_column_is_answered_with_the_nearest_name(read, file, header, columns, field, hint):
    with pytest.raises(InputError) as caught:
        read(
            file("posts.csv", f"{header}\n" + ",".join("x" for _ in header.split(",")) + "\n"),
            columns=columns,
        )
    assert caught.value.where.field == field
    assert hint in caught.value.remedy
