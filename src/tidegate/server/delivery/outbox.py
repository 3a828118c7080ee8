"""The outbox: what is to be delivered is stored in the transaction of the decision itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now

from tidegate.server import rows
from tidegate.server.content.models import Decision
from tidegate.server.delivery.models import DECIDED, Delivery, Endpoint


def tell(decisions: Sequence[Decision]) -> None:
    """Store a delivery of each decision for each endpoint of its zone. Call within their transaction.

    Whoever calls holds the items, so that the numbers of an item's deliveries rise as its decisions do.
    """
    if not decisions:
        return
    zones = {decision.item.zone for decision in decisions}
    endpoints = defaultdict(list)
    # Times are the database's: several machines then agree on them. What is decided while an endpoint is
    # disabled waits for it: nobody would know what it missed.
    for endpoint in Endpoint.objects.filter(zone__in=zones, removed=False).annotate(now=Now()).order_by("pk"):
        if DECIDED in endpoint.events:
            endpoints[endpoint.zone].append(endpoint)
    deliveries = [
        Delivery(
            endpoint=endpoint,
            item=decision.item,
            decision=decision,
            event=DECIDED,
            set_at=endpoint.now,
            due_at=endpoint.now + timedelta(seconds=endpoint.delay_s),
        )
        for decision in decisions
        for endpoint in endpoints[decision.item.zone]
    ]
    rows.store(deliveries)
