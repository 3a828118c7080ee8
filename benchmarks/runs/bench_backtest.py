"""Backtest of ten million recorded decisions: items per second, peak memory, and the ratio to SQL by hand.

The run is generated once, in the layout of a run folder, into `benchmarks/.cache/`. Each figure is taken in a
child process of its own, so that its peak memory is its own too.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import duckdb
from benchmarks.figure import Figure

from tidegate.policy.harms import HARM_AREAS, HARM_KEYS
from tidegate.policy.ladder import LADDER
from tidegate.runs.backtest import backtest
from tidegate.runs.bench import STARTER_STRATEGY
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import spec_record
from tidegate.strategy import Strategy, decision_case, load_strategy
from tidegate.tables import ITEM_SIGNALS, ITEMS, Catalog, DetectorSpec, SignalField, SignalType

ITEMS_DECIDED = 10_000_000
AUDITED = 0.001
CACHE = Path(__file__).parent.parent / ".cache" / f"backtest-{ITEMS_DECIDED}"
RUN = RunFolder(CACHE / "run")
NEW = CACHE / "new.yaml"
LABELS = CACHE / "labels.parquet"

NUMBERS = tuple(SignalField(harm, SignalType.NUMBER, harm) for harm in (*HARM_KEYS, "max_risk"))
TEXT = DetectorSpec("text", "1", (*NUMBERS, SignalField("top_harm", SignalType.TEXT, "Which.")), cost_ms=0.05)
CATALOG = Catalog.of(ITEM_SIGNALS, TEXT)
POLICIES = {area.policy for area in HARM_AREAS}

MEGABYTE = 1024**2


def run() -> Iterator[Figure]:
    if not RUN.manifest.exists():
        child("generate")
    ours, by_hand, labelled = child("ours"), child("by_hand"), child("labelled")
    millions = f"{ITEMS_DECIDED // 1_000_000} M decisions"
    against = "the from → to matrix alone in SQL by hand"
    rate, hand_rate = (ITEMS_DECIDED / part["seconds"] for part in (ours, by_hand))
    yield Figure(f"backtest, {millions}", rate, "items/s", against, rate / hand_rate)
    yield Figure(f"backtest, {millions}: time", ours["seconds"], "s")
    memory, hand_memory = ours["megabytes"], by_hand["megabytes"]
    yield Figure(f"backtest, {millions}: peak memory", memory, "MB", against, memory / hand_memory)
    yield Figure(f"backtest with labels, {millions}: time", labelled["seconds"], "s")
    yield Figure(f"backtest with labels, {millions}: peak memory", labelled["megabytes"], "MB")


def ours() -> None:
    assert backtest(RUN, NEW, by=("market", "language")).totals.items == ITEMS_DECIDED


def labelled() -> None:
    assert backtest(RUN, NEW, by=("market", "language"), labels=LABELS).differences is not None


def by_hand() -> None:
    """What an analyst would write for the matrix: the new strategy's CASE beside the recorded action."""
    actions = " ".join(f"WHEN {k} THEN '{rule.then}'" for k, rule in enumerate(loaded(NEW).rules))
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        found = connection.sql(
            "SELECT action, action_after, count(*), sum(views) FROM (SELECT decisions.action, "
            f"CASE {decision_case(loaded(NEW))} {actions} END AS action_after, views "
            f"FROM '{RUN.table('signals')}' signals POSITIONAL JOIN '{RUN.table('decisions')}' decisions "
            f"POSITIONAL JOIN '{RUN.table('items')}' items) GROUP BY ALL"
        ).fetchall()
    assert sum(row[2] for row in found) == ITEMS_DECIDED


def child(part: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.runs.bench_backtest", part]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def loaded(path: Path) -> Strategy:
    return load_strategy(path, catalog=CATALOG, ladder=LADDER, policies=POLICIES)


def generate() -> None:
    """A run of the starter strategy over made-up signals; most items carry little risk."""
    RUN.root.mkdir(parents=True, exist_ok=True)
    text = STARTER_STRATEGY.read_text(encoding="utf-8")
    RUN.strategy.write_text(text, encoding="utf-8")
    NEW.write_text(
        text.replace("version: 1", "version: 2").replace("review: 0.60", "review: 0.50"), encoding="utf-8"
    )
    (CACHE / "tidegate.toml").write_text("", encoding="utf-8")
    with duckdb.connect(config={"temp_directory": str(CACHE / "spill")}) as connection:
        connection.execute("SET enable_progress_bar = false")
        write(connection, "signals", signals_sql())
        write(connection, "items", items_sql())
        write(connection, "decisions", decisions_sql(loaded(RUN.strategy)))
        connection.execute(
            f"COPY (SELECT item_id, hash(item_id || 'y') % 5 = 0 AS violates FROM '{RUN.table('decisions')}' "
            f"WHERE audited) TO '{LABELS}' (FORMAT parquet)"
        )
    strategy = loaded(RUN.strategy)
    manifest = {
        "input": [],
        "items": ITEMS_DECIDED,
        "strategy": {"let": dict(strategy.let), "hash": strategy.hash},
        "ladder": [asdict(action) for action in LADDER],
        "policies": sorted(POLICIES),
        "detectors": {name: spec_record(spec) for name, spec in CATALOG.detectors.items()},
        "audit_seed": "seed",
        "complete": True,
    }
    RUN.manifest.write_text(json.dumps(manifest), encoding="utf-8")


def write(connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    connection.execute(f"COPY ({sql}) TO '{RUN.table(table)}' (FORMAT parquet, COMPRESSION zstd)")


def uniform(salt: int) -> str:
    """A number in [0, 1) that depends on the item alone, so that every machine makes the same run."""
    return f"(hash(i * 64 + {salt})::DOUBLE / 18446744073709551616.0)"


def signals_sql() -> str:
    harms = ", ".join(f'power({uniform(k)}, 14) AS "text.{harm}"' for k, harm in enumerate(HARM_KEYS))
    names = ", ".join(f'"text.{harm}"' for harm in HARM_KEYS)
    return (
        f"SELECT 'item-' || i AS item_id, {names}, greatest({names}) AS \"text.max_risk\", "
        '\'hate\' AS "text.top_harm", \'computed\' AS "text.status", NULL::VARCHAR AS "text.failure" '
        f"FROM (SELECT i, {harms} FROM range({ITEMS_DECIDED}) t(i))"
    )


def items_sql() -> str:
    known = {
        "id": "'item-' || i",
        "kind": "'text'",
        "text": "'a mild post about the weather, number ' || i",
        "language": f"CASE WHEN {uniform(20)} < 0.3 THEN 'zh' ELSE 'en' END",
        "market": f"['US', 'CN', 'DE', 'BR', 'IN'][1 + floor(5 * {uniform(21)})::BIGINT]",
        "surface": "'feed'",
        "created_at": "TIMESTAMPTZ '2026-01-01 00:00:00Z' + to_seconds(i)",
        "reports": "NULL::BIGINT",
        "views": f"floor(power(1e-6 + {uniform(22)}, -0.7))::BIGINT",
    }
    columns = ", ".join(f"{known.get(c.name, 'NULL::VARCHAR')} AS {c.name}" for c in ITEMS.columns)
    return f"SELECT {columns} FROM range({ITEMS_DECIDED}) t(i)"


def decisions_sql(strategy: Strategy) -> str:
    def of_rule(attribute: str) -> str:
        values = ((k, getattr(rule, attribute)) for k, rule in enumerate(strategy.rules))
        whens = " ".join(f"WHEN {k} THEN '{value}'" for k, value in values if value is not None)
        return f"CASE rule_index {whens} END"

    return f"""
        SELECT item_id, '{strategy.name}' AS strategy, '{strategy.label}' AS strategy_version,
            'current' AS arm,
            {of_rule("then")} AS action, {of_rule("id")} AS rule, {of_rule("policy")} AS policy,
            {of_rule("queue")} AS queue, {of_rule("escalate")} AS escalate, 'rule' AS reason,
            NULL::VARCHAR AS failure, '{{"text.max_risk":' || "text.max_risk" || '}}' AS values,
            '{{"text":"1"}}' AS detectors, 0.05::DOUBLE AS cost_ms, 0.0::DOUBLE AS cost_money,
            {AUDITED}::DOUBLE AS audit_probability,
            hash(item_id)::DOUBLE / 18446744073709551616.0 < {AUDITED} AS audited
        FROM (SELECT *, {decision_case(strategy)} AS rule_index FROM '{RUN.table("signals")}')
    """


if __name__ == "__main__":
    started = time.perf_counter()
    {"generate": generate, "ours": ours, "by_hand": by_hand, "labelled": labelled}[sys.argv[1]]()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    print(json.dumps({"seconds": seconds, "megabytes": peak}))
