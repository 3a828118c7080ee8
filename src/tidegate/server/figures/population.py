"""The population that live figures speak of: what machines decided of late, one row an item."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from django.db.models import Exists, OuterRef

from tidegate.server.content.models import PEOPLE, Decision, ItemVersion
from tidegate.server.figures.labels import audit_labels
from tidegate.server.launches.decider import site
from tidegate.server.zones.scope import within_zones
from tidegate.tables import LABELS, Dtype

MOST = 100_000
"""Of a zone, the newest decisions that are read for one page."""
SLICES = ("language", "policy", "rule", "market", "surface", "kind", "queue")
TRENDS = {"day": "%Y-%m-%d", "week": "%G-W%V"}

SCHEMA: dict[str, Dtype] = {
    "item_id": pl.String,
    "action": pl.String,
    "policy": pl.String,
    "rule": pl.String,
    "queue": pl.String,
    "audit_probability": pl.Float64,
    "audited": pl.Boolean,
    "decided_at": pl.Datetime("us", "UTC"),
    "views": pl.Int64,
    "kind": pl.String,
    "language": pl.String,
    "market": pl.String,
    "surface": pl.String,
}


@dataclass(frozen=True)
class Measured:
    """Decisions, in the columns of `SCHEMA` with `outcome` and one column a trend, and the labels on them.

    `cut`: older decisions of the time that was asked for are not in it, for there were more than `MOST`.
    """

    population: pl.DataFrame
    labels: pl.DataFrame
    cut: bool


def measured(zones: Collection[str], since: datetime) -> Measured:
    """What machines decided in these zones from `since` on, the newest decision on each item.

    Ids are those of the platform with the zone before them, since two zones may have the same.
    """
    frames, labels, cut = [], [LABELS.empty()], False
    for zone in sorted(zones):
        rows = _rows(zone, since)
        cut = cut or len(rows) == MOST
        frames.append(_with_zone(rows, zone))
        # An item is labelled after it was decided, so nothing before `since` is about these decisions.
        labels.append(_with_zone(audit_labels(zone, since), zone))
    outcomes = {action.name: action.outcome.value for action in site().workspace.ladder}
    population = pl.concat([pl.DataFrame(schema=SCHEMA), *frames]).with_columns(
        pl.col("action").replace_strict(outcomes, default=None, return_dtype=pl.String).alias("outcome"),
        *(pl.col("decided_at").dt.strftime(form).alias(name) for name, form in TRENDS.items()),
    )
    # A step that the ladder no longer has says of nothing what became of it.
    return Measured(population.filter(pl.col("outcome").is_not_null()), pl.concat(labels), cut)


def _rows(zone: str, since: datetime) -> pl.DataFrame:
    with within_zones([zone]):
        later = Decision.objects.filter(item=OuterRef("item"), pk__gt=OuterRef("pk")).exclude(strategy=PEOPLE)
        mine = Decision.objects.filter(item__zone=zone, decided_at__gte=since).exclude(strategy=PEOPLE)
        decided = mine.exclude(Exists(later)).order_by("-pk")[:MOST]
        fields = ("action", "policy", "rule", "queue", "audit_probability", "audited", "decided_at")
        rows = list(
            decided.values_list("item_id", "item_version", "item__external_id", *fields, "item__views")
        )
        contents = _contents({(item, version) for item, version, *_ in rows})
    nothing = (None,) * 4
    return pl.DataFrame(
        [(*row, *contents.get((item, version), nothing)) for item, version, *row in rows],
        schema=SCHEMA,
        orient="row",
    )


def _contents(wanted: Collection[tuple[int, int]]) -> dict[tuple[int, int], tuple[str | None, ...]]:
    """kind, language, market and surface of these versions; read in stretches, for there may be many."""
    found: dict[tuple[int, int], tuple[str | None, ...]] = {}
    items = sorted({item for item, _ in wanted})
    for start in range(0, len(items), 10_000):
        stretch = items[start : start + 10_000]
        versions = ItemVersion.objects.filter(item_id__gte=stretch[0], item_id__lte=stretch[-1])
        for item, number, *rest in versions.values_list(
            "item_id", "number", "kind", "language", "market", "surface"
        ):
            if (item, number) in wanted:
                found[item, number] = tuple(rest)
    return found


def _with_zone(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    return frame.with_columns(pl.format("{}/{}", pl.lit(zone), "item_id").alias("item_id"))
