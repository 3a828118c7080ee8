"""The same decision as one query per warehouse: written, and read back unchanged by its own parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import TidegateError
from tidegate.strategy import DIALECTS, Strategy, to_sql


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_query_parses_back_to_itself(dialect: str, data: st.DataObject, random_strategies: Any) -> None:
    query = to_sql(data.draw(random_strategies), dialect)
    assert sqlglot.parse_one(query, dialect=dialect).sql(dialect=dialect, pretty=True) == query


def one_line(strategy: Strategy, dialect: str) -> str:
    return " ".join(to_sql(strategy, dialect).split())


def test_columns_have_dots_except_where_no_name_may(strategy_of: Callable[..., Strategy]) -> None:
    strategy = strategy_of("text.hate >= 0.9")
    assert 'CAST("text.hate" AS DOUBLE PRECISION)' in one_line(strategy, "postgres")
    assert "CAST(`text.hate` AS DOUBLE)" in one_line(strategy, "spark")
    assert "CAST(`text`.`hate` AS FLOAT64)" in one_line(strategy, "bigquery")


def test_snowflake_looks_for_a_pattern_anywhere(strategy_of: Callable[..., Strategy]) -> None:
    query = one_line(strategy_of(r"regexp_matches(text.top, 'a\.b')"), "snowflake")
    assert "REGEXP_INSTR(\"text.top\", 'a\\\\.b') > 0" in query


@pytest.mark.parametrize(
    ("dialect", "pattern"), [("spark", r"[$]a\\$b\\z|c\\z"), ("trino", r"[$]a\$b\z|c\z"), ("postgres", "c$")]
)
def test_the_end_of_a_text_is_its_very_end(
    dialect: str, pattern: str, strategy_of: Callable[..., Strategy]
) -> None:
    """Java's `$` stands before a last line break as well."""
    assert pattern in one_line(strategy_of(r"regexp_matches(text.top, '[$]a\$b$|c$')"), dialect)


def test_greatest_passes_over_nulls_everywhere(strategy_of: Callable[..., Strategy]) -> None:
    strategy = strategy_of("greatest(text.hate, judge.hate) < 0.5")
    assert 'GREATEST("text.hate", "judge.hate") < 0.5' in one_line(strategy, "duckdb")
    both = 'GREATEST( COALESCE("text.hate", "judge.hate"), COALESCE("judge.hate", "text.hate") )'
    assert both.replace(" ", "") in one_line(strategy, "trino").replace(" ", "")


def test_clickhouse_counts_characters_not_bytes(strategy_of: Callable[..., Strategy]) -> None:
    assert 'lengthUTF8("text.top") > 3' in one_line(strategy_of("length(text.top) > 3"), "clickhouse")


def test_a_table_may_have_a_schema(strategy_of: Callable[..., Strategy]) -> None:
    assert "FROM safety.signals" in to_sql(strategy_of("judge.sure"), "postgres", table="safety.signals")


def test_an_unknown_dialect_is_refused(strategy_of: Callable[..., Strategy]) -> None:
    with pytest.raises(TidegateError, match="no SQL is written for 'postgresql'") as raised:
        to_sql(strategy_of("judge.sure"), "postgresql")
    assert "Did you mean 'postgres'?" in str(raised.value)
