"""Known truth from an SQL expression over the file's own columns."""

from __future__ import annotations

import json

import polars as pl
import pytest

from tidegate.errors import InputError
from tidegate.tables import TRUTH

POSTS = "id,text,label,score\n1,a,hate,0.5\n2,b,neither,2\n3,c,,0\n"


def test_truth_stands_beside_the_items_with_null_where_the_file_does_not_say(read, file):
    truth = read(file("posts.csv", POSTS), truth="label <> 'neither'").truth
    assert dict(truth.schema) == TRUTH.schema
    assert truth.rows() == [("1", True, None), ("2", False, None), ("3", None, None)]


def test_a_second_expression_names_the_policy(read, file):
    policy = "case when label = 'hate' then 'hateful-behaviour' end"
    truth = read(file("posts.csv", POSTS), truth="label = 'hate'", truth_policy=policy).truth
    assert truth["policy"].to_list() == ["hateful-behaviour", None, None]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("score > 0.4", [True, True, False]),
        ("LABEL = 'hate' -- a comment", [True, False, None]),
        ("true", [True, True, True]),
        ("rows.label is null", [False, False, True]),
        ("text in ('a', 'c') and length(text) = 1", [True, False, True]),
    ],
)
def test_expressions_are_duckdb_s(read, file, expression, expected):
    assert read(file("posts.csv", POSTS), truth=expression).truth["violates"].to_list() == expected


def test_lists_objects_and_numbers_of_json_can_be_read(read, file):
    documents = [
        {"id": "1", "text": "t", "votes": ["hate", "fine"], "meta": {"n": 2}},
        {"id": "2", "text": "t", "votes": [], "meta": {"n": 0}},
        {"id": "3", "text": "t"},
    ]
    path = file("posts.jsonl", "".join(json.dumps(document) + "\n" for document in documents))
    assert read(path, truth="list_contains(votes, 'hate')").truth["violates"].to_list() == [True, False, None]
    found = read(path, truth="len(list_filter(votes, lambda vote: vote = 'hate')) > 0 or meta.n > 5")
    assert found.truth["violates"].to_list() == [True, False, None]


def test_lists_of_parquet_can_be_read(read, tmp_path):
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": [1, 2], "text": ["a", "b"], "votes": [[1, 1, 0], [0, 0, 1]]}).write_parquet(path)
    assert read(path, truth="list_sum(votes) >= 2").truth["violates"].to_list() == [True, False]


def test_rejected_rows_have_no_truth(read, file):
    found = read(file("posts.csv", "id,text,label\n1,,x\n2,b,y\n"), truth="label = 'y'")
    assert found.truth["item_id"].to_list() == found.ids == ["2"]
    assert found.truth["violates"].to_list() == [True]


def test_a_value_unlike_the_first_rows_rejects_its_row(read, file):
    rows = "".join(f"{number},t,{number % 2}\n" for number in range(10))
    found = read(file("posts.csv", f"id,text,label\n{rows}10,t,unsure\n"), truth="label = 1", batch_rows=5)
    assert found.problems == [(12, "label")]
    documents = "".join(json.dumps({"id": str(n), "text": "t", "n": n}) + "\n" for n in range(10))
    late = '{"id": "x", "text": "t", "n": "many"}\n'
    assert read(file("posts.jsonl", documents + late), truth="n > 3", batch_rows=5).problems == [(11, "n")]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("lable = 'x'", "cannot be evaluated"),
        ("label", "gives String, not Boolean"),
        ("score", "gives Float64, not Boolean"),
        ("label = 'a'; drop table rows", "not one SQL expression"),
        ("select true", "not one SQL expression"),
        ("a) from rows; select (b", "not an SQL expression"),
        ("", "not one SQL expression"),
        ("label in (select label from rows)", "a subquery"),
        ("exists (from rows)", "a subquery"),
        ("count(*) > 1", "an aggregate"),
        ("row_number() over () > 1", "a window"),
        ("unnest([true])", "unnest"),
        ("label = ?", "a placeholder"),
        ("exists (from read_text('secret'))", "a subquery"),
        ("random() > 0.5", "chance"),
        ("uuid() > 'a'", "chance"),
        ("current_date > date '2026-01-01'", "the time of asking"),
        ("now() > timestamptz '2026-01-01'", "now"),
        ("nextval('s') > 1", "nextval"),
    ],
)
def test_what_is_no_condition_on_one_row_is_refused_before_anything_is_read(read, file, expression, says):
    with pytest.raises(InputError, match=says) as caught:
        read(file("posts.csv", POSTS), truth=expression)
    assert caught.value.where.field == "truth"
    assert caught.value.remedy


def test_an_unknown_column_is_answered_with_the_nearest(read, file):
    with pytest.raises(InputError) as caught:
        read(file("posts.csv", POSTS), truth="lable = 'x'")
    assert "Did you mean 'label'" in caught.value.remedy


def test_a_policy_that_is_no_text_or_has_no_truth_is_refused(read, file):
    with pytest.raises(InputError, match="not String"):
        read(file("posts.csv", POSTS), truth="true", truth_policy="score")
    with pytest.raises(InputError, match="without truth"):
        read(file("posts.csv", POSTS), truth_policy="label")


def test_an_expression_that_fails_on_a_row_says_where(read, file):
    path = file("posts.csv", "id,text,label\n1,a,x\n2,b,y\n")
    with pytest.raises(InputError, match="between 2 and 3") as caught:
        read(path, truth="label::int = 1")
    assert "try_cast" in caught.value.remedy


def test_each_row_has_its_own_truth_however_long_a_list_is(read, tmp_path):
    labels = [f"kind-{k * 7919 % 41}" for k in range(200_000)]
    path = tmp_path / "posts.parquet"
    pl.DataFrame({"id": range(len(labels)), "text": "a mild post", "label": labels}).write_parquet(path)
    bad = {f"kind-{k}" for k in range(12)}
    listed = ", ".join(f"'{label}'" for label in sorted(bad))
    truth = read(path, truth=f"label in ({listed})").truth
    assert truth["violates"].to_list() == [label in bad for label in labels]
