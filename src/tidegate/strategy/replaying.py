"""Replay: recompute recorded decisions from what was recorded with them, and report every difference."""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from tidegate.strategy.decisions import COLUMNS, decisions_frame, paid_columns
from tidegate.strategy.model import Strategy
from tidegate.strategy.planner import resolve
from tidegate.tables import FAILURE_FIELD, STATUS_FIELD, Catalog, SignalStatus, SignalType

GIVEN = ("item_id", "arm")
"""Columns that come from outside and cannot be recomputed."""

PAID = ("cost_money",)
"""What cannot be recomputed either where a detector says what was paid."""

DIFFERENCES = {"item_id": pl.String, "column": pl.String, "recorded": pl.String, "recomputed": pl.String}
JSON_TYPES = {SignalType.NUMBER: (int, float), SignalType.TEXT: (str,), SignalType.BOOLEAN: (bool,)}


def replay(strategy: Strategy, decisions: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Where recorded decisions differ from what their values and failures give: empty when all is well.

    One row per item and column: item_id, column, recorded, recomputed (both as text). Statuses follow from
    the record: a detector is known if its signals are in `values`, computed if it is in `detectors` as
    well, failed if it is in `failure`, and was skipped otherwise.
    """
    signals = _signals(strategy, decisions)
    resolution = resolve(strategy, decisions["item_id"], signals)
    again = decisions_frame(strategy, resolution, signals, catalog)
    given = GIVEN + (PAID if paid_columns(strategy, catalog) else ())
    found = [pl.DataFrame(schema=DIFFERENCES)]
    for name in COLUMNS:
        differs = decisions[name].ne_missing(again[name])
        if name not in given and differs.any():
            rows = differs.arg_true()
            found.append(
                pl.DataFrame(
                    {
                        "item_id": decisions["item_id"].gather(rows),
                        "column": pl.repeat(name, len(rows), dtype=pl.String, eager=True),
                        "recorded": decisions[name].gather(rows).cast(pl.String),
                        "recomputed": again[name].gather(rows).cast(pl.String),
                    }
                )
            )
    return pl.concat(found)


def _signals(strategy: Strategy, decisions: pl.DataFrame) -> pl.DataFrame:
    """The signals frame that the decisions were made from, as far as they read it."""
    values = _decoded(decisions["values"], strategy.types)
    failures = _decoded(decisions["failure"], dict.fromkeys(sorted(strategy.detectors), SignalType.TEXT))
    columns = [decisions["item_id"], *values.get_columns()]
    for detector in sorted(strategy.detectors):
        own = [name for name in strategy.types if name.partition(".")[0] == detector]
        known = _has_any_key(decisions["values"], own)
        computed = _has_any_key(decisions["detectors"], [detector])
        failed = _has_any_key(decisions["failure"], [detector])
        status = (
            pl.when(known & computed)
            .then(pl.lit(SignalStatus.COMPUTED.value))
            .when(known)
            .then(pl.lit(SignalStatus.NOT_APPLICABLE.value))
            .when(failed)
            .then(pl.lit(SignalStatus.FAILED.value))
            .otherwise(pl.lit(SignalStatus.SKIPPED.value))
        )
        columns.append(pl.select(status.alias(f"{detector}.{STATUS_FIELD}")).to_series())
        columns.append(failures[detector].alias(f"{detector}.{FAILURE_FIELD}"))
    return pl.DataFrame(columns)


def _has_any_key(objects: pl.Series, keys: list[str]) -> pl.Series:
    """Whether a JSON object has one of the keys; in texts quotes are escaped, so only keys look so."""
    found = pl.repeat(False, len(objects), dtype=pl.Boolean, eager=True)
    for key in keys:
        found |= objects.str.contains(json.dumps(key, ensure_ascii=False) + ":", literal=True).fill_null(
            False
        )
    return found


def _decoded(objects: pl.Series, types: Mapping[str, SignalType]) -> pl.DataFrame:
    """A column per key; what is no JSON object of such values counts as nothing recorded."""
    if not types:
        return objects.to_frame().select()
    schema = pl.Struct({name: kind.dtype for name, kind in types.items()})
    objects = objects.fill_null("{}")
    try:
        return objects.str.json_decode(schema).struct.unnest()
    except pl.exceptions.PolarsError:
        whole = [text if _fits(text, types) else "{}" for text in objects]
        return pl.Series(whole, dtype=pl.String).str.json_decode(schema).struct.unnest()


def _fits(text: str, types: Mapping[str, SignalType]) -> bool:
    try:
        members = json.loads(text)
    except ValueError:
        return False
    return isinstance(members, dict) and all(
        value is None or type(value) in JSON_TYPES[types[name]]
        for name, value in members.items()
        if name in types
    )
