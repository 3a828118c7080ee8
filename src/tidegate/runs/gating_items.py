"""The items that a gate speaks of: decided by the arm, decided by both, and how each may have been drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tidegate.errors import MeasureError, RunError, Where
from tidegate.measure.draw import uniforms
from tidegate.runs.audit import day_of
from tidegate.runs.folder import RunFolder
from tidegate.runs.population import population
from tidegate.runs.replay import recorded
from tidegate.runs.sheets import SHOWN
from tidegate.warehouse import write_csv_for_people
from tidegate.warehouse.exact import scan_table

TARGET = {"overkill": "actioned", "leakage": "passed"}


def decided(folders: Sequence[RunFolder]) -> pl.DataFrame:
    """The decisions of the runs, one below the other, by run and then by day.

    Returns:
        The columns of `population`, arm, run (its number), day (since 1970; -1 for none) and audit_seed.

    Raises:
        RunError: an item was decided in two of them, or a folder holds no finished run.
    """
    parts = []
    for number, folder in enumerate(folders):
        run = recorded(folder)
        days = scan_table(folder.table("items")).select(day_of(pl.col("created_at"))).collect()
        parts.append(
            population(folder, run.ladder, ("arm",)).with_columns(
                days["day"].cast(pl.Int64),
                run=pl.lit(number),
                audit_seed=pl.lit(str(run.manifest["audit_seed"])),
            )
        )
    frame = pl.concat(parts).sort("run", "day", maintain_order=True)
    twice = frame.filter(pl.col("item_id").is_duplicated())
    if len(twice):
        raise RunError(
            f"the item '{twice['item_id'][0]}' was decided in two of the runs",
            where=Where(folders[int(twice["run"].max())].root),  # type: ignore[arg-type]
            remedy="Give each run once. The current strategy's runs over the same items go to --against.",
        )
    return frame


def beside(mine: pl.DataFrame, against: Sequence[RunFolder], rate: float | None) -> pl.DataFrame:
    """The arm's items that the current strategy has decided too, as outcome_before and outcome_after.

    With a rate, that share of the disagreements is drawn at least. The draw is the audit's own, by seed and
    id: an item that it draws at one probability it also draws at every higher one, so an item's chance is the
    larger of the two, and labels of the audit sample go on counting.

    Raises:
        MeasureError: there is nothing to compare with.
    """
    if not against:
        raise MeasureError(
            "a rise is over the current strategy's errors, and its run was not given",
            where=Where(field="against"),
            remedy="Give its run over the same items with --against.",
        )
    before = decided(against).select("item_id", outcome_before="outcome")
    both = mine.rename({"outcome": "outcome_after"}).join(
        before, on="item_id", how="inner", maintain_order="left"
    )
    if both.is_empty():
        raise MeasureError(
            "the two strategies have not decided one item in common",
            where=Where(against[0].root),
            remedy="Run both over the same items: one decides, the other runs in its shadow.",
        )
    return both if rate is None else _drawn_more(both, rate)


def _drawn_more(both: pl.DataFrame, rate: float) -> pl.DataFrame:
    differ = pl.col("outcome_before") != pl.col("outcome_after")
    parts = [
        part.with_columns(turn=pl.Series(uniforms(part["item_id"], seed), dtype=pl.Float64))
        for (seed,), part in both.filter(differ).select("item_id", "audit_seed").group_by("audit_seed")
    ]
    if not parts:
        return both
    turns = pl.concat(parts).select("item_id", "turn")
    chance = (
        pl.when(pl.col("turn").is_not_null())
        .then(pl.max_horizontal("audit_probability", pl.lit(rate)))
        .otherwise("audit_probability")
    )
    return (
        both.join(turns, on="item_id", how="left", maintain_order="left")
        .with_columns(audit_probability=chance)
        .with_columns(audited=pl.coalesce(pl.col("turn") < pl.col("audit_probability"), "audited"))
        .drop("turn")
    )


def moved(both: pl.DataFrame, measure: str) -> pl.DataFrame:
    """The items that one side alone passes (for leakage) or acts on (for overkill)."""
    target = TARGET[measure.partition("_")[0]]
    return both.filter((pl.col("outcome_before") == target) != (pl.col("outcome_after") == target))


def heaviest(items: pl.DataFrame) -> float | None:
    """1 / the smallest chance of being drawn, over all items: drawn or not, so that no label has a say."""
    least = items["audit_probability"].min()
    return 1 / float(least) if isinstance(least, float) else None


def write_awaited(folders: Sequence[RunFolder], rows: pl.DataFrame, path: Path) -> int:
    """Write the drawn items that have no label yet as a sheet to fill in, as blind as audit.csv.

    Returns:
        How many they are.
    """
    ids = rows.filter(pl.col("x").is_null())["item_id"].unique()
    items = pl.concat(
        [
            scan_table(folder.table("items"))
            .select(pl.col("id").alias("item_id"), *SHOWN)
            .filter(pl.col("item_id").is_in(ids.implode()))
            for folder in folders
        ]
    )
    sheet = items.unique("item_id").sort("item_id").collect()
    empty = pl.lit("")
    write_csv_for_people(sheet.with_columns(violates=empty, policy=empty, labeller=empty), path)
    return len(sheet)
