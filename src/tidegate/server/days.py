"""Days of whoever asks, in the time zone that holds here: asked for in forms, and as moments."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

FIRST, LAST = date(1900, 1, 1), date(2999, 12, 31)
"""Beyond these a day cannot be told in every time zone."""


def midnight(day: date) -> datetime:
    """When a day begins."""
    return timezone.make_aware(datetime.combine(day, time()))


def between(first: date, last: date) -> tuple[datetime, datetime]:
    """When the first of these days begins, and when the last one is over."""
    return midnight(first), midnight(last + timedelta(days=1))


def day_field(label: Any) -> forms.DateField:
    """A field for a day, as browsers send it."""
    return forms.DateField(
        label=label,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        validators=[MinValueValidator(FIRST), MaxValueValidator(LAST)],
    )
