"""What was done, in the zones of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.server.content.models import Item
from tidegate.server.ledger.models import Entry
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.naming import named

SHOWN = 200
NUMBERED = ("item", "delivery")
"""What the ledger names by a row's number of the database."""


@dataclass(frozen=True)
class Subject:
    """What an act was about, as a page says it; `item` is the platform's id, where its page may be opened."""

    said: str
    item: str | None = None
    version: str | None = None


@open_to("read_ledger")
@require_safe
def acts(request: HttpRequest) -> HttpResponse:
    """The newest acts. No row's number is shown: gaps between them would tell how much other zones do."""
    who: Standing = request.standing  # type: ignore[attr-defined]
    entries = list(Entry.objects.order_by("-number").values("at", "actor", "act", "zone", "subject")[:SHOWN])
    called = named(who, (entry["actor"] for entry in entries))
    subjects = _subjects((entry["subject"] for entry in entries), items=who.may("see_content"))
    rows = [
        {
            "at": datetime.fromisoformat(entry["at"]),
            "actor": called[entry["actor"]],
            "act": entry["act"],
            "zone": entry["zone"],
            "subject": subjects[entry["subject"]],
        }
        for entry in entries
    ]
    return render(request, "ledger/acts.html", {"acts": rows, "shown": SHOWN})


def _subjects(said: Iterable[str], *, items: bool) -> Mapping[str, Subject]:
    """Subjects by what the ledger says: an item by the platform's id for those who may see `items`."""
    parts = {subject: subject.split(":") for subject in said}
    numbers = {number for kind, number, *_ in filter(_numbered, parts.values()) if kind == "item"}
    found = (
        {str(one.pk): one.external_id for one in Item.objects.filter(pk__in=numbers).only("external_id")}
        if items and numbers
        else {}
    )
    return {subject: _subject(subject, split, found) for subject, split in parts.items()}


def _subject(said: str, parts: list[str], found: Mapping[str, str]) -> Subject:
    if not _numbered(parts):
        return Subject(said)
    kind, number, *version = parts
    if kind != "item" or number not in found:
        return Subject(kind)
    return Subject(kind, found[number], version[0] if version else None)


def _numbered(parts: list[str]) -> bool:
    return len(parts) > 1 and parts[0] in NUMBERED
