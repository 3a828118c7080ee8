"""How each queue stands: what waits, what comes and is answered, and what the next day is likely to bring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, F, Func, IntegerField, QuerySet

from tidegate.planning.backlog import HOURS, Forecast, forecast
from tidegate.server.review.clock import now
from tidegate.server.review.models import Answer, Kind, Queue, State, Task
from tidegate.server.review.queues import queue_settings

DAYS = 28
"""Past days that the forecast draws from."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEKEND = 5

Name = tuple[str, str]
"""Zone and queue."""


@dataclass(frozen=True)
class Health:
    """One queue of one zone.

    Attributes:
        waiting: open tasks; `held` of them are put off by somebody, `reserved` are for somebody.
        late: those over their time.
        oldest: how long the oldest has waited; None where none does.
        came, answered: in the last 24 hours.
        outlook: of the next 24 hours; None where too little is known.
    """

    zone: str
    queue: str
    sla: timedelta
    waiting: int
    held: int
    reserved: int
    late: int
    oldest: timedelta | None
    came: int
    answered: int
    outlook: Forecast | None


class _HoursSince(Func):
    """Whole hours from a moment to a time, computed by the database, as it would take long in Python."""

    output_field = IntegerField()

    def __init__(self, since: datetime, field: str) -> None:
        super().__init__(F(field), since=repr(since.timestamp()))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Days since the Julian epoch, and days from there to 1970.
        template = "CAST(((julianday(%(expressions)s) - 2440587.5) * 86400.0 - %(since)s) / 3600 AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "floor((extract(epoch from %(expressions)s) - %(since)s) / 3600)::int"
        return self.as_sql(compiler, connection, template=template, **context)


def health() -> list[Health]:
    """Every queue of the scope's zones, those likeliest to be late first."""
    at = now()
    waiting = _waiting()
    tasks = Task.objects.exclude(kind__in=(Kind.GOLD, Kind.ARBITRATE))  # those carry the time of another
    came = _by_hour(tasks, at, "created_at", "queue")
    given = Answer.objects.filter(undone_at=None).exclude(task__kind=Kind.GOLD)
    answered = _by_hour(given, at, "answered_at", "task__queue")
    like = _days_like(at)
    names = Queue.objects.values_list("zone", "name")
    found = [
        _health(name, at, waiting.get(name, []), came.get(name), answered.get(name), like) for name in names
    ]
    return sorted(found, key=_urgency)


def _urgency(one: Health) -> Any:
    return (-one.late, -(one.outlook.chance if one.outlook else 0), -one.waiting, one.zone, one.queue)


def _waiting() -> Mapping[Name, list[tuple[Any, ...]]]:
    found: dict[Name, list[tuple[Any, ...]]] = defaultdict(list)
    rows = Task.objects.filter(state=State.OPEN).exclude(kind=Kind.GOLD)
    for zone, queue, *row in rows.values_list(
        "zone", "queue", "created_at", "due_at", "not_before", "assigned_to_id"
    ):
        found[zone, queue].append(tuple(row))
    return found


def _by_hour(rows: QuerySet[Any], at: datetime, when: str, queue: str) -> Mapping[Name, Any]:
    """(DAYS, 24) counts by queue: a row for each of the last days, which end at this time; oldest first."""
    since = at - DAYS * DAY
    counted = (
        rows.filter(**{f"{when}__gte": since, f"{when}__lt": at})
        .annotate(hour=_HoursSince(since, when))
        .values_list("zone", queue, "hour")
        .annotate(Count("pk"))
        .order_by()
    )
    found: dict[Name, Any] = defaultdict(lambda: np.zeros(DAYS * HOURS, dtype=np.int64))
    for zone, name, hour, number in counted:
        found[zone, name][min(max(hour, 0), DAYS * HOURS - 1)] += number
    return {name: counts.reshape(DAYS, HOURS) for name, counts in found.items()}


def _days_like(at: datetime) -> np.ndarray[Any, Any]:
    """Which of the last days are like the one that begins now: of the week, or of its end."""
    middle = at + DAY / 2
    coming = middle.weekday() >= WEEKEND
    return np.array([((middle - (DAYS - row) * DAY).weekday() >= WEEKEND) == coming for row in range(DAYS)])


def _health(name: Name, at: datetime, waiting: Any, came: Any, answered: Any, like: Any) -> Health:
    zone, queue = name
    sla = queue_settings(queue).sla
    none = np.zeros((DAYS, HOURS), dtype=np.int64)
    came, answered = none if came is None else came, none if answered is None else answered
    left = np.array([(due - at) / HOUR for _, due, _, _ in waiting])
    return Health(
        zone,
        queue,
        sla,
        waiting=len(waiting),
        held=sum(until is not None and until > at for _, _, until, _ in waiting),
        reserved=sum(person is not None for *_, person in waiting),
        late=int((left < 0).sum()),
        oldest=max((at - made for made, *_ in waiting), default=None),
        came=int(came[-1].sum()),
        answered=int(answered[-1].sum()),
        outlook=_outlook(left, came, answered, like, sla),
    )


def _outlook(left: Any, came: Any, answered: Any, like: Any, sla: timedelta) -> Forecast | None:
    """From days like the next one since the queue began; a queue of yesterday has no past to draw from."""
    busy = np.flatnonzero(came.sum(axis=1) + answered.sum(axis=1))
    if not len(busy):
        return None
    known = np.arange(DAYS) >= busy[0]
    days = known & like
    return forecast(left, came[days], answered[days], sla=sla / HOUR)
