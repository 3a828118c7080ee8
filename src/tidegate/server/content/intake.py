"""The one lane of this process."""

from __future__ import annotations

from functools import cache

from tidegate.server.content.actions import take_in
from tidegate.server.content.lane import Lane
from tidegate.server.settings import MOST_ITEMS


@cache
def lane() -> Lane:
    return Lane(take_in, MOST_ITEMS)
