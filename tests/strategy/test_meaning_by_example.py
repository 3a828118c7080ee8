"""The exact meaning of the language where it is easily mistaken, and what a strategy says of itself."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import polars as pl
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.strategy import (
    AuditPlan,
    Strategy,
    cascade,
    compile_row,
    decide_columns,
    load_strategy,
    patterns,
)
from tidegate.tables import Catalog

PIECES = st.sampled_from(
    [*"ab.^$|()[]*+?-", "{1,2}", "{0}", "[a-c]", "[^b]", "(a|b)", r"\.", r"\-", r"\n", r"\_", "é", " "]
)
TEXTS = st.text(alphabet="abcé.-_\n ^$", max_size=6)


@given(
    pattern=st.lists(PIECES, min_size=1, max_size=6).map("".join),
    texts=st.lists(TEXTS, min_size=1, max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_a_pattern_that_is_admitted_means_the_same_in_python_duckdb_and_postgres(
    pattern: str, texts: list[str], postgres: psycopg.Connection[Any]
) -> None:
    try:
        portable = patterns.portable(pattern)
    except patterns.PatternError:
        return
    expected = [re.search(patterns.python_form(portable), text) is not None for text in texts]
    in_duckdb = duckdb.execute(
        "SELECT list_transform(?, lambda t: regexp_matches(t, ?))", [texts, portable]
    ).fetchone()
    in_postgres = postgres.execute(
        'SELECT array_agg(t COLLATE "C" ~ %s ORDER BY n) FROM unnest(%s::text[]) WITH ORDINALITY AS u (t, n)',
        [portable, texts],
    ).fetchone()
    assert in_duckdb == (expected,)
    assert in_postgres == (expected,)


def holds(strategy_of: Callable[..., Strategy], condition: str, **values: object) -> bool:
    """Whether the condition is TRUE, by row and by column."""
    strategy = strategy_of(condition)
    named = {name.replace("_", ".", 1): value for name, value in values.items()}
    row = compile_row(strategy)(named).id == "rule-0"
    schema = {name: kind.dtype for name, kind in strategy.types.items()}
    frame = pl.DataFrame([named], schema=schema, orient="row").insert_column(0, pl.Series("item_id", ["a"]))
    assert (decide_columns(strategy, frame)["rule"][0] == 0) is row
    return row


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("text.hate > 0.5", False),
        ("text.hate <= 0.5", False),
        ("text.hate <> 0.5", False),
        ("not text.hate = 0.5", False),
        ("text.hate not in (0.5)", False),
        ("text.hate is null", True),
        ("coalesce(text.hate, 0.7) = 0.7", True),
        ("greatest(text.hate, 0.7) = 0.7", True),
        ("abs(text.hate) > 0.5", False),
        ("text.hate - text.hate <> 1", False),
    ],
)
def test_what_is_no_finite_number_is_null(
    condition: str, value: float | None, expected: bool, strategy_of: Callable[..., Strategy]
) -> None:
    assert holds(strategy_of, condition, text_hate=value) is expected


def test_division_by_zero_is_null(strategy_of: Callable[..., Strategy]) -> None:
    assert holds(strategy_of, "(1 / text.hate) is null", text_hate=-0.0)


def test_lower_folds_ascii_only(strategy_of: Callable[..., Strategy]) -> None:
    assert holds(strategy_of, "lower(text.top) = 'aÉ'", text_top="AÉ")


def test_length_counts_code_points(strategy_of: Callable[..., Strategy]) -> None:
    assert holds(strategy_of, "length(text.top) = 2", text_top="汉😀")


def test_a_dollar_is_the_very_end(strategy_of: Callable[..., Strategy]) -> None:
    assert not holds(strategy_of, "regexp_matches(text.top, 'a$')", text_top="a\n")


def test_a_row_may_hold_whole_numbers_and_lack_keys(strategy_of: Callable[..., Strategy]) -> None:
    evaluate = compile_row(strategy_of("hash.distance <= 31 and judge.hate is null"))
    assert evaluate({"hash.distance": 3}).id == "rule-0"


def test_a_row_value_of_another_type_is_refused(strategy_of: Callable[..., Strategy]) -> None:
    with pytest.raises(TypeError, match="'high' is not a number"):
        compile_row(strategy_of("text.hate > 0.5"))({"text.hate": "high"})


SOURCE = """strategy: s
version: 2
let: {remove: 0.9, review: ":remove - 0.4"}
audit: {proportional_to: text.max_risk, budget_per_day: 10, floor: 0.001}
rules:
  - {id: certain, when: "text.hate >= :remove", then: remove, audit: 0.5}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""


def test_let_numbers_are_worked_out_and_a_launch_arm_overrides_them(catalog: Catalog) -> None:
    assert load_strategy(SOURCE, catalog=catalog).let == {"remove": 0.9, "review": 0.5}
    assert load_strategy(SOURCE, catalog=catalog, let={"remove": 0.8}).let == {"remove": 0.8, "review": 0.4}


def test_the_hash_follows_what_decides_and_nothing_else(catalog: Catalog) -> None:
    plain = load_strategy(SOURCE, catalog=catalog)
    assert plain.label == f"2@{plain.hash[:12]}"
    assert load_strategy("# a comment\n" + SOURCE, catalog=catalog).hash == plain.hash
    assert load_strategy(SOURCE, catalog=catalog, let={"remove": 0.8}).hash != plain.hash
    assert load_strategy(SOURCE.replace("0.001", "0.002"), catalog=catalog).hash != plain.hash


def test_rules_without_a_plan_share_the_strategys(catalog: Catalog) -> None:
    strategy = load_strategy(SOURCE, catalog=catalog)
    assert strategy.rules[0].audit == AuditPlan(rate=0.5)
    assert strategy.rules[1].audit is strategy.audit
    assert "text.max_risk" in strategy.signals


def test_the_score_of_an_audit_plan_is_computed_for_the_items_that_its_rules_decide(catalog: Catalog) -> None:
    source = SOURCE.replace("text.max_risk", "judge.hate")
    strategy = load_strategy(source, catalog=catalog)

    def compute(detector: str, items: pl.DataFrame) -> pl.DataFrame:
        spec = catalog.detectors[detector]
        numbers = {"text.hate": 0.95, "judge.hate": 0.1, "text.max_risk": 0.2}
        hate = pl.when(pl.col("id") == "bad").then(pl.lit(0.95)).otherwise(pl.lit(0.1))
        columns = {
            spec.column(f.name): pl.lit(numbers.get(spec.column(f.name)), f.type.dtype) for f in spec.fields
        }
        if detector == "text":
            columns["text.hate"] = hate
        return items.select(item_id="id", **columns, **{spec.status_column: pl.lit("computed")})

    items = pl.DataFrame({"id": ["bad", "mild"], "kind": ["text", "text"]})
    result = cascade(strategy, items, compute, catalog=catalog)
    assert result.signals["judge.status"].to_list() == ["skipped", "computed"]


def test_what_is_doubtful_is_a_warning_with_its_line(catalog: Catalog) -> None:
    source = SOURCE.replace("remove: 0.9,", "remove: 0.9, spare: 1,").replace("audit: 0.5", "queue: q")
    assert [str(warning).split("\n")[0] for warning in load_strategy(source, catalog=catalog).warnings] == [
        "<strategy>:3, field 'let.spare': let: spare is used nowhere",
        "<strategy>:6, field 'queue': the queue has no use, because 'remove' sends nothing to a person",
    ]


@pytest.mark.parametrize("value", [True, False, None])
def test_booleans_of_numpy_are_booleans(strategy_of: Callable[..., Strategy], value: bool | None) -> None:
    evaluate = compile_row(strategy_of("judge.sure", "judge.sure = false"))
    given = None if value is None else np.bool_(value)
    assert evaluate({"judge.sure": given}) == evaluate({"judge.sure": value})


@pytest.mark.parametrize("value", [0.7, 1.0, float("inf"), float("-inf"), float("nan")])
def test_numbers_of_numpy_are_numbers_in_full_precision(
    strategy_of: Callable[..., Strategy], value: float
) -> None:
    evaluate = compile_row(strategy_of("text.hate >= 0.7", "text.hate < 0.5", "text.hate <> 1"))
    given = np.float32(value)
    assert evaluate({"text.hate": given}) == evaluate({"text.hate": float(given)})
