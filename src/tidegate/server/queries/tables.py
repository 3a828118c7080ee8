"""The tables that a query may read, of some zones and a stretch of time, as frames.

They are those that leave the service whole (`exports.tables`) with the zone before them, and what people
answered. Who answered is left out: figures on people are for pages that protect them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from tidegate.server.exports.tables import EXPORTED_DECISIONS, EXPORTED_EVENTS, EXPORTED_ITEMS, export
from tidegate.server.review.models import Answer
from tidegate.server.zones.scope import within_zones
from tidegate.tables import TIMESTAMP, Column, Table

MOST = 200_000
"""Rows of a table that are read for one query."""
ZONE = Column("zone", pl.String, "The zone.", nullable=False)
ANSWERS = Table(
    "answers",
    "What people answered, without who.",
    (
        Column("item_id", pl.String, "The item.", nullable=False),
        Column("kind", pl.String, "decide, audit, gold, appeal or arbitrate.", nullable=False),
        Column("queue", pl.String, "The queue.", nullable=False),
        Column("violates", pl.Boolean, "Whether it violates.", nullable=False),
        Column("policy", pl.String, "The policy that it violates."),
        Column("clause", pl.String, "The clause."),
        Column("action", pl.String, "What was answered.", nullable=False),
        Column("assisted", pl.Boolean, "Whether the machine's findings were shown.", nullable=False),
        Column("active_ms", pl.Int64, "How long somebody was at it.", unit="ms", nullable=False),
        Column("answered_at", TIMESTAMP, "When.", unit="UTC", nullable=False),
    ),
)
TABLES = {table.name: table for table in (EXPORTED_ITEMS, EXPORTED_DECISIONS, EXPORTED_EVENTS, ANSWERS)}


@dataclass(frozen=True)
class Read:
    """A table as it was read; `cut` where it has more rows in that time than `MOST`."""

    frame: pl.DataFrame
    cut: bool


def read(name: str, zones: Collection[str], since: datetime, until: datetime) -> Read:
    """A table of `TABLES` from `since` on and before `until`, the zone in its first column."""
    parts = [_empty(name)]
    left = MOST
    for zone in sorted(zones):
        for frame in _frames(name, zone, since, until):
            parts.append(frame.head(left).select(pl.lit(zone).alias(ZONE.name), pl.all()))
            left -= len(frame)
            if left < 0:
                return Read(pl.concat(parts), cut=True)
    return Read(pl.concat(parts), cut=False)


def columns() -> Mapping[str, list[Column]]:
    """What each table has, for whoever writes a query."""
    return {name: [ZONE, *table.columns] for name, table in TABLES.items()}


def _empty(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema={ZONE.name: ZONE.dtype, **TABLES[name].schema})


def _frames(name: str, zone: str, since: datetime, until: datetime) -> Iterator[pl.DataFrame]:
    if name != ANSWERS.name:
        return export(name, zone, since, until).frames
    return iter([_answers(zone, since, until)])


def _answers(zone: str, since: datetime, until: datetime) -> pl.DataFrame:
    names = {"item_id": "item__external_id", "kind": "task__kind", "queue": "task__queue"}
    fields = [names.get(name, name) for name in ANSWERS.names]
    with within_zones([zone]):
        found = Answer.objects.filter(
            zone=zone, undone_at=None, answered_at__gte=since, answered_at__lt=until
        )
        rows = list(found.order_by("pk").values_list(*fields)[: MOST + 1])
    return pl.DataFrame(rows, schema=ANSWERS.schema, orient="row")
