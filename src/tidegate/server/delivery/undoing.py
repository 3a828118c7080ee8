"""Undoing what was decided: what has not left stays, and what may have left is followed by `item.undone`."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from tidegate.server.content.models import Decision, Item, Pending
from tidegate.server.content.pending import standing
from tidegate.server.delivery.models import DECIDED, UNDONE, Delivery, Endpoint, State
from tidegate.server.ledger.actions import Act, append


@dataclass(frozen=True)
class Undone:
    """What stands, how many endpoints will not hear of it, and how many may have."""

    stands: Decision | Pending
    cancelled: int
    left: int


def undo(zone: str, external_id: str, *, actor: str) -> Undone | None:
    """Undo the action of the decision that stands on an item; None where there is no such item.

    Where the item is pending there is nothing to undo, and what comes is decided all the same.

    The decision stays on record and stands: only its deliveries are undone. Again is the same as once.
    """
    with transaction.atomic():
        # Held, so that no decision comes in between and deliveries keep their order.
        item = Item.objects.select_for_update(no_key=True).filter(zone=zone, external_id=external_id).first()
        if item is None:
            return None
        answer = standing([item]).get(item.pk)
        if answer is None:  # it was erased before it was decided
            return None
        decision = answer.stands
        if isinstance(decision, Pending):
            return Undone(decision, 0, 0)
        mine = Delivery.objects.select_for_update(of=("self",)).filter(decision=decision, event=DECIDED)
        deliveries = list(mine.select_related("endpoint").annotate(now=Now()).order_by("pk"))
        stopped = [one.pk for one in deliveries if _may_stop(one)]
        Delivery.objects.filter(pk__in=stopped).update(
            state=State.UNDONE, claimed_until=None, ended_at=Now(), problem=""
        )
        # What was claimed once may have arrived, whatever came of it.
        left = [one for one in deliveries if one.claimed_at is not None]
        told = set(
            Delivery.objects.filter(decision=decision, event=UNDONE).values_list("endpoint", flat=True)
        )
        new = [one for one in left if one.endpoint_id not in told and _is_told(one.endpoint)]
        Delivery.objects.bulk_create(
            Delivery(
                endpoint=one.endpoint,
                item=item,
                decision=decision,
                event=UNDONE,
                set_at=one.now,
                due_at=one.now,
            )
            for one in new
        )
        undone = Undone(decision, len(deliveries) - len(left), len(left))
        if stopped or new:
            subject = f"item:{item.pk}:{decision.item_version}"
            details = {"cancelled": undone.cancelled, "left": undone.left}
            append([Act(actor, "item.undone", zone, subject, details)])
    return undone


def _may_stop(delivery: Delivery) -> bool:
    """Not at an end, and not on its way at this moment."""
    if delivery.state == State.DEAD:
        return True
    held = delivery.claimed_until is not None and delivery.claimed_until > delivery.now
    return delivery.state == State.WAITING and not held


def _is_told(endpoint: Endpoint) -> bool:
    return not endpoint.removed and UNDONE in endpoint.events
