"""Rows of the service as frames of the engine: items, signals and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl

from tidegate.runs.gathering import Gathered
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.models import Decision, ItemVersion
from tidegate.tables import DECISIONS, ITEM_SIGNALS, ITEMS, Catalog, DetectorSpec, SignalStatus, signals_table

Rows = Sequence[tuple[Decision, ItemVersion]]


def gathered(rows: Rows, catalog: Catalog) -> Gathered:
    """The three frames of some decisions; signals of those detectors of the catalog that are given."""
    return Gathered(items=_items(rows), signals=_signals(rows, catalog), decisions=_decisions(rows))


def _items(rows: Rows) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {
        "id": [decision.item.external_id for decision, _ in rows],
        "views": [decision.item.views for decision, _ in rows],
        "reports": [decision.item.reports for decision, _ in rows],
        **{name: [getattr(version, name) for _, version in rows] for name in CONTENT},
    }
    return pl.DataFrame({name: columns[name] for name in ITEMS.names}, schema=ITEMS.schema)


def _decisions(rows: Rows) -> pl.DataFrame:
    recorded = [name for name in DECISIONS.names if name != "item_id"]
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one, _ in rows] for name in recorded}
    columns["item_id"] = [decision.item.external_id for decision, _ in rows]
    return pl.DataFrame({name: columns[name] for name in DECISIONS.names}, schema=DECISIONS.schema)


def _signals(rows: Rows, catalog: Catalog) -> pl.DataFrame:
    said = [orjson.loads(decision.signals) for decision, _ in rows]
    failures = [orjson.loads(decision.failure or "{}") for decision, _ in rows]
    kinds = [version.kind for _, version in rows]
    columns: dict[str, list[Any]] = {"item_id": [decision.item.external_id for decision, _ in rows]}
    for name, spec in catalog.detectors.items():
        if name == ITEM_SIGNALS.name:
            continue
        for field in spec.fields:
            columns[spec.column(field.name)] = [one.get(name, {}).get(field.name) for one in said]
        columns[spec.status_column] = [
            _status(spec, name in one, name in failed, kind)
            for one, failed, kind in zip(said, failures, kinds, strict=True)
        ]
        columns[spec.failure_column] = [failed.get(name) for failed in failures]
    schema = signals_table(catalog).schema
    return pl.DataFrame({name: columns[name] for name in schema}, schema=schema)


def _status(spec: DetectorSpec, computed: bool, failed: bool, kind: str) -> str:
    if computed:
        return SignalStatus.COMPUTED.value
    if failed:
        return SignalStatus.FAILED.value
    if kind not in spec.kinds:
        return SignalStatus.NOT_APPLICABLE.value
    return SignalStatus.SKIPPED.value
