"""What a key may still send: a bucket that holds a minute's worth and is filled evenly.

The bucket lies in the database, so that all processes draw from the same one (a token bucket: J. Turner 1986,
New directions in communications, section 5). A key without a limit costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from tidegate.errors import RunError
from tidegate.names import counted
from tidegate.server.people.models import Allowance, ApiKey

WINDOW = 60
"""Seconds in which an empty bucket is full again."""


@dataclass(frozen=True)
class Standing:
    """The limit of a key, what is left of it now, and the seconds until it is whole again."""

    limit: int
    left: int
    whole_in: int


class SpentError(RunError):
    """The key has sent too much of late. `wait` is in seconds; None where so much never fits."""

    def __init__(self, standing: Standing, wait: int | None) -> None:
        self.standing, self.wait = standing, wait
        super().__init__(
            f"this key may send {counted(standing.limit, 'item')} a minute",
            remedy=f"Send at most {standing.limit:,} together." if wait is None else f"Wait {wait} s.",
        )


def spend(key: ApiKey, items: int) -> Standing | None:
    """Take so many items off what the key may send; None where it has no limit.

    Raises:
        SpentError: there is not enough left; nothing is taken off then.
    """
    limit = key.per_minute
    if limit is None:
        return None
    with transaction.atomic():
        Allowance.objects.get_or_create(key=key, defaults={"left": limit, "at": timezone.now()})
        found = Allowance.objects.select_for_update().get(key=key)
        now = timezone.now()
        # A clock that has stepped back fills nothing, and takes nothing away.
        gained = max((now - found.at).total_seconds(), 0.0) * limit / WINDOW
        left = min(found.left + gained, limit)
        enough = items <= left
        if enough or now < found.at:  # then it fills from now on, and not when the clock is there again
            found.left, found.at = left - items if enough else left, now
            found.save(update_fields=["left", "at"])
    if not enough:
        wait = None if items > limit else math.ceil((items - left) * WINDOW / limit)
        raise SpentError(_standing(limit, left), wait)
    return _standing(limit, found.left)


def _standing(limit: int, left: float) -> Standing:
    return Standing(limit, math.floor(left), math.ceil((limit - left) * WINDOW / limit))
