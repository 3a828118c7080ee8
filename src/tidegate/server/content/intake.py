"""The lanes of this process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from tidegate.runs.intake import intake
from tidegate.server.content.actions import take_in
from tidegate.server.content.arrivals import Arrival
from tidegate.server.content.lane import Lanes
from tidegate.server.content.pending import Answer
from tidegate.server.settings import MOST_ITEMS


@cache
def lanes() -> Lanes:
    within_s = intake(settings.WORKSPACE).deadline_s
    return Lanes(lambda batch: _take_in(batch, within_s), MOST_ITEMS)


def _take_in(batch: Sequence[Arrival], within_s: float | None) -> list[Answer]:
    """Over a new connection once more, where the database has gone; what was taken in already is a retry."""
    try:
        return take_in(batch, within_s)
    except (InterfaceError, OperationalError):
        connection.close()  # Django would see to it at the next request, which this thread never has
        return take_in(batch, within_s)
