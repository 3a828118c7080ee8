"""The time at which things happen here: the machine's, but for the demo, which lets a week go by.

Leases, windows and deliveries go by the database's clock: see `review.clock` and `delivery`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_ahead = timedelta()


def now() -> datetime:
    return datetime.now(UTC) + _ahead


@contextmanager
def another_time() -> Iterator[None]:
    """Within it `set_to` may move the clock of this process; afterwards it is right again."""
    global _ahead
    try:
        yield
    finally:
        _ahead = timedelta()


def set_to(at: datetime) -> None:
    """From here on it is this time, and goes on from it."""
    global _ahead
    _ahead = at - datetime.now(UTC)
