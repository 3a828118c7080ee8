"""Why one item of a run was decided as it was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from tidegate.errors import RunError, Where
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import ANEW, Recorded, recorded
from tidegate.strategy import Explanation, explain
from tidegate.tables import SignalStatus
from tidegate.warehouse.exact import scan_table

CITING = ("policy", "clause")
"""The signals by which a judge says what it went by."""


@dataclass(frozen=True)
class Why:
    """An item, its decision (columns of `tables.DECISIONS`), every value that was read, the explanation, and
    by each judge that answered the policy that it found violated (None where none) and the clause it cites.
    """

    item: dict[str, Any]
    decision: dict[str, Any]
    values: dict[str, Any]
    explanation: Explanation
    cited: dict[str, tuple[str | None, str | None]]


def why(folder: RunFolder, item_id: str) -> Why:
    """Explain the decision on one item of a finished run.

    Raises:
        RunError: the run has no such item.
    """
    run = recorded(folder)
    decision = _row(run, "decisions", "item_id", item_id)
    try:
        values = json.loads(decision["values"])
    except ValueError as error:
        where = Where(folder.table("decisions"), field="values")
        raise RunError(f"what '{item_id}' was decided on is damaged", where=where, remedy=ANEW) from error
    return Why(
        item=_row(run, "items", "id", item_id),
        decision=decision,
        values=values,
        explanation=explain(run.strategy, values),
        cited=_cited(run, item_id),
    )


def _cited(run: Recorded, item_id: str) -> dict[str, tuple[str | None, str | None]]:
    """What judges went by, whether the strategy reads it or not; what they quote is left unread."""
    there = scan_table(run.folder.table("signals"))
    names = there.collect_schema().names()
    found: dict[str, tuple[str | None, str | None]] = {}
    for spec in run.catalog.detectors.values():
        policy, clause = (spec.column(name) for name in CITING)
        if policy in names and clause in names:
            status = pl.col(spec.status_column) == SignalStatus.COMPUTED.value
            rows = there.filter((pl.col("item_id") == item_id) & status).select(policy, clause).collect()
            if len(rows):
                found[spec.name] = rows.row(0)
    return found


def _row(run: Recorded, table: str, key: str, item_id: str) -> dict[str, Any]:
    found = scan_table(run.folder.table(table)).filter(pl.col(key) == item_id).collect()
    if found.is_empty():
        raise RunError(
            f"this run has no item '{item_id}'",
            where=Where(run.folder.table(table), field=key),
            remedy=f'Find one with: tidegate sql {run.folder.root} "select item_id from decisions limit 10".',
        )
    return found.row(0, named=True)
