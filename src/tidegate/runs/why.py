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
from tidegate.warehouse.exact import scan_table


@dataclass(frozen=True)
class Why:
    """An item, its decision (columns of `tables.DECISIONS`), every value that was read, and the
    explanation."""

    item: dict[str, Any]
    decision: dict[str, Any]
    values: dict[str, Any]
    explanation: Explanation


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
    )


def _row(run: Recorded, table: str, key: str, item_id: str) -> dict[str, Any]:
    found = scan_table(run.folder.table(table)).filter(pl.col(key) == item_id).collect()
    if found.is_empty():
        raise RunError(
            f"this run has no item '{item_id}'",
            where=Where(run.folder.table(table), field=key),
            remedy=f'Find one with: tidegate sql {run.folder.root} "select item_id from decisions limit 10".',
        )
    return found.row(0, named=True)
