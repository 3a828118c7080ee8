"""What a detector is, and how it is asked.

`compute` is the border between detectors, which may be anybody's code, and the engine: whatever a detector
does, the answer has one row per item, the declared columns, and a status that says whether the row can be
relied on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from tidegate.tables import FAILURE_FIELD, DetectorSpec, SignalStatus, SignalType


@dataclass(frozen=True)
class Example:
    """A mild text and what the detector says of it: fields by name, numbers within `tolerance`.

    Tests hold the detector to its examples; the docs and the demo show them.
    """

    text: str
    expected: Mapping[str, float | str | bool | None]
    tolerance: float = 0.25


class Detector(Protocol):
    """Turns items into signals, a batch at a time.

    `detect` gets a frame with the columns of `tidegate.tables.ITEMS` and returns one row per item, in the
    same order, with the columns `<name>.<field>` of its spec. It may raise: only the items that make it raise
    fail. A detector that knows why it has no answer to an item says so in `<name>.failure` (text, null
    elsewhere), in words that do not quote the item. It should be the same for an item whatever else is in the
    batch, or decisions cannot be replayed.
    """

    @property
    def spec(self) -> DetectorSpec: ...

    @property
    def examples(self) -> Sequence[Example]: ...

    def detect(self, items: pl.DataFrame) -> pl.DataFrame: ...


def compute(detector: Detector, items: pl.DataFrame, *, timeout_s: float | None = None) -> pl.DataFrame:
    """Ask a detector about a batch; never raises on what the detector does.

    Args:
        items: frame with the columns of `ITEMS`, n rows.
        timeout_s: seconds the batch may take. Python cannot stop a thread: one that runs past its time is
            abandoned and ends on its own, its answer unread. None waits for as long as it takes.

    Returns:
        n rows in the order of `items`: item_id, the detector's columns, `<name>.status` (computed, failed or
        not_applicable) and `<name>.failure`. NaN and infinities are null; an item whose kind the detector
        does not read is null and not applicable.
    """
    spec = detector.spec
    reads = items["kind"].is_in(list(spec.kinds)).to_numpy()
    if reads.all():
        answer = _within(timeout_s, lambda: _ask(detector, items), spec, len(items))
    else:
        rows = pl.Series(range(len(items)), dtype=pl.UInt32)
        asked = items.filter(pl.Series(reads))
        answered = _within(timeout_s, lambda: _ask(detector, asked), spec, len(asked))
        found = answered.with_columns(rows.filter(pl.Series(reads)).alias("row"))
        unread = _blank(spec, len(items) - len(asked), SignalStatus.NOT_APPLICABLE, None).with_columns(
            rows.filter(pl.Series(~reads)).alias("row")
        )
        answer = pl.concat([found, unread]).sort("row").drop("row")
    return answer.insert_column(0, items["id"].alias("item_id"))


def left_unasked(spec: DetectorSpec, items: pl.DataFrame, why: str) -> pl.DataFrame:
    """What `compute` gives for a detector that is not to be asked: what it reads has failed, for why."""
    reads = items["kind"].is_in(list(spec.kinds))
    failed = _blank(spec, len(items), SignalStatus.FAILED, why)
    status, failure = pl.col(spec.status_column), pl.col(spec.failure_column)
    return failed.with_columns(
        pl.when(reads).then(status).otherwise(pl.lit(SignalStatus.NOT_APPLICABLE.value)),
        pl.when(reads).then(failure),
    ).insert_column(0, items["id"].alias("item_id"))


def _within(
    timeout_s: float | None, work: Callable[[], pl.DataFrame], spec: DetectorSpec, rows: int
) -> pl.DataFrame:
    if timeout_s is None:
        return work()
    answers: list[pl.DataFrame] = []
    thread = threading.Thread(
        target=lambda: answers.append(work()), daemon=True, name=f"detector {spec.name}"
    )
    thread.start()
    thread.join(timeout_s)
    if answers:
        return answers[0]
    return _blank(spec, rows, SignalStatus.FAILED, f"timed out after {timeout_s:g} s")


def _ask(detector: Detector, items: pl.DataFrame) -> pl.DataFrame:
    """Ask about all items; where that raises, halve until only the items that cause it are left."""
    spec = detector.spec
    if items.is_empty():
        return _blank(spec, 0, SignalStatus.COMPUTED, None)
    try:
        raw = detector.detect(items)
    except (Exception, SystemExit) as error:  # a detector that calls sys.exit ends itself, not the run
        if len(items) == 1:
            # The type alone: an exception's message may quote the item.
            return _blank(spec, 1, SignalStatus.FAILED, f"raised {type(error).__name__}")
        half = len(items) // 2
        return pl.concat([_ask(detector, items[:half]), _ask(detector, items[half:])])
    wrong = _what_is_wrong(raw, spec, len(items))
    if wrong is not None:
        return _blank(spec, len(items), SignalStatus.FAILED, wrong)
    return _tidy(raw, spec)


def _what_is_wrong(raw: object, spec: DetectorSpec, rows: int) -> str | None:
    if not isinstance(raw, pl.DataFrame):
        return f"returned {type(raw).__name__}, not a polars DataFrame"
    if len(raw) != rows:
        return f"returned {len(raw)} rows for {rows} items"
    wanted = {spec.column(f.name): f.type for f in spec.fields}
    if set(raw.columns) - {spec.failure_column} != set(wanted):
        return f"returned the columns {', '.join(raw.columns) or 'none'}, not {', '.join(wanted)}"
    if spec.failure_column in raw.columns:
        wanted[spec.failure_column] = SignalType.TEXT
    for name, type_ in wanted.items():
        dtype = raw.schema[name]
        fits = dtype == pl.Null or (
            dtype.is_numeric() if type_ is SignalType.NUMBER else dtype == type_.dtype
        )
        if not fits:
            return f"{name} is {dtype}, not {type_}"
    return None


def _tidy(raw: pl.DataFrame, spec: DetectorSpec) -> pl.DataFrame:
    """The declared columns, finite; where the detector failed only what was paid is left of its answer."""
    told = spec.failure_column in raw.columns
    failure = pl.col(spec.failure_column).cast(pl.String) if told else pl.lit(None, pl.String)
    columns: list[pl.Expr] = []
    for f in spec.fields:
        value = pl.col(spec.column(f.name)).cast(f.type.dtype)
        if f.type is SignalType.NUMBER:
            value = pl.when(value.is_finite()).then(value)
        if told and f.name != spec.paid:
            value = pl.when(failure.is_null()).then(value)
        columns.append(value.alias(spec.column(f.name)))
    computed, failed = pl.lit(SignalStatus.COMPUTED.value), pl.lit(SignalStatus.FAILED.value)
    return raw.select(
        *columns,
        pl.when(failure.is_null()).then(computed).otherwise(failed).alias(spec.status_column),
        failure.alias(spec.column(FAILURE_FIELD)),
    )


def _blank(spec: DetectorSpec, rows: int, status: SignalStatus, failure: str | None) -> pl.DataFrame:
    columns = {spec.column(f.name): pl.Series([None] * rows, dtype=f.type.dtype) for f in spec.fields}
    columns[spec.status_column] = pl.Series([status.value] * rows, dtype=pl.String)
    columns[spec.column(FAILURE_FIELD)] = pl.Series([failure] * rows, dtype=pl.String)
    return pl.DataFrame(columns)
