"""A batch decided by the active strategy, with what the service itself knows of items and authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from tidegate.runs.bench import Bench
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.counts import Batch, Key, author_signals
from tidegate.server.content.models import Item
from tidegate.signals.author import SPEC as AUTHOR
from tidegate.strategy import Case, decide_online
from tidegate.tables import ITEMS

ZONE = "zone"
"""A column of the batch's frame beside those of `tables.ITEMS`: ids are unique within a zone only."""


def decide(
    bench: Bench,
    keys: Sequence[Key],
    contents: Sequence[Mapping[str, Any]],
    numbers: Sequence[Mapping[str, int | None]],
    known: Mapping[Key, Item],
    at: datetime,
) -> list[Case]:
    """Decide items, one case each, in their order.

    Args:
        keys: zone and id of each.
        contents: the columns of `arrivals.CONTENT` of each.
        numbers: views and reports of each.
        known: those items that were there before.
    """
    if not keys:
        return []
    columns = {name: [content[name] for content in contents] for name in CONTENT}
    columns |= {name: [number[name] for number in numbers] for name in ("views", "reports")}
    columns |= {"id": [external_id for _, external_id in keys]}
    frame = pl.DataFrame({name: columns[name] for name in ITEMS.names}, schema=ITEMS.schema)
    frame = frame.with_columns(pl.Series(ZONE, [zone for zone, _ in keys], dtype=pl.String))
    authors = {key: content["author_id"] for key, content in zip(keys, contents, strict=True)}
    batch = Batch(at, authors, known)

    def ask(detector: str, items: pl.DataFrame) -> pl.DataFrame:
        if detector == AUTHOR.name:
            return author_signals(items.select(ZONE, "id").rows(), batch)
        return bench.ask(detector, items.drop(ZONE))

    return decide_online(bench.strategy, frame, ask, catalog=bench.catalog)
