"""How each queue stands: what waits, what comes and is answered, and what the next day is likely to bring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, F, Func, IntegerField, Min, Q, QuerySet

from tidegate.planning.backlog import HOURS, Forecast, forecast
from tidegate.server.review.clock import now
from tidegate.server.review.models import Answer, Kind, Queue, State, Task
from tidegate.server.review.queues import queue_settings

DAYS = 28
"""Past days that the forecast draws from."""
DAY, HOUR, QUARTER = timedelta(days=1), timedelta(hours=1), timedelta(minutes=15)
LONG_AGO = 3650 * DAY
"""Nothing is late by more."""
BANDS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the time allowed: what waits is told by how much of it is used."""
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
        used: how many have used so much of their time: less than each of `BANDS`, and all of it.
        came, answered: (DAYS,) in 24 hours that ended at this time of a day; the last ones end now.
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
    used: Sequence[int]
    came: Sequence[int]
    answered: Sequence[int]
    outlook: Forecast | None


@dataclass(frozen=True)
class _Waits:
    """Tasks that wait and are due in the same quarter of an hour: the `left`th from now; below 0, late."""

    left: int
    tasks: int
    held: int
    reserved: int
    oldest: datetime


class _Since(Func):
    """Whole units of time from a moment to a later one, computed by the database, as it would take long in
    Python."""

    output_field = IntegerField()

    def __init__(self, since: datetime, field: str, unit: timedelta) -> None:
        super().__init__(F(field), since=repr(since.timestamp()), unit=str(int(unit.total_seconds())))

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Days since the Julian epoch, and days from there to 1970.
        seconds = "(julianday(%(expressions)s) - 2440587.5) * 86400.0"
        template = f"CAST(({seconds} - %(since)s) / %(unit)s AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "floor((extract(epoch from %(expressions)s) - %(since)s) / %(unit)s)::int"
        return self.as_sql(compiler, connection, template=template, **context)


def health() -> list[Health]:
    """Every queue of the scope's zones, those likeliest to be late first."""
    at = now()
    waiting = _waiting(at)
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


def _waiting(at: datetime) -> Mapping[Name, list[_Waits]]:
    """What waits by queue, counted by the database: there may be hundreds of thousands."""
    found: dict[Name, list[_Waits]] = defaultdict(list)
    counted = (
        Task.objects.filter(state=State.OPEN)
        .exclude(kind=Kind.GOLD)
        .annotate(due=_Since(at - LONG_AGO, "due_at", QUARTER))
        .values_list("due", "queue", "zone")  # sorted by numbers first, which is much quicker
        .annotate(
            tasks=Count("pk"),
            held=Count("pk", filter=Q(not_before__gt=at)),
            reserved=Count("assigned_to"),
            oldest=Min("created_at"),
        )
        .order_by()
    )
    for due, queue, zone, tasks, held, reserved, oldest in counted:
        found[zone, queue].append(_Waits(due - LONG_AGO // QUARTER, tasks, held, reserved, oldest))
    return found


def _by_hour(rows: QuerySet[Any], at: datetime, when: str, queue: str) -> Mapping[Name, Any]:
    """(DAYS, 24) counts by queue: a row for each of the last days, which end at this time; oldest first."""
    since = at - DAYS * DAY
    counted = (
        rows.filter(**{f"{when}__gte": since, f"{when}__lt": at})
        .annotate(hour=_Since(since, when, HOUR))
        .values_list("hour", queue, "zone")
        .annotate(Count("pk"))
        .order_by()
    )
    found: dict[Name, Any] = defaultdict(lambda: np.zeros(DAYS * HOURS, dtype=np.int64))
    for hour, name, zone, number in counted:
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
    quarters = np.array([one.left for one in waiting], dtype=np.int64)
    tasks = np.array([one.tasks for one in waiting], dtype=np.int64)
    left = (quarters + 0.5) * (QUARTER / HOUR)  # what is due within a quarter of an hour, in its middle
    band = np.where(quarters < 0, len(BANDS), np.searchsorted(BANDS[:-1], 1 - left / (sla / HOUR), "right"))
    return Health(
        zone,
        queue,
        sla,
        waiting=int(tasks.sum()),
        held=sum(one.held for one in waiting),
        reserved=sum(one.reserved for one in waiting),
        late=int(tasks[quarters < 0].sum()),
        oldest=max((at - one.oldest for one in waiting), default=None),
        used=np.bincount(band, tasks, len(BANDS) + 1).astype(int).tolist(),
        came=came.sum(axis=1).tolist(),
        answered=answered.sum(axis=1).tolist(),
        outlook=_outlook(np.repeat(left, tasks), came, answered, like, sla),
    )


def _outlook(left: Any, came: Any, answered: Any, like: Any, sla: timedelta) -> Forecast | None:
    """From days like the next one since the queue began; a queue of yesterday has no past to draw from."""
    busy = np.flatnonzero(came.sum(axis=1) + answered.sum(axis=1))
    if not len(busy):
        return None
    known = np.arange(DAYS) >= busy[0]
    days = known & like
    return forecast(left, came[days], answered[days], sla=sla / HOUR)
