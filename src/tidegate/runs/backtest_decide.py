"""The new strategy over the recorded signals of a run, as one DuckDB query over its Parquet files.

Each row gets the code of `strategy.partial.step_sql` (the deciding rule, or why there is none) and, per detector,
whether the new strategy's own cascade would have computed it. The cascade is played through with the recorded
signals as the answers: whatever it has not asked for yet is shown to it as skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tidegate.runs.backtest_trial import Trial
from tidegate.runs.folder import RunFolder
from tidegate.strategy import AuditPlan, Strategy
from tidegate.strategy.planner import conditions_read, trial_order
from tidegate.strategy.partial import DETECTOR_FAILED, FIRST_NEED, step_sql
from tidegate.tables import ITEM_SIGNALS, Catalog, DetectorSpec, SignalStatus, SignalType

CODE = "after"
SQL_TYPES = {SignalType.NUMBER: "DOUBLE", SignalType.TEXT: "VARCHAR", SignalType.BOOLEAN: "BOOLEAN"}


def ran(detector: str) -> str:
    """The column that says whether the new strategy's cascade would compute this detector."""
    return f"{detector}.ran"


def order_of(trial: Trial) -> tuple[str, ...]:
    """The detectors of the new strategy's conditions, in the order in which its cascade tries them."""
    return trial_order(conditions_read(trial.bench.strategy), trial.bench.catalog)


@contextmanager
def run_tables(folder: RunFolder, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the run's items, signals and decisions as views; what does not fit spills into `scratch`."""
    with duckdb.connect(config={"temp_directory": str(scratch / "spill")}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name in ("items", "signals", "decisions"):
            view(connection, name, folder.table(name))
        yield connection


def view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.read_parquet(str(path)).create_view(name, replace=True)


def write_codes(connection: duckdb.DuckDBPyConnection, trial: Trial, out: Path) -> None:
    """One row per item in the order of the run: the columns of `codes_sql`, as Parquet."""
    recorded = pq.read_schema(trial.folder.table("signals")).names
    place = str(out).replace("'", "''")
    connection.execute(f"COPY ({codes_sql(trial, recorded)}) TO '{place}' (FORMAT parquet)")


def codes_sql(trial: Trial, recorded: Collection[str]) -> str:
    """SQL over the tables signals and items: `after`, and `<detector>.ran` per detector of the new strategy.

    `recorded` are the columns of signals. `after` is the index of the deciding rule, DETECTOR_FAILED, or
    FIRST_NEED - k where the k-th detector of `order_of` is needed first and was not recorded.
    """
    strategy, order = trial.bench.strategy, order_of(trial)
    specs = [trial.bench.catalog.detectors[name] for name in sorted(strategy.detectors)]
    facts = f"SELECT *, {step_sql(strategy, order)} AS {CODE} FROM ({_source(strategy, specs, recorded)})"
    played = _played(strategy, trial.bench.catalog, order, facts)
    flags = [f"{_would_run(strategy, spec.name)} AS {_q(ran(spec.name))}" for spec in specs]
    return f"SELECT {', '.join([f'CAST({CODE} AS SMALLINT) AS {CODE}', *flags])} FROM ({played})"


def _source(strategy: Strategy, specs: list[DetectorSpec], recorded: Collection[str]) -> str:
    """The signals that the strategy reads with their statuses, each from where the run has it."""
    columns, beside = [], False
    for spec in specs:
        there = spec.status_column in recorded
        beside |= not there
        if there:
            columns.append(f"signals.{_q(spec.status_column)}")
        else:
            columns.append(f"{_status_of_unrecorded(spec)} AS {_q(spec.status_column)}")
        for f in spec.fields:
            name = spec.column(f.name)
            if name in strategy.types:
                value = f"signals.{_q(name)}" if there else _value_of_unrecorded(spec, f.name, f.type)
                columns.append(f"{value} AS {_q(name)}")
    # Reading one table keeps DuckDB's parallel scan, so items come in only where they are needed.
    tables = "signals POSITIONAL JOIN items" if beside else "signals"
    return f"SELECT {', '.join(columns) or '1'} FROM {tables}"


def _status_of_unrecorded(spec: DetectorSpec) -> str:
    if spec.name == ITEM_SIGNALS.name:
        return f"'{SignalStatus.COMPUTED}'"
    kinds = ", ".join(f"'{kind}'" for kind in sorted(spec.kinds))
    reads = f"items.kind IN ({kinds})" if kinds else "FALSE"
    return f"CASE WHEN {reads} THEN '{SignalStatus.SKIPPED}' ELSE '{SignalStatus.NOT_APPLICABLE}' END"


def _value_of_unrecorded(spec: DetectorSpec, field: str, kind: SignalType) -> str:
    value = f"items.{_q(field)}" if spec.name == ITEM_SIGNALS.name else "NULL"
    return f"CAST({value} AS {SQL_TYPES[kind]})"


def _played(strategy: Strategy, catalog: Catalog, order: tuple[str, ...], facts: str) -> str:
    """`facts` with `<detector>.real` (its recorded status) and `<detector>.asked`, after the cascade has ended."""
    names = sorted(strategy.detectors)
    kept = [_q(name) for name in strategy.types] + [CODE]
    real = [f"{_status(name)} AS {_real(name)}" for name in names]
    asked = [f"{_free(catalog, name)} AS {_asked(name)}" for name in names]
    query = f"SELECT {', '.join([*kept, *real, *asked])} FROM ({facts})"
    # One round asks at most one detector per item, so as many rounds as detectors settle every item.
    for _ in [name for name in order if name != ITEM_SIGNALS.name]:
        shown = [f"{_shown(name)} AS {_status(name)}" for name in names]
        carried = ", ".join([*kept, *(_real(name) for name in names), *(_asked(name) for name in names)])
        stepped = f"SELECT *, {step_sql(strategy, order)} AS step FROM (SELECT {', '.join([carried, *shown])} FROM ({query}))"
        now = [
            f"({_asked(name)} OR step = {FIRST_NEED - order.index(name)}) AS {_asked(name)}"
            if name in order
            else _asked(name)
            for name in names
        ]
        query = f"SELECT {', '.join([*kept, *(_real(name) for name in names), *now])} FROM ({stepped})"
    return query


def _free(catalog: Catalog, detector: str) -> str:
    """Known before anything is asked: the item's own columns, and detectors that do not read its kind."""
    if detector == ITEM_SIGNALS.name:
        return "TRUE"
    return f"{_status(detector)} = '{SignalStatus.NOT_APPLICABLE}'"


def _shown(detector: str) -> str:
    """The status as the cascade sees it. What it asked for and the run does not have stays unknown for good."""
    unknown = f"CASE WHEN {_real(detector)} = '{SignalStatus.SKIPPED}' THEN '{SignalStatus.FAILED}' ELSE {_real(detector)} END"
    return f"CASE WHEN {_asked(detector)} THEN {unknown} ELSE '{SignalStatus.SKIPPED}' END"


def _would_run(strategy: Strategy, detector: str) -> str:
    """Asked by the cascade, or at last by the audit plan of the deciding rule, and not failed."""
    scored = [index for index, rule in enumerate(strategy.rules) if _scores(rule.audit, detector)]
    if _scores(strategy.audit, detector):
        scored.append(DETECTOR_FAILED)
    by_plan = f" OR {CODE} IN ({', '.join(map(str, scored))})" if scored else ""
    costs = f"{_real(detector)} IN ('{SignalStatus.COMPUTED}', '{SignalStatus.SKIPPED}')"
    return f"(({_asked(detector)}{by_plan}) AND {costs})"


def _scores(plan: AuditPlan, detector: str) -> bool:
    return plan.proportional_to is not None and plan.proportional_to.partition(".")[0] == detector


def _status(detector: str) -> str:
    return _q(f"{detector}.status")


def _real(detector: str) -> str:
    return _q(f"{detector}.real")


def _asked(detector: str) -> str:
    return _q(f"{detector}.asked")


def _q(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
