"""Limits on exposure within sliding windows: what is used, what still fits, when there is room again.

Let w_i be the weight of what was given at t_i, and L_k the limit over the window of length T_k. At time t

    used_k(t) = Σ w_i over t_i > t - T_k,        room(t) = min_k ( L_k - used_k(t) ).

A task of weight w is given only where w ≤ room(t). So used_k ≤ L_k holds at every t, as long as
clocks do not jump forward. There is no upper end: what lies in the future, after a clock was
set back, is within each window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum


class Window(StrEnum):
    """How long a limit looks back."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


LENGTH = {Window.HOUR: timedelta(hours=1), Window.DAY: timedelta(days=1), Window.WEEK: timedelta(days=7)}
LONGEST = max(LENGTH.values())

Limits = Mapping[Window, int]
Used = Mapping[Window, int]
Given = Iterable[tuple[datetime, int]]
"""When, and of which weight."""


def used(given: Given, at: datetime) -> dict[Window, int]:
    """What each window holds at this time, in points."""
    rows = list(given)
    return {window: sum(weight for when, weight in rows if when > at - LENGTH[window]) for window in Window}


def room(limits: Limits, spent: Used) -> int:
    """The weight of the heaviest task that may be given; below 1 where none may."""
    return min(limits[window] - spent[window] for window in Window)


def tightest(limits: Limits, spent: Used) -> Window:
    """The window that leaves least room; of several the longest, since it lasts."""
    return min(reversed(Window), key=lambda window: limits[window] - spent[window])


def free_at(given: Given, at: datetime, limits: Limits, weight: int) -> datetime | None:
    """From when on a task of this weight fits, if nothing is given until then; None where it never does."""
    if weight > min(limits.values()):
        return None
    rows = sorted(given)
    moments = [at]
    for window in Window:
        spent = sum(one for when, one in rows if when > at - LENGTH[window])
        for when, one in rows:
            if spent + weight <= limits[window]:
                break
            if when > at - LENGTH[window]:
                spent -= one
                moments.append(when + LENGTH[window])
    return max(moments)
