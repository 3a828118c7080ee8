"""Replay: recompute every decision of a run from what was recorded, and report any difference."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.errors import RunError, Where
from tidegate.measure import draw
from tidegate.names import counted
from tidegate.policy.ladder import Action, Ladder, Outcome
from tidegate.runs.audit import STREAMED, day_of, plans_of, probabilities, with_budget
from tidegate.runs.folder import TABLES, RunFolder
from tidegate.strategy import Strategy, load_strategy, replay
from tidegate.tables import DECISIONS, ITEMS, TRUTH, Catalog, DetectorSpec, SignalField, SignalType
from tidegate.warehouse.exact import scan_table

BATCH = 50_000
SCHEMAS = {"items": ITEMS, "decisions": DECISIONS, "truth": TRUTH}
ANEW = "Moderate the posts again into another folder: what is recorded here cannot be relied on."


@dataclass(frozen=True)
class Recorded:
    """What a run was made with, taken from its folder alone."""

    folder: RunFolder
    manifest: dict[str, Any]
    ladder: Ladder
    catalog: Catalog
    strategy: Strategy


def recorded(folder: RunFolder) -> Recorded:
    """Load the strategy, catalog and ladder of a finished run from its folder.

    Raises:
        RunError: the folder holds no finished run, or one that was changed afterwards.
    """
    manifest = folder.finished()
    check_whole(folder, manifest)
    ladder = Ladder(tuple(Action(**{**a, "outcome": Outcome(a["outcome"])}) for a in manifest["ladder"]))
    catalog = Catalog.of(*(_spec(record) for record in manifest["detectors"].values()))
    strategy = load_strategy(
        folder.strategy,
        catalog=catalog,
        ladder=ladder,
        policies=set(manifest["policies"]),
        let=manifest["strategy"]["let"],
    )
    if strategy.hash != manifest["strategy"]["hash"]:
        raise RunError(
            "the strategy is not the one that decided",
            where=Where(folder.strategy),
            remedy="Restore the file as the run left it; another strategy is tried with `tidegate backtest`.",
        )
    return Recorded(folder, manifest, ladder, catalog, strategy)


def check_whole(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    """Refuse a run whose tables are missing, cannot be read, or have not a row for every item.

    Raises:
        RunError: with the first table that is not whole.
    """
    for name in TABLES if manifest["items"] else ():
        path = folder.table(name)
        if name == "truth" and not path.exists():
            continue
        try:
            found = pq.read_metadata(path)
        except (OSError, pa.ArrowException) as error:
            raise RunError("this table is missing or damaged", where=Where(path), remedy=ANEW) from error
        there = set(found.schema.to_arrow_schema().names)
        gone = [column for column in _columns(name, manifest, there) if column not in there]
        if gone:
            what = f"this table has no column {', '.join(gone)}"
            raise RunError(what, where=Where(path), remedy=ANEW)
        rows = found.num_rows
        if rows != manifest["items"]:
            items = counted(manifest["items"], "item")
            what = f"this table has {counted(rows, 'row')}, and the run decided {items}"
            raise RunError(what, where=Where(path), remedy=ANEW)


def _columns(table: str, manifest: Mapping[str, Any], there: Collection[str]) -> Collection[str]:
    """The columns that a table of a run has; of the signals, those of each detector that has any."""
    if table != "signals":
        return SCHEMAS[table].names
    specs = [_spec(record) for record in manifest["detectors"].values()]
    asked = [spec.schema for spec in specs if not spec.schema.keys().isdisjoint(there)]
    return ["item_id", *(column for schema in asked for column in schema)]


def differences(run: Recorded) -> Iterator[pl.DataFrame]:
    """Frames of item_id, column, recorded, recomputed, one per batch; all are empty when all is well.

    Recomputed are the decisions, from the values that they recorded, each item's chance of being audited, and
    who was drawn.
    """
    chances = _chances(run)
    start = 0
    for batch in pq.ParquetFile(run.folder.table("decisions")).iter_batches(BATCH):
        frame = pl.DataFrame(batch)
        chance = chances[start : start + len(frame)]
        start += len(frame)
        yield pl.concat(
            [
                replay(run.strategy, frame, run.catalog),
                _other_chance(frame.with_columns(chance)),
                _drawn_otherwise(run, frame),
            ]
        )


def _chances(run: Recorded) -> pl.Series:
    """The chance of being audited of every decision, anew; null where it cannot be worked out again."""
    scores = sorted(
        {plan.proportional_to for plan in plans_of(run.strategy).values() if plan.proportional_to}
    )
    tables = [
        scan_table(run.folder.table("decisions")).select("rule"),
        scan_table(run.folder.table("items")).select(day_of(pl.col("created_at"))),
        scan_table(run.folder.table("signals")).select(scores),
    ]
    decided = pl.concat(tables[: 2 + bool(scores)], how="horizontal").collect()
    chances = pl.Series("chance", probabilities(run.strategy, decided))
    if run.manifest.get("audit") == STREAMED:
        return chances.set(with_budget(run.strategy, decided["rule"]), None)
    return chances


def _other_chance(decisions: pl.DataFrame) -> pl.DataFrame:
    return decisions.filter(pl.col("chance") != pl.col("audit_probability")).select(
        "item_id",
        column=pl.lit("audit_probability"),
        recorded=pl.col("audit_probability").cast(pl.String),
        recomputed=pl.col("chance").cast(pl.String),
    )


def _drawn_otherwise(run: Recorded, decisions: pl.DataFrame) -> pl.DataFrame:
    """Items that the recorded seed and probability draw otherwise than recorded."""
    drawn = draw(decisions["item_id"], decisions["audit_probability"].to_numpy(), run.manifest["audit_seed"])
    return (
        decisions.with_columns(drawn=pl.Series(drawn, dtype=pl.Boolean))
        .filter(pl.col("drawn") != pl.col("audited"))
        .select(
            "item_id",
            column=pl.lit("audited"),
            recorded=pl.col("audited").cast(pl.String),
            recomputed=pl.col("drawn").cast(pl.String),
        )
    )


def _spec(record: dict[str, Any]) -> DetectorSpec:
    fields = tuple(SignalField(**{**f, "type": SignalType(f["type"])}) for f in record["fields"])
    return DetectorSpec(**{**record, "fields": fields, "kinds": frozenset(record["kinds"])})
