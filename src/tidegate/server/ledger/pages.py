"""What was done, in the zones of whoever asks."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.server.ledger.models import Entry
from tidegate.server.people.access import open_to

SHOWN = 200


@open_to("read_ledger")
@require_safe
def acts(request: HttpRequest) -> HttpResponse:
    """The newest acts. Their numbers are not shown: gaps between them would tell how much other zones do."""
    rows = [
        {
            "at": datetime.fromisoformat(row["at"]),
            "actor": row["actor"],
            "act": row["act"],
            "zone": row["zone"],
            "subject": row["subject"],
        }
        for row in Entry.objects.order_by("-number").values("at", "actor", "act", "zone", "subject")[:SHOWN]
    ]
    return render(request, "ledger/acts.html", {"acts": rows, "shown": SHOWN})
