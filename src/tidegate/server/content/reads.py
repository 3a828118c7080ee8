"""Reads of content. Whoever sees content is recorded: a look is an act."""

from __future__ import annotations

from django.db import transaction

from tidegate.server.content.models import Decision, Item, ItemVersion, Pending
from tidegate.server.ledger.actions import Act, append


def see_item(
    zone: str, external_id: str, *, actor: str
) -> tuple[Item, ItemVersion, list[Decision], Pending | None] | None:
    """An item of a zone, its newest version, the decisions on it, newest first, and whether it is pending.
    The look is recorded.

    None where there is none in the zones of the current scope, be it in another one or nowhere.
    """
    item = Item.objects.filter(zone=zone, external_id=external_id).first()
    if item is None:
        return None
    version = ItemVersion.objects.get(item=item, number=item.version)
    pending = Pending.objects.filter(item=item).first()  # first: what is finished meanwhile is decided
    decisions = list(Decision.objects.filter(item=item).order_by("-pk"))
    with transaction.atomic():
        append([Act(actor, "item.seen", zone, f"item:{item.pk}:{version.number}")])
    return item, version, decisions, pending
