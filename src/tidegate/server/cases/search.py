"""Finding items: by what they say, who wrote them, which rule decided, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from tidegate.server.content.models import Decision, ItemVersion
from tidegate.server.ledger.actions import Act, append

PAGE = 50
LONGEST = timedelta(days=92)
"""The longest stretch of time that is searched at once: contents are read one by one."""
EXACT = {
    "author": "item__author_id",
    "item": "item__external_id",
    "rule": "rule",
    "action": "action",
    "policy": "policy",
    "queue": "queue",
}


@dataclass(frozen=True)
class Wanted:
    """Which items: those whose standing decision was made from `since` on and before `until`, and whose
    fields (of `EXACT`) are these; `text` is a stretch of what they say, in any case of letters."""

    zones: Collection[str]
    since: datetime
    until: datetime
    text: str = ""
    exact: Mapping[str, str] | None = None

    @property
    def names(self) -> list[str]:
        """What was searched by. The ledger keeps this, and not what for: a text may be anybody's data."""
        return sorted(
            [*(name for name, value in (self.exact or {}).items() if value), *["text"] * bool(self.text)]
        )


@dataclass(frozen=True)
class Found:
    """A page of items with their standing decisions, newest first; `following` is where the next begins."""

    rows: Sequence[Decision]
    following: int | None


def search(wanted: Wanted, *, before: int | None = None) -> Found:
    """A page of what is found; `before` is `following` of the page before.

    Texts are compared character by character (LIKE), in the zones of the scope only.
    """
    later = Decision.objects.filter(item=OuterRef("item"), pk__gt=OuterRef("pk"))
    rows = Decision.objects.filter(
        item__zone__in=wanted.zones, decided_at__gte=wanted.since, decided_at__lt=wanted.until
    ).exclude(Exists(later))
    asked: dict[str, Any] = {EXACT[name]: value for name, value in (wanted.exact or {}).items() if value}
    rows = rows.filter(**asked)
    if wanted.text:
        said = ItemVersion.objects.filter(
            item=OuterRef("item"), number=OuterRef("item__version"), text__icontains=wanted.text
        )
        rows = rows.filter(Exists(said))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("item").order_by("-pk")[: PAGE + 1])
    return Found(found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None)


def texts(decisions: Sequence[Decision]) -> dict[int, str | None]:
    """The newest text of each item, by the item's number."""
    newest = ItemVersion.objects.filter(
        item__in=[one.item_id for one in decisions], number=F("item__version")
    )
    return dict(newest.values_list("item_id", "text"))


def record(wanted: Wanted, found: Found, *, shown: bool, actor: str) -> None:
    """Put on the record that somebody searched, by what, and how much of it they saw; one act a zone."""
    zones = dict.fromkeys(sorted(wanted.zones), 0)
    for one in found.rows:
        zones[one.item.zone] += 1
    with transaction.atomic():
        append(
            [
                Act(
                    actor,
                    "items.searched",
                    zone,
                    "items",
                    {"by": wanted.names, "found": count, "texts_shown": shown and count > 0},
                )
                for zone, count in zones.items()
            ]
        )
