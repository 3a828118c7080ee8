"""One strategy, three evaluators, one meaning: row, column and SQL give every row to the same rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.strategy import Strategy, column, compile_row, decide_columns, to_sql
from tidegate.strategy.truth import Truth, first_match

Strategies = st.SearchStrategy[Strategy]
Frames = st.SearchStrategy[pl.DataFrame]


def by_row(strategy: Strategy, signals: pl.DataFrame) -> list[str]:
    evaluate = compile_row(strategy)
    return [evaluate(row).id for row in signals.iter_rows(named=True)]


def by_column(strategy: Strategy, signals: pl.DataFrame) -> list[str]:
    return [strategy.rules[place].id for place in decide_columns(strategy, signals)["rule"]]


def by_duckdb_query(strategy: Strategy, signals: pl.DataFrame) -> list[str]:
    with duckdb.connect() as connection:
        connection.register("signals", signals.to_arrow())
        return connection.sql(to_sql(strategy, "duckdb")).pl()["rule"].to_list()


def by_postgres(strategy: Strategy, signals: pl.DataFrame, postgres: psycopg.Connection[Any]) -> list[str]:
    postgres.execute("TRUNCATE signals")
    with postgres.cursor().copy("COPY signals FROM STDIN") as copy:
        for row in signals.iter_rows():
            copy.write_row(row)
    found = postgres.execute(to_sql(strategy, "postgres").encode()).fetchall()
    rules = {item: rule for item, _, rule, _, _ in found}
    return [rules[item] for item in signals["item_id"]]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_row_and_column_and_postgres_agree(
    data: st.DataObject,
    random_strategies: Strategies,
    random_frames: Frames,
    postgres: psycopg.Connection[Any],
) -> None:
    strategy, signals = data.draw(random_strategies), data.draw(random_frames)
    expected = by_column(strategy, signals)
    assert by_row(strategy, signals) == expected
    assert by_duckdb_query(strategy, signals) == expected
    assert by_postgres(strategy, signals, postgres) == expected


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_row_evaluators_forms_agree_with_the_reading_one(
    data: st.DataObject, random_strategies: Strategies, random_frames: Frames
) -> None:
    strategy, signals = data.draw(random_strategies), data.draw(random_frames)
    evaluate = compile_row(strategy)
    for row in signals.iter_rows(named=True):
        values = {name: row[name] for name in strategy.types}
        place, truth = first_match(strategy, values)
        expected = strategy.rules[place]
        assert truth is Truth.TRUE
        assert evaluate(values) == expected
        assert evaluate.decide(evaluate.clean(values)) == expected
        rule, read = evaluate.explained(values)
        assert rule == expected
        assert {name: values[name] for name in read} == read


def test_rows_keep_their_order_however_long_a_list_is(strategy_of: Callable[..., Strategy]) -> None:
    """Given a list that DuckDB joins with, and rows for several threads, then each row has its own rule."""
    listed = [f"place-{k}" for k in range(12)]
    strategy = strategy_of(f"text.top in ({', '.join(repr(place) for place in listed)})")
    row = pl.int_range(1_000_000)
    signals = pl.select(
        row.cast(pl.String).alias("item_id"), pl.format("place-{}", row * 7919 % 41).alias("text.top")
    )

    with column._database().cursor() as connection:
        connection.execute("SET threads = 4")
    try:
        found = decide_columns(strategy, signals)
    finally:
        with column._database().cursor() as connection:
            connection.execute("RESET threads")
    assert found["item_id"].equals(signals["item_id"])
    assert (found["rule"] == 0).equals(signals["text.top"].is_in(listed))
