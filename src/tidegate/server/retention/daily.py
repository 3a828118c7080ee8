"""What is done once a day, by whichever worker comes first: retention, sessions, exposure, questions,
an anchor."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.contrib.sessions.models import Session
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F, Q

from tidegate.errors import TidegateError
from tidegate.server.care.exposures import forget
from tidegate.server.content.models import Item, ItemVersion
from tidegate.server.events.models import Event
from tidegate.server.ledger.anchors import FILE as ANCHORS
from tidegate.server.ledger.anchors import anchor, write
from tidegate.server.retention.erasing import ERASED, Erased, erase_events, erase_items
from tidegate.server.retention.models import Daily
from tidegate.server.retention.settings import EVENTS, ITEMS, Retention, retention
from tidegate.server.review.catching_up import ask_about_held
from tidegate.server.zones.scope import within_zones

LOOK_S = 600.0
"""Between two looks whether the day's work is done."""
LAPSED = timedelta(hours=1)
"""After which work that was begun and not ended is begun again: it bears that, and its worker may be gone."""
AT_ONCE = 2_000
ACTOR = "tidegate"

log = logging.getLogger("tidegate.worker")


def run_due(workspace: Path, now: datetime | None = None) -> list[str]:
    """Do what of the day's work nobody has done. Returns the names of what was done here.

    Raises:
        WorkspaceError: the section [retention] is not whole.
    """
    now = now or datetime.now(UTC)
    rules = retention(workspace)
    works: Mapping[str, Callable[[], object]] = {
        "retention": lambda: retain(rules, now),
        "sessions": lambda: Session.objects.filter(expire_date__lt=now).delete(),
        "care": lambda: forget(now),
        "questions": ask_about_held,
        "anchor": lambda: write(workspace / ANCHORS, anchor()),
    }
    done = []
    for name, work in works.items():
        if _begin(name, now):
            work()
            Daily.objects.filter(work=name, day=now.date()).update(done_at=datetime.now(UTC))
            done.append(name)
    return done


def retain(rules: Retention, now: datetime) -> Erased:
    """Erase what has been kept long enough, in every zone."""
    total = Erased()
    for zone in list(Item.objects.order_by().values_list("zone", flat=True).distinct()):
        with within_zones([zone]):
            total += _retain(zone, rules, now)
    log.info("retention: %d items and %d events erased, %d on hold", total.items, total.events, total.held)
    return total


def _retain(zone: str, rules: Retention, now: datetime) -> Erased:
    done = Erased()
    for kind in (*ITEMS, *EVENTS):
        days = rules.of(zone, kind)
        if days is None:
            continue
        find, remove = (_due_items, erase_items) if kind in ITEMS else (_due_events, erase_events)
        for ids in find(zone, kind, now - timedelta(days=days)):
            done += remove(zone, ids, "retention", actor=ACTOR)
    return done


class Housekeeping(threading.Thread):
    """Looks now and then whether the day's work is done, beside a worker that delivers."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._workspace = workspace
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                run_due(self._workspace)
            except (Error, TidegateError, OSError) as error:
                # The database, a setting, a full disk, or the file in which a judge keeps answers.
                log.warning("the day's work waits: %s", str(error).strip())
            finally:
                connection.close()
            self._stopping.wait(LOOK_S)

    def stop(self) -> None:
        """Finish the batch at hand. What is left of the day's work is done by the next worker."""
        self._stopping.set()


def _begin(name: str, now: datetime) -> bool:
    try:
        with transaction.atomic():
            Daily.objects.create(work=name, day=now.date(), begun_at=now)
    except IntegrityError:
        lapsed = Daily.objects.filter(work=name, day=now.date(), done_at=None)
        return bool(lapsed.filter(begun_at__lt=now - LAPSED).update(begun_at=now))
    return True


def _due_items(zone: str, kind: str, before: datetime) -> Iterator[list[int]]:
    """Numbers of items whose newest version is older than that and not erased, some at a time."""
    due = ItemVersion.objects.filter(
        item__zone=zone, kind=kind, received_at__lt=before, number=F("item__version")
    ).exclude(salt=ERASED)
    yield from _walk(due.values_list("pk", "item"))


def _due_events(zone: str, kind: str, before: datetime) -> Iterator[list[int]]:
    due = Event.objects.filter(zone=zone, type=kind, received_at__lt=before).exclude(salt=ERASED)
    written = Q(by__isnull=False) | Q(reason__isnull=False) | Q(statement__isnull=False)
    yield from _walk(due.filter(written).values_list("pk", "pk"))


def _walk(rows: object) -> Iterator[list[int]]:
    """By rising primary key, past those that are on hold."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):  # type: ignore[attr-defined]
        last = batch[-1][0]
        yield [number for _, number in batch]
