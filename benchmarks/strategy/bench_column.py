"""Column evaluation against the SQL that somebody would write by hand for DuckDB, over the same columns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
from benchmarks.figure import Figure
from benchmarks.strategy import workload

from tidegate.strategy import decide_columns
from tidegate.tables import SignalType

ROWS = 1_000_000
ROUNDS = 5


def signals() -> pl.DataFrame:
    """A million rows, one signal in fifty null."""
    chance = np.random.default_rng(3)
    columns = {"item_id": pl.Series([f"item-{place}" for place in range(ROWS)])}
    for name, field in workload.catalog().signals.items():
        if field.type is SignalType.NUMBER:
            values = pl.Series(chance.random(ROWS))
        else:
            values = pl.Series(workload.WORDS[name])[chance.integers(0, 5, ROWS)]
        absent = pl.Series(chance.random(ROWS) < 0.02)
        columns[name] = pl.select(pl.when(~absent).then(values)).to_series()
    return pl.DataFrame(columns)


def by_hand(rules: list[workload.BenchRule]) -> str:
    branches = []
    for place, rule in enumerate(rules):
        terms = [f'"{name}" >= {least}' for name, least in rule.thresholds]
        if rule.member is not None:
            terms.append(f'"{rule.member[0]}" IN ({", ".join(map(repr, rule.member[1]))})')
        branches.append(f"WHEN {' AND '.join(terms)} THEN {place}")
    case = f"CASE {' '.join(branches)} ELSE {len(rules)} END"
    return f"SELECT item_id, CAST({case} AS USMALLINT) AS rule FROM signals"


def run() -> Iterator[Figure]:
    frame = signals()
    with duckdb.connect() as connection:
        for count in (10, 100):
            rules = workload.rules(count)
            strategy, query = workload.strategy(rules), by_hand(rules)
            ours, hand = [], []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                found = decide_columns(strategy, frame)
                ours.append(time.perf_counter() - started)
                started = time.perf_counter()
                connection.register("signals", frame.to_arrow())
                expected = connection.sql(query).pl()
                hand.append(time.perf_counter() - started)
                assert found["rule"].equals(expected["rule"])
            rate, other = ROWS / statistics.median(ours), ROWS / statistics.median(hand)
            yield Figure(
                f"column, {count} rules", rate, "rows/s", against="DuckDB SQL by hand", ratio=rate / other
            )
