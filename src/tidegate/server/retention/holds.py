"""Legal holds: what must not be erased, by an item or by an author, in one zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.server.ledger.actions import Act, append
from tidegate.server.retention.models import Hold
from tidegate.server.zones.scope import checked_zone


@dataclass(frozen=True)
class Held:
    """Items and authors of a zone that are on hold, by the platform's ids."""

    items: frozenset[str]
    authors: frozenset[str]


def held(zone: str) -> Held:
    found = list(Hold.objects.filter(zone=zone, released_at=None).values_list("item", "author"))
    return Held(
        frozenset(item for item, _ in found if item), frozenset(author for _, author in found if author)
    )


def hold(zone: str, reason: str, *, actor: str, item: str = "", author: str = "") -> Hold:
    """Put an item or an author on hold; also one that is not there yet.

    Raises:
        RunError: neither or both are named.
    """
    if bool(item) == bool(author):
        raise RunError(
            "a hold is on an item or on an author",
            where=Where(field="item"),
            remedy="Give --item or --author; two holds for both.",
        )
    checked_zone(zone)
    with transaction.atomic():
        made = Hold.objects.create(
            zone=zone, item=item, author=author, reason=reason, set_at=datetime.now(UTC), set_by=actor
        )
        # Neither whom it is about nor why: the ledger holds nobody's data.
        append([Act(actor, "hold.set", zone, f"hold:{made.pk}", {"on": "item" if item else "author"})])
    return made


def release(number: int, *, actor: str) -> None:
    """Release a hold. What is due is erased by the next daily run.

    Raises:
        RunError: there is no such hold, or it is released.
    """
    with transaction.atomic():
        found = Hold.objects.select_for_update().filter(pk=number, released_at=None).first()
        if found is None:
            raise RunError(
                f"there is no hold {number} that stands",
                where=Where(field="id"),
                remedy="`tidegate hold --list` lists those that do.",
            )
        found.released_at = datetime.now(UTC)
        # Whom it was about is needed no longer.
        found.item = found.author = ""
        found.save(update_fields=["released_at", "item", "author"])
        append([Act(actor, "hold.released", found.zone, f"hold:{found.pk}")])
