"""Reads that depend on who asks: every one of them takes the zone, so that none can forget it."""

from __future__ import annotations

from tidegate.server.content.models import Decision, Item, ItemVersion


def find_item(zone: str, external_id: str) -> tuple[Item, ItemVersion, list[Decision]] | None:
    """An item of a zone, its newest version, and the decisions on it, newest first."""
    item = Item.objects.filter(zone=zone, external_id=external_id).first()
    if item is None:
        return None
    version = ItemVersion.objects.get(item=item, number=item.version)
    return item, version, list(Decision.objects.filter(item=item).order_by("-pk"))
