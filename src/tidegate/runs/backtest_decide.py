"""The new strategy over the recorded signals of a run, as one DuckDB query over its Parquet files.

Each row gets the code of `strategy.partial.step_sql` (the deciding rule, or why there is none) and, per
detector, whether the new strategy's own cascade would have computed it. That cascade is played through with
the recorded signals as the answers: what it has not asked for yet is shown to it as skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from tidegate.runs.backtest_sql import identifier, literal
from tidegate.runs.backtest_trial import SIDE_BY_SIDE, Trial
from tidegate.runs.folder import RunFolder
from tidegate.strategy import AuditPlan, Strategy
from tidegate.strategy.partial import DETECTOR_FAILED, FIRST_NEED, step_sql
from tidegate.strategy.planner import conditions_read, trial_order
from tidegate.tables import ITEM_SIGNALS, DetectorSpec, SignalStatus, SignalType
from tidegate.warehouse.exact import as_pattern

CODE = "after"
ROW = "file_row_number"
"""The place of a row in the run, by the name that DuckDB gives it when it reads Parquet."""

SQL_TYPES = {SignalType.NUMBER: "DOUBLE", SignalType.TEXT: "VARCHAR", SignalType.BOOLEAN: "BOOLEAN"}


def ran(detector: str) -> str:
    """The column that says whether the new strategy's cascade would compute this detector."""
    return f"{detector}.ran"


def order_of(trial: Trial) -> tuple[str, ...]:
    """The detectors of the new strategy's conditions, in the order in which its cascade tries them."""
    return trial_order(conditions_read(trial.bench.strategy), trial.bench.catalog)


@contextmanager
def run_tables(folder: RunFolder, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the run's tables as views; what does not fit into memory spills into `scratch`."""
    with duckdb.connect(config={"temp_directory": str(scratch / "spill")}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name in SIDE_BY_SIDE:
            view(connection, name, folder.table(name))
        yield connection


def view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.read_parquet(as_pattern(path), file_row_number=True).create_view(name, replace=True)


def write_codes(connection: duckdb.DuckDBPyConnection, trial: Trial, out: Path) -> None:
    """One row per item in the order of the run: the columns of `codes_sql`, as Parquet."""
    recorded = pq.read_schema(trial.folder.table("signals")).names
    connection.execute(f"COPY ({codes_sql(trial, recorded)}) TO {literal(str(out))} (FORMAT parquet)")


def codes_sql(trial: Trial, recorded: Collection[str]) -> str:
    """SQL over the tables signals and items: `after`, and `<detector>.ran` per detector of the new strategy.

    Rows come by `ROW`, a column of signals. DuckDB would keep their order without being told, but for lists
    of eight values or more: it joins with them, and two threads then answer in any order.

    `recorded` are the columns of signals. `after` is the index of the deciding rule, DETECTOR_FAILED, or
    FIRST_NEED - k where the k-th detector of `order_of` is needed first and was not recorded.
    """
    strategy, order = trial.bench.strategy, order_of(trial)
    specs = [trial.bench.catalog.detectors[name] for name in sorted(strategy.detectors)]
    source = _source(strategy, specs, recorded)
    facts = f"SELECT *, {step_sql(strategy, order)} AS {CODE} FROM ({source})"
    flags = [f"{_would_run(strategy, spec.name)} AS {identifier(ran(spec.name))}" for spec in specs]
    code = f"CAST({CODE} AS SMALLINT) AS {CODE}"
    return f"SELECT {', '.join([code, *flags])} FROM ({_played(strategy, order, facts)}) ORDER BY {ROW}"


def _source(strategy: Strategy, specs: Sequence[DetectorSpec], recorded: Collection[str]) -> str:
    """The signals that the strategy reads with their statuses, each from where the run has it."""
    columns = [f"signals.{ROW}"]
    there_of = {spec.name: is_recorded(spec, recorded) for spec in specs}
    for spec in specs:
        there = there_of[spec.name]
        status = f"signals.{_status(spec.name)}" if there else _status_of_unrecorded(spec)
        columns.append(f"{status} AS {_status(spec.name)}")
        for field in spec.fields:
            name = spec.column(field.name)
            if name in strategy.types:
                value = f"signals.{identifier(name)}" if there else _unrecorded(spec, field.name, field.type)
                columns.append(f"{value} AS {identifier(name)}")
    # Reading one table keeps DuckDB's parallel scan, so items come in only where they are needed.
    tables = "signals" if all(there_of.values()) else "signals POSITIONAL JOIN items"
    return f"SELECT {', '.join(columns)} FROM {tables}"


def is_recorded(spec: DetectorSpec, recorded: Collection[str]) -> bool:
    """Whether the run's signals are where this detector is to be found.

    The item's own columns are not: a run has them as signals only where a decision read them, and as items
    always.
    """
    return spec.name != ITEM_SIGNALS.name and spec.status_column in recorded


def _status_of_unrecorded(spec: DetectorSpec) -> str:
    if spec.name == ITEM_SIGNALS.name:
        return literal(SignalStatus.COMPUTED)
    kinds = ", ".join(literal(kind) for kind in sorted(spec.kinds))
    reads = f"items.kind IN ({kinds})" if kinds else "FALSE"
    skipped, unread = literal(SignalStatus.SKIPPED), literal(SignalStatus.NOT_APPLICABLE)
    return f"CASE WHEN {reads} THEN {skipped} ELSE {unread} END"


def _unrecorded(spec: DetectorSpec, field: str, kind: SignalType) -> str:
    value = f"items.{identifier(field)}" if spec.name == ITEM_SIGNALS.name else "NULL"
    return f"CAST({value} AS {SQL_TYPES[kind]})"


def _played(strategy: Strategy, order: Sequence[str], facts: str) -> str:
    """`facts` after the cascade has ended: `<detector>.real`, its recorded status, and `<detector>.asked`."""
    names = sorted(strategy.detectors)
    real = [_real(name) for name in names]
    kept = [ROW, *(identifier(name) for name in strategy.types), CODE]
    begun = [f"{_status(name)} AS {_real(name)}, {_free(name)} AS {_asked(name)}" for name in names]
    query = f"SELECT {', '.join([*kept, *begun])} FROM ({facts})"
    # One round asks at most one detector per item, so as many rounds as detectors settle every item.
    for _ in [name for name in order if name != ITEM_SIGNALS.name]:
        shown = [f"{_shown(name)} AS {_status(name)}" for name in names]
        query = f"SELECT *, {', '.join(shown)} FROM ({query})"
        query = f"SELECT *, {step_sql(strategy, tuple(order))} AS step FROM ({query})"
        asked = [f"{_asked_after(name, order)} AS {_asked(name)}" for name in names]
        query = f"SELECT {', '.join([*kept, *real, *asked])} FROM ({query})"
    return query


def _free(detector: str) -> str:
    """Known before anything is asked: the item's own columns, and detectors that do not read its kind."""
    if detector == ITEM_SIGNALS.name:
        return "TRUE"
    return f"({_status(detector)} = {literal(SignalStatus.NOT_APPLICABLE)})"


def _shown(detector: str) -> str:
    """The status as the cascade sees it. What it asks for and the run does not have, it never gets."""
    skipped, failed = literal(SignalStatus.SKIPPED), literal(SignalStatus.FAILED)
    never = f"{_asked(detector)} AND {_real(detector)} = {skipped}"
    return (
        f"CASE WHEN {never} THEN {failed} WHEN {_asked(detector)} THEN {_real(detector)} ELSE {skipped} END"
    )


def _asked_after(detector: str, order: Sequence[str]) -> str:
    if detector not in order:
        return _asked(detector)
    return f"({_asked(detector)} OR step = {FIRST_NEED - order.index(detector)})"


def _would_run(strategy: Strategy, detector: str) -> str:
    """Asked by the cascade, or at last by the audit plan of the deciding rule, and not failed."""
    scored = [index for index, rule in enumerate(strategy.rules) if _scores(rule.audit, detector)]
    if _scores(strategy.audit, detector):
        scored.append(DETECTOR_FAILED)
    by_plan = f" OR {CODE} IN ({', '.join(map(str, scored))})" if scored else ""
    answers = f"{literal(SignalStatus.COMPUTED)}, {literal(SignalStatus.SKIPPED)}"
    return f"(({_asked(detector)}{by_plan}) AND {_real(detector)} IN ({answers}))"


def _scores(plan: AuditPlan, detector: str) -> bool:
    return plan.proportional_to is not None and plan.proportional_to.partition(".")[0] == detector


def _status(detector: str) -> str:
    return identifier(f"{detector}.status")


def _real(detector: str) -> str:
    return identifier(f"{detector}.real")


def _asked(detector: str) -> str:
    return identifier(f"{detector}.asked")
