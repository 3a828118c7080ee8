"""The one lane of this process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.db import InterfaceError, OperationalError, connection

from tidegate.server.content.actions import Answer, take_in
from tidegate.server.content.arrivals import Arrival
from tidegate.server.content.lane import Lane
from tidegate.server.settings import MOST_ITEMS


@cache
def lane() -> Lane:
    return Lane(_take_in, MOST_ITEMS)


def _take_in(batch: Sequence[Arrival]) -> list[Answer]:
    """Over a new connection once more, where the database has gone; what was taken in already is a retry."""
    try:
        return take_in(batch)
    except (InterfaceError, OperationalError):
        connection.close()  # Django would see to it at the next request, which this thread never has
        return take_in(batch)
