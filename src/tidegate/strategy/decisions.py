"""Resolutions to decisions: the columns of `tables.DECISIONS`, with all that replay needs.

Leaves the audit columns to whoever draws the sample. Rows are made per combination of detectors, of which
there are few, so that a million of them take seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence

import polars as pl

from tidegate.policy.ladder import Ladder
from tidegate.strategy.model import Strategy
from tidegate.tables import DECISIONS, FAILURE_FIELD, KNOWN, STATUS_FIELD, Catalog, DetectorSpec, SignalStatus

BY_RULE = "rule"
FAILED_PREFIX = "detector_failed: "
COLUMNS = tuple(name for name in DECISIONS.names if name not in ("audit_probability", "audited"))


def decisions_frame(
    strategy: Strategy,
    resolution: pl.DataFrame,
    signals: pl.DataFrame,
    catalog: Catalog,
    *,
    arm: str = "current",
    ladder: Ladder | None = None,
) -> pl.DataFrame:
    """One decision per row of `resolution` and `signals`, as `cascade` gives them; no audit columns.

    `values` holds what is known of the signals that the strategy reads, NULLs included, keys in alphabetical
    order; `detectors` the versions of those that were computed; `failure` what those that failed reported.
    Costs are as declared, but for what a detector says that it was paid, whether it had an answer or not.
    `ladder` is by default the one that the strategy was loaded with: its review step takes the items that a
    failed detector leaves undecided.
    """
    review = (ladder or strategy.ladder).review
    rules = strategy.rules
    place = resolution["rule"]

    def of_rule(values: Sequence[str | None], otherwise: str | None = None) -> pl.Series:
        """Per item its rule's value; `otherwise` where a failed detector left it undecided."""
        column = pl.Series([*values, otherwise], dtype=pl.String)
        return column.gather(place.cast(pl.UInt32).fill_null(len(rules)))

    computed = _computed(strategy, signals, catalog)
    paid = _paid(strategy, signals, catalog)
    columns = {
        "item_id": resolution["item_id"],
        "strategy": pl.repeat(strategy.name, len(resolution), eager=True),
        "strategy_version": pl.repeat(strategy.label, len(resolution), eager=True),
        "arm": pl.repeat(arm, len(resolution), eager=True),
        "action": of_rule([rule.then for rule in rules], review),
        "rule": of_rule([rule.id for rule in rules]),
        "policy": of_rule([rule.policy for rule in rules]),
        "queue": of_rule([rule.queue for rule in rules]),
        "escalate": of_rule([rule.escalate for rule in rules]),
        "reason": _reason(resolution),
        "failure": _failure(strategy, signals),
        "values": values_json(strategy, signals),
        **{name: computed[name] for name in ("detectors", "cost_ms")},
        "cost_money": computed["cost_money"] + paid,
    }
    return pl.DataFrame({name: columns[name] for name in COLUMNS})


def values_json(strategy: Strategy, signals: pl.DataFrame) -> pl.Series:
    """Per row the JSON object of the signals that are known, among those the strategy reads."""

    def text(rows: pl.DataFrame, known: Sequence[str]) -> pl.Series:
        columns = [name for name in strategy.types if name.partition(".")[0] in known]
        if not columns:
            return pl.repeat("{}", len(rows), dtype=pl.String, eager=True)
        return rows.select(columns).to_struct().struct.json_encode()

    return _by_status(
        strategy, signals, KNOWN, lambda rows, known: pl.DataFrame({"values": text(rows, known)})
    )["values"]


def _by_status(
    strategy: Strategy,
    signals: pl.DataFrame,
    wanted: Collection[SignalStatus],
    make: Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame],
) -> pl.DataFrame:
    """What `make` gives, in the rows' order, called once per combination of detectors in a wanted status."""
    detectors = sorted(strategy.detectors)
    if not detectors or signals.is_empty():
        return make(signals, [])
    flags = [
        pl.col(f"{name}.{STATUS_FIELD}").is_in([str(s) for s in wanted]).alias(name) for name in detectors
    ]
    combinations = (
        signals.select(flags).with_row_index("row").group_by(detectors, maintain_order=True).agg("row")
    )
    pieces, places = [], []
    for combination, rows in zip(combinations.select(detectors).rows(), combinations["row"], strict=True):
        there = [name for name, flag in zip(detectors, combination, strict=True) if flag]
        pieces.append(make(signals[rows] if len(rows) < len(signals) else signals, there))
        places.append(rows)
    if len(pieces) == 1:
        return pieces[0]
    order = pl.concat(places).arg_sort()
    joined: pl.DataFrame = pl.concat(pieces)[order]
    return joined


def _reason(resolution: pl.DataFrame) -> pl.Series:
    failed = pl.lit(FAILED_PREFIX) + pl.col("failed").list.join(", ")
    return resolution.select(
        pl.when(pl.col("rule").is_null()).then(failed).otherwise(pl.lit(BY_RULE))
    ).to_series()


def _failure(strategy: Strategy, signals: pl.DataFrame) -> pl.Series:
    """What the detectors that failed reported, a JSON object by detector; null where none failed."""

    def reports(rows: pl.DataFrame, failed: Sequence[str]) -> pl.DataFrame:
        if not failed:
            return pl.DataFrame({"failure": pl.repeat(None, len(rows), dtype=pl.String, eager=True)})
        columns = [pl.col(f"{name}.{FAILURE_FIELD}").alias(name) for name in failed]
        return pl.DataFrame({"failure": rows.select(columns).to_struct().struct.json_encode()})

    return _by_status(strategy, signals, (SignalStatus.FAILED,), reports)["failure"]


def _computed(strategy: Strategy, signals: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """detectors, cost_ms and cost_money: what was computed per row, and what that costs as declared."""

    def record(rows: pl.DataFrame, computed: Sequence[str]) -> pl.DataFrame:
        specs = [catalog.detectors[name] for name in computed]
        versions = {spec.name: spec.version for spec in specs}
        text = json.dumps(versions, ensure_ascii=False, separators=(",", ":"))
        return pl.select(
            detectors=pl.repeat(text, len(rows), dtype=pl.String),
            cost_ms=pl.repeat(float(sum(spec.cost_ms for spec in specs)), len(rows)),
            cost_money=pl.repeat(declared_money(specs), len(rows)),
        )

    return _by_status(strategy, signals, (SignalStatus.COMPUTED,), record)


def declared_money(specs: Iterable[DetectorSpec]) -> float:
    """US dollars that an item costs by declaration; nothing for detectors that say what was paid."""
    return float(sum(spec.cost_money for spec in specs if spec.paid is None))


def paid_columns(strategy: Strategy, catalog: Catalog) -> dict[str, str]:
    """The columns that say what was paid, by detector of the strategy."""
    specs = {name: catalog.detectors[name] for name in sorted(strategy.detectors)}
    return {name: spec.column(spec.paid) for name, spec in specs.items() if spec.paid is not None}


def _paid(strategy: Strategy, signals: pl.DataFrame, catalog: Catalog) -> pl.Series:
    """US dollars per row that detectors say were paid, also for no answer."""
    paid = pl.zeros(len(signals), dtype=pl.Float64, eager=True)
    for column in paid_columns(strategy, catalog).values():
        if column in signals.columns:
            paid = paid + signals[column].fill_null(0.0)
    return paid
