"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

HOUR = timedelta(hours=1)


def length(time: timedelta) -> str:
    """In minutes up to two hours, in hours up to two days, then in days."""
    if time < 2 * HOUR:
        return _("%(number)s min") % {"number": int(time / timedelta(minutes=1))}
    return hours(time) if time < 48 * HOUR else _("%(number)s d") % {"number": int(time / (24 * HOUR))}


def hours(time: timedelta) -> str:
    """In whole hours."""
    return _("%(number)s h") % {"number": int(time / HOUR)}
