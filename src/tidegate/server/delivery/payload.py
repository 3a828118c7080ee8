"""What a delivery says: the decision as the API tells it, and no content."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from django.db.models import Count, OuterRef, QuerySet, Subquery

from tidegate.server.api.rendering import told
from tidegate.server.delivery.models import Delivery


def message_id(delivery: Delivery) -> str:
    return f"msg_{delivery.message_id.hex}"


def with_sequence(ids: Sequence[int]) -> QuerySet[Delivery]:
    """Deliveries with all that their bodies are made from.

    `sequence` counts an item's deliveries at an endpoint: by it a receiver knows what is older.
    """
    before = Delivery.objects.filter(
        endpoint=OuterRef("endpoint"), item=OuterRef("item"), pk__lte=OuterRef("pk")
    )
    count = before.order_by().values("item").annotate(count=Count("pk")).values("count")
    found = Delivery.objects.filter(pk__in=ids).select_related("endpoint", "item", "decision")
    return found.annotate(sequence=Subquery(count)).order_by("pk")


def body(delivery: Delivery) -> bytes:
    """The same bytes at every try."""
    decision = told(delivery.item.external_id, delivery.decision)
    return orjson.dumps(
        {
            "type": delivery.event,
            "timestamp": delivery.decision.decided_at,
            "data": {**decision, "sequence": delivery.sequence},
        }
    )
