"""Labels of the audit sample: what people answered who saw neither decision nor scores."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.apps import apps

from tidegate.server.zones.scope import within_zones
from tidegate.tables import LABELS


def audit_labels(zone: str, since: datetime | None = None) -> pl.DataFrame:
    """The columns of `tables.LABELS`: blind answers on drawn items of a zone, given from `since` on.

    Answers that were taken back are left out. No rows where the service has no queues of people.
    """
    if not apps.is_installed("tidegate.server.review"):
        return LABELS.empty()
    with within_zones([zone]):
        rows = apps.get_model("review", "Answer").objects.filter(
            zone=zone, task__kind="audit", undone_at=None
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
