"""Somebody's own exposure on days that are over: of today only what `state` rounds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from tidegate.server.care.exposures import KEPT
from tidegate.server.care.models import Exposure
from tidegate.server.days import midnight
from tidegate.server.people.models import User
from tidegate.server.review.clock import now


def by_day(person: User) -> list[dict[str, Any]]:
    """day, tasks and points of each day that is over, the newest first; in the time zone that holds here."""
    days = _over(person).annotate(day=TruncDate("at")).values("day")
    return list(days.annotate(tasks=Count("pk"), points=Sum("weight")).order_by("-day"))


def by_area(person: User) -> list[dict[str, Any]]:
    """area, tasks and points of each harm area on these days, the weightiest first."""
    areas = _over(person).values("area")
    return list(areas.annotate(tasks=Count("pk"), points=Sum("weight")).order_by("-points", "area"))


def _over(person: User) -> Any:
    """What was given on days that are over. Blind tasks are among it: by now they are answered."""
    today = midnight(timezone.localdate(now()))
    since = today - KEPT + timedelta(days=1)
    return Exposure.objects.filter(person=person, at__lt=today, at__gte=since)
