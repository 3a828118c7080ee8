"""The population that the measures speak of: the decisions of a run, with what they are sliced by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import nearest
from tidegate.policy.ladder import Ladder
from tidegate.runs.folder import RunFolder
from tidegate.tables import DECISIONS, ITEMS

ITEM_SLICES = ("kind", "language", "market", "surface", "author_id")
DECISION_SLICES = ("policy", "rule", "action", "queue", "arm", "strategy", "strategy_version", "reason")
SLICES = (*DECISION_SLICES, *ITEM_SLICES)


def check_slices(by: Sequence[str]) -> None:
    """Refuse a slice that is no column of items or decisions.

    Raises:
        MeasureError: with the nearest name.
    """
    for name in by:
        if name not in SLICES:
            raise MeasureError(
                f"there is no slice '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, SLICES)}Slices are {', '.join(SLICES)}.",
            )


def population(folder: RunFolder, ladder: Ladder, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per decided item: item_id, outcome, views, audit_probability, audited, policy and the slices.

    Raises:
        MeasureError: a slice is no column of items or decisions.
    """
    check_slices(by)
    wanted = {"item_id", "action", "policy", "audit_probability", "audited", *by}
    # The tables of a run have their rows in the same order, so they stand side by side without a join.
    decisions = pl.scan_parquet(folder.table("decisions")).select(
        column for column in DECISIONS.names if column in wanted
    )
    items = pl.scan_parquet(folder.table("items")).select(
        column for column in ITEMS.names if column == "views" or column in by
    )
    outcomes = {action.name: action.outcome.value for action in ladder}
    return (
        pl.concat([decisions, items], how="horizontal")
        .with_columns(outcome=pl.col("action").replace_strict(outcomes, return_dtype=pl.String))
        .collect()
    )


def truth_labels(folder: RunFolder) -> pl.DataFrame | None:
    """The truth of a run, where it was given, in the columns of `tables.TRUTH`."""
    path = folder.table("truth")
    return pl.read_parquet(path) if path.exists() else None
