"""The tables that leave the service whole: items, decisions and events of one zone, batch by batch.

docs/exports.md is held to the columns by a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import F, QuerySet

from tidegate.server.content.models import Decision, ItemVersion
from tidegate.server.events.models import Event
from tidegate.server.zones.scope import within_zones
from tidegate.tables import DECISIONS, ITEMS, TIMESTAMP, Column, Table

AT_ONCE = 10_000

EXPORTED_ITEMS = Table(
    "items",
    "Every item as it is now, one row each.",
    (
        *ITEMS.columns,
        Column("version", pl.Int64, "How many contents it has had.", nullable=False),
        Column("received_at", TIMESTAMP, "When its newest content came.", unit="UTC", nullable=False),
        Column("pending_since", TIMESTAMP, "Since when that waits for a decision.", unit="UTC"),
    ),
)
EXPORTED_DECISIONS = Table(
    "decisions",
    "Every decision, in the order in which they were made; the last one on an item stands.",
    (
        *DECISIONS.columns,
        Column("item_version", pl.Int64, "Which content of the item was decided.", nullable=False),
        Column("decided_at", TIMESTAMP, "When.", unit="UTC", nullable=False),
    ),
)
EXPORTED_EVENTS = Table(
    "events",
    "Every report, appeal and count of views.",
    (
        Column("id", pl.String, "The platform's own identifier.", nullable=False),
        Column("item_id", pl.String, "The item.", nullable=False),
        Column("type", pl.String, "report, appeal or views.", nullable=False),
        Column("by", pl.String, "Who reports or appeals."),
        Column("reason", pl.String, "Of a report."),
        Column("statement", pl.String, "Of an appeal."),
        Column("views", pl.Int64, "Of a count of views.", unit="views, ≥ 0"),
        Column("at", TIMESTAMP, "When it happened.", unit="UTC", nullable=False),
        Column("received_at", TIMESTAMP, "When it came.", unit="UTC", nullable=False),
    ),
)


@dataclass(frozen=True)
class Source:
    """Where a table's rows come from: `fields` has the columns whose field has another name.

    `key` numbers the rows. Of items it is the item's own: by that of its newest content, an item that is
    edited while others are read would be in no batch.
    """

    table: Table
    rows: Callable[[str], QuerySet[Any]]
    fields: Mapping[str, str]
    time: str
    key: str = "pk"


SOURCES = {
    source.table.name: source
    for source in (
        Source(
            EXPORTED_ITEMS,
            lambda zone: ItemVersion.objects.filter(item__zone=zone, number=F("item__version")),
            {
                "id": "item__external_id",
                "version": "number",
                "views": "item__views",
                "reports": "item__reports",
                "pending_since": "item__pending_since",
            },
            "received_at",
            key="item_id",
        ),
        Source(
            EXPORTED_DECISIONS,
            lambda zone: Decision.objects.filter(item__zone=zone),
            {"item_id": "item__external_id"},
            "decided_at",
        ),
        Source(
            EXPORTED_EVENTS,
            lambda zone: Event.objects.filter(zone=zone),
            {"id": "external_id", "item_id": "item__external_id"},
            "received_at",
        ),
    )
}


@dataclass(frozen=True)
class Export:
    """One table of a zone as it is at one moment: what comes later is not in it, however long it takes."""

    table: Table
    count: int
    frames: Iterator[pl.DataFrame]


def export(name: str, zone: str, since: datetime | None, until: datetime | None) -> Export:
    """All rows from `since` on and before `until`, with their number; `name` is one of `SOURCES`."""
    source = SOURCES[name]
    with within_zones([zone]):
        rows = source.rows(zone)
        if since is not None:
            rows = rows.filter(**{f"{source.time}__gte": since})
        if until is not None:
            rows = rows.filter(**{f"{source.time}__lt": until})
        newest = rows.order_by(f"-{source.key}").values_list(source.key, flat=True).first() or 0
        rows = rows.filter(**{f"{source.key}__lte": newest}).order_by(source.key)
        return Export(source.table, rows.count(), _frames(source, zone, rows))


def _frames(source: Source, zone: str, rows: QuerySet[Any]) -> Iterator[pl.DataFrame]:
    schema = source.table.schema
    fields = [source.fields.get(name, name) for name in schema]
    last = 0
    while True:
        with within_zones([zone]):
            batch: Sequence[tuple[Any, ...]] = list(
                rows.filter(**{f"{source.key}__gt": last}).values_list(source.key, *fields)[:AT_ONCE]
            )
        if not batch:
            return
        last = batch[-1][0]
        columns = list(zip(*batch, strict=True))[1:]
        yield pl.DataFrame(dict(zip(schema, map(list, columns), strict=True)), schema=schema)
