"""Replay: recompute every decision of a run from what was recorded, and report any difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from tidegate.measure import draw
from tidegate.policy.ladder import Action, Ladder, Outcome
from tidegate.runs.folder import RunFolder
from tidegate.strategy import Strategy, load_strategy, replay
from tidegate.tables import Catalog, DetectorSpec, SignalField, SignalType

BATCH = 50_000


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
        RunError: the folder holds no finished run.
    """
    manifest = folder.finished()
    ladder = Ladder(tuple(Action(**{**a, "outcome": Outcome(a["outcome"])}) for a in manifest["ladder"]))
    catalog = Catalog.of(*(_spec(record) for record in manifest["detectors"].values()))
    strategy = load_strategy(
        folder.strategy,
        catalog=catalog,
        ladder=ladder,
        policies=set(manifest["policies"]),
        let=manifest["strategy"]["let"],
    )
    return Recorded(folder, manifest, ladder, catalog, strategy)


def differences(run: Recorded) -> Iterator[pl.DataFrame]:
    """Frames of item_id, column, recorded, recomputed, one per batch; all are empty when all is well."""
    decisions = pq.ParquetFile(run.folder.table("decisions"))
    for batch in decisions.iter_batches(BATCH):
        frame = pl.DataFrame(batch)
        yield pl.concat([replay(run.strategy, frame, run.catalog), _drawn_otherwise(run, frame)])


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
