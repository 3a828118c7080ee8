"""Dead letters: what was given up after the last try, and sending it anew."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from tidegate.errors import RunError, Where
from tidegate.server.delivery.models import Delivery, State
from tidegate.server.ledger.actions import Act, append


def dead() -> QuerySet[Delivery]:
    found = Delivery.objects.filter(state=State.DEAD, endpoint__removed=False)
    return found.select_related("endpoint", "item").order_by("pk")


def resend(number: int | None, *, actor: str) -> int:
    """Send a dead delivery anew, or all of them where no number is given. Returns how many.

    A delivery keeps its message id, and its place before the later ones of its item that still wait. Where
    later ones were delivered meanwhile, its `sequence` tells the receiver that it is older.

    Raises:
        RunError: there is no dead delivery of this number.
    """
    with transaction.atomic():
        found = dead() if number is None else dead().filter(pk=number)
        chosen = list(found.select_for_update(of=("self",)).annotate(now=Now()))
        if number is not None and not chosen:
            raise RunError(
                f"there is no dead delivery {number}",
                where=Where(field="id"),
                remedy="`tidegate webhook dead` lists those that are.",
            )
        Delivery.objects.filter(pk__in=[one.pk for one in chosen]).update(
            state=State.WAITING, attempts=0, set_at=Now(), due_at=Now(), ended_at=None
        )
        append(
            [
                Act(
                    actor,
                    "delivery.resent",
                    one.endpoint.zone,
                    f"delivery:{one.pk}",
                    {"webhook": one.endpoint.name},
                )
                for one in chosen
            ]
        )
    return len(chosen)
