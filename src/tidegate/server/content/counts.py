"""Counters as signals: what the author of an item has done of late, counted when a decision asks for it.

Nothing is kept beside the items themselves, so no count can drift from them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl
from django.db.models import Count, Q

from tidegate.server.content.models import Item
from tidegate.signals.author import SPEC
from tidegate.tables import SignalStatus

Key = tuple[str, str]
"""A zone, and an id within it: of an item, or of an author."""

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True)
class Batch:
    """The items that are decided together at one time.

    Attributes:
        at: when.
        authors: by item, in the order in which they are decided.
        known: those items that were there before.
    """

    at: datetime
    authors: Mapping[Key, str | None]
    known: Mapping[Key, Item]

    def ahead(self) -> dict[Key, int]:
        """For each item the new items of its author that stand before it in the batch."""
        found, counted = {}, Counter[Key]()
        for item, author in self.authors.items():
            if author is not None:
                found[item] = counted[item[0], author]
                counted[item[0], author] += item not in self.known
        return found


def author_signals(items: Sequence[Key], batch: Batch) -> pl.DataFrame:
    """The signals of the detector `author` for some items of a batch, one row each, in their order.

    An item is not counted among those of its own author, and what has no author has no counts.
    """
    counts = _counts(
        {(zone, author) for zone, author in _authors(items, batch) if author is not None}, batch.at
    )
    ahead = batch.ahead()
    rows: list[tuple[int | None, ...]] = []
    for item, (zone, author) in zip(items, _authors(items, batch), strict=True):
        if author is None:
            rows.append((None,) * len(SPEC.fields))
            continue
        own = _of_itself(batch.known.get(item), author, batch.at)
        hour, day, acted, removed = (all_ - one for all_, one in zip(counts[zone, author], own, strict=True))
        rows.append((hour + ahead[item], day + ahead[item], acted, removed))
    schema = {SPEC.column(field.name): pl.Float64 for field in SPEC.fields}
    return pl.DataFrame(rows, schema=schema, orient="row").select(
        pl.Series("item_id", [external_id for _, external_id in items], dtype=pl.String),
        *schema,
        pl.lit(SignalStatus.COMPUTED.value).alias(SPEC.status_column),
        pl.lit(None, pl.String).alias(SPEC.failure_column),
    )


def _authors(items: Sequence[Key], batch: Batch) -> list[tuple[str, str | None]]:
    return [(item[0], batch.authors[item]) for item in items]


def _counts(authors: set[Key], at: datetime) -> dict[Key, tuple[int, int, int, int]]:
    """Items of the last hour and day, acted on and removed in the last 30 days; two queries per zone."""
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for zone in {zone for zone, _ in authors}:
        theirs = Item.objects.filter(zone=zone, author_id__in=[name for z, name in authors if z == zone])
        posted = theirs.filter(first_at__gt=at - DAY).values("author_id")
        for row in posted.annotate(hour=Count("pk", filter=Q(first_at__gt=at - HOUR)), day=Count("pk")):
            found[zone, row["author_id"]][:2] = [row["hour"], row["day"]]
        acted, removed = Q(acted_at__gt=at - MONTH), Q(removed_at__gt=at - MONTH)
        for row in (
            theirs.filter(acted_at__isnull=False)
            .filter(acted | removed)
            .values("author_id")
            .annotate(acted=Count("pk", filter=acted), removed=Count("pk", filter=removed))
        ):
            found[zone, row["author_id"]][2:] = [row["acted"], row["removed"]]
    return {author: (c[0], c[1], c[2], c[3]) for author in authors for c in [found[author]]}


def _of_itself(item: Item | None, author: str, at: datetime) -> tuple[int, int, int, int]:
    """What an item adds to its author's counts."""
    if item is None or item.author_id != author:
        return 0, 0, 0, 0
    acted, removed = (when is not None and when > at - MONTH for when in (item.acted_at, item.removed_at))
    return int(item.first_at > at - HOUR), int(item.first_at > at - DAY), int(acted), int(removed)
