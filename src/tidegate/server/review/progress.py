"""One's own progress: what one has answered since midnight where one is. Nobody else sees this page's
figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from tidegate.server.people.models import User
from tidegate.server.review.clock import now
from tidegate.server.review.models import Answer


def progress(person: User) -> dict[str, Any]:
    """How many answers today, and how many milliseconds of active time."""
    found = Answer.objects.filter(
        person=person, answered_at__gte=midnight(now(), person.time_zone), undone_at=None
    )
    sums = found.aggregate(answers=Count("pk"), active_ms=Sum("active_ms"))
    return {"answers": sums["answers"], "active_ms": sums["active_ms"] or 0}


def midnight(at: datetime, time_zone: str) -> datetime:
    """When this day began in a time zone."""
    return at.astimezone(ZoneInfo(time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
