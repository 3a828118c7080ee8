"""The population that the measures speak of: the decisions of a run, with what they are sliced by."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import nearest
from tidegate.policy.ladder import Ladder
from tidegate.runs.folder import RunFolder
from tidegate.tables import DECISIONS, ITEMS
from tidegate.warehouse.exact import read_table, scan_table, table_schema

ITEM_SLICES = ("kind", "language", "market", "surface", "author_id")
DECISION_SLICES = ("policy", "rule", "action", "queue", "arm", "strategy", "strategy_version", "reason")
SLICES = (*DECISION_SLICES, *ITEM_SLICES)
TIME_SLICES = {"day": "%Y-%m-%d", "week": "%G-W%V"}
"""Trends: the UTC day or the ISO week in which an item was posted."""


def check_slices(by: Sequence[str], allowed: Sequence[str] = (*SLICES, *TIME_SLICES)) -> None:
    """Refuse a slice that is no column of items or decisions.

    Raises:
        MeasureError: with the nearest name.
    """
    for name in by:
        if name not in allowed:
            raise MeasureError(
                f"there is no slice '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, allowed)}Slices are {', '.join(allowed)}.",
            )


def population(folder: RunFolder, ladder: Ladder, by: Sequence[str] = ()) -> pl.DataFrame:
    """One row per decided item: item_id, outcome, views, audit_probability, audited, policy and the slices.

    Raises:
        MeasureError: a slice is no column of items or decisions, and no day or week.
    """
    check_slices(by)
    wanted = {"item_id", "action", "policy", "audit_probability", "audited", *by}
    # The tables of a run have their rows in the same order, so they stand side by side without a join.
    decisions = scan_table(folder.table("decisions")).select(
        column for column in DECISIONS.names if column in wanted
    )
    items = scan_table(folder.table("items")).select(
        *(column for column in ITEMS.names if column == "views" or column in by),
        *(
            pl.col("created_at").dt.strftime(TIME_SLICES[name]).alias(name)
            for name in by
            if name in TIME_SLICES
        ),
    )
    outcomes = {action.name: action.outcome.value for action in ladder}
    return (
        pl.concat([decisions, items], how="horizontal")
        .with_columns(outcome=pl.col("action").replace_strict(outcomes, return_dtype=pl.String))
        .collect()
    )


def score_of(folder: RunFolder, name: str) -> pl.Series:
    """A score of the run's signals for every decided item, in the order of `population`; may be null.

    Raises:
        MeasureError: the run has no such score.
    """
    path = folder.table("signals")
    names = [column for column, dtype in table_schema(path).items() if dtype.is_numeric()]
    if name not in names:
        raise MeasureError(
            f"the run has no score '{name}'",
            where=Where(path, field=name),
            remedy=f"{nearest(name, names)}Scores are {', '.join(names)}.",
        )
    return read_table(path, columns=[name])[name].cast(pl.Float64)


def truth_labels(folder: RunFolder) -> pl.DataFrame | None:
    """The truth of a run, where it was given, in the columns of `tables.TRUTH`."""
    path = folder.table("truth")
    return read_table(path) if path.exists() else None
