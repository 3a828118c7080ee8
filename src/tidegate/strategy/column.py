"""The column evaluator: one CASE expression, run by DuckDB over Arrow or anything else that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sqlglot import exp

from tidegate.strategy.border import clean_frame
from tidegate.strategy.expressions import condition_sql, quoted_column
from tidegate.strategy.model import Strategy
from tidegate.strategy.partial import partial_case
from tidegate.tables import SignalType

if TYPE_CHECKING:
    import duckdb


ROW = " row"
"""A name that no signal has."""


def decide_columns(strategy: Strategy, signals: pl.DataFrame | duckdb.DuckDBPyRelation) -> pl.DataFrame:
    """Which rule decides each row when every signal is known: item_id, rule (index, UInt16).

    The rows of a frame come in their order, those of a relation in any.
    `signals` has `item_id` and a column for each of `strategy.signals`. Statuses are not read: what is NULL
    counts as NULL. For rows on which detectors were skipped or failed, see `decision_case(strategy,
    partial=True)`.
    """
    if isinstance(signals, pl.DataFrame):
        clean = clean_frame(signals, strategy.types)
        rule = evaluate(decision_case(strategy), clean, len(signals)).cast(pl.UInt16)
        return pl.DataFrame([signals["item_id"], rule.alias("rule")])
    columns = ", ".join(["item_id", *(_clean_sql(name, kind) for name, kind in strategy.types.items())])
    case = f"CAST({decision_case(strategy)} AS USMALLINT)"
    decided: pl.DataFrame = signals.project(columns).project(f"item_id, {case} AS rule").pl()
    return decided


def decision_case(strategy: Strategy, *, partial: bool = False) -> str:
    """DuckDB SQL for the index of the rule that decides, over border-clean columns named by their signals.

    With `partial`, columns `<detector>.status` are read as well: DETECTOR_FAILED (-1) says that a failed
    detector leaves the item to review, NULL that a skipped one would be needed to know.
    """
    return partial_case(strategy) if partial else _full_case(strategy)


def evaluate(expression: str, frame: pl.DataFrame, rows: int) -> pl.Series:
    """A DuckDB expression over the rows of a frame, in their order."""
    return evaluate_all({"value": expression}, frame, rows).to_series()


def evaluate_all(expressions: Mapping[str, str], frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """DuckDB expressions, by name, over the rows of a frame in order; the frame may have no columns.

    The rows are numbered, since DuckDB answers in any order where it turns a long IN list into a join.
    """
    chosen = ", ".join(f'{expression} AS "{name}"' for name, expression in expressions.items())
    numbered = frame.with_columns(pl.Series(ROW, np.arange(rows)))
    with _database().cursor() as connection:
        connection.register("signals", numbered.to_arrow())
        found: pl.DataFrame = connection.sql(f'SELECT "{ROW}", {chosen} FROM signals').pl()
    return (found if found[ROW].is_sorted() else found.sort(ROW)).drop(ROW)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One empty database per process: opening one costs more than deciding a batch."""
    import duckdb

    return duckdb.connect()


@lru_cache(maxsize=64)
def _full_case(strategy: Strategy) -> str:
    case = exp.Case()
    for index, rule in enumerate(strategy.rules):
        if rule.condition is None:
            if not case.args.get("ifs"):
                return str(index)
            return case.else_(exp.Literal.number(index)).sql(dialect="duckdb")
        case = case.when(condition_sql(rule.condition), exp.Literal.number(index), copy=False)
    return case.sql(dialect="duckdb")


def _clean_sql(name: str, kind: SignalType) -> str:
    column = quoted_column(name).sql(dialect="duckdb")
    if kind is not SignalType.NUMBER:
        return column
    return f"CASE WHEN isfinite(CAST({column} AS DOUBLE)) THEN CAST({column} AS DOUBLE) END AS {column}"
