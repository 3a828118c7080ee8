"""Labels of the audit sample: what people answered who saw neither decision nor scores."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.db.models import F

from tidegate.server.review.models import Answer, Kind
from tidegate.server.zones.scope import within_zones
from tidegate.tables import LABELS


def audit_labels(zone: str, since: datetime | None = None) -> pl.DataFrame:
    """The columns of `tables.LABELS`: blind answers on drawn items of a zone, given from `since` on.

    Answers that were taken back are left out, and those on content that has been edited since: they say
    nothing of what stands now.
    """
    with within_zones([zone]):
        rows = Answer.objects.filter(
            zone=zone, task__kind=Kind.AUDIT, undone_at=None, item_version=F("item__version")
        )
        if since is not None:
            rows = rows.filter(answered_at__gte=since)
        found = [
            (item, violates, policy, f"person:{person}", at)
            for item, violates, policy, person, at in rows.order_by("pk").values_list(
                "item__external_id", "violates", "policy", "person_id", "answered_at"
            )
        ]
    return pl.DataFrame(found, schema=LABELS.schema, orient="row")
