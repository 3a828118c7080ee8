"""Where somebody stands: what they have used of each limit, why nothing is given, and from when on it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidegate.server.care.exposures import given_to, limits_of, used_by
from tidegate.server.care.pauses import break_of, is_away
from tidegate.server.care.settings import HEAVIEST, care
from tidegate.server.care.windows import Window, free_at, room, tightest
from tidegate.server.people.models import User
from tidegate.server.review.clock import now

STEPS = 10
"""Exposure is told in so many steps of its limit: finer ones would tell what is suspected of a blind task."""


def state(person: User) -> dict[str, Any]:
    """For the screen, as JSON.

    Returns:
        windows: for hour, day and week: `limit` in points, and `used`, rounded to a tenth of it.
        why: why nothing is given, or only what is light: away, break, hour, day or week; else null.
        light_only: whether what is given is light, since the heaviest does not fit any more.
        next_free_at: when there is room for the heaviest again; null where there is now, or never is.
        break: due, required, until (null where none is due), minutes (how long it is), active_minutes.
        away: whether they have stepped away.
    """
    at = now()
    limits, spent, pause = limits_of(person), used_by(person, at), break_of(person, at)
    away, left = is_away(person), room(limits, spent)
    why = "away" if away else "break" if pause.required else None
    capped = left < HEAVIEST
    if why is None and capped:
        why = tightest(limits, spent).value
    fits = min(HEAVIEST, *limits.values())
    later = free_at(given_to(person, at), at, limits, fits) if capped and fits else None
    return {
        "windows": [
            {"window": window.value, "limit": limits[window], "used": stepped(spent[window], limits[window])}
            for window in Window
        ],
        "why": why,
        "light_only": capped and left > 0,
        "next_free_at": _told(later) if later is not None and later > at else None,
        "break": {
            "due": pause.due,
            "required": pause.required,
            "until": _told(pause.until),
            "minutes": int(care().break_for.total_seconds() // 60),
            "active_minutes": int(pause.active.total_seconds() // 60),
        },
        "away": away,
    }


def stepped(spent: int, limit: int) -> int:
    """What was used, in points, rounded to a step of its limit."""
    return round(spent / limit * STEPS) * limit // STEPS if limit else 0


def _told(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
