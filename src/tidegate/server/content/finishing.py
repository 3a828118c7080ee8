"""Finishing what is pending: workers claim some items, ask for the signals that are missing, and decide.

Whoever finishes an item first is recorded; a claim only keeps two workers from doing the same work. It
lapses, so that what a dead worker had begun is done by another. Time is the database's, as in
`delivery.claiming`.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import Error, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from tidegate.runs.intake import Intake
from tidegate.server import clock
from tidegate.server.content.actions import decided
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.counts import Key
from tidegate.server.content.deciding import Signals, decide
from tidegate.server.content.models import Decision, Item, ItemVersion, Pending
from tidegate.server.content.pending import known_signals
from tidegate.server.content.recording import decisions_of, hold, stamp_of, store, update, without_races
from tidegate.server.events.models import Event
from tidegate.server.events.occurrences import APPEAL
from tidegate.server.launches.decider import check_still, decider
from tidegate.server.ledger.actions import append
from tidegate.server.ops.tracing import span
from tidegate.server.review.filling import fill_appeals

AT_ONCE = 100
"""Items that are finished together: enough to share calls of detectors, few enough for a lease."""
STEP = timedelta(seconds=10)
"""A claim that was made further than this in the future was made before the clock stepped back."""
IDLE_S = 0.25
AFTER_TROUBLE_S = 1.0
ENDS_WITHIN_S = 5.0

log = logging.getLogger("tidegate.worker")


class Finisher(threading.Thread):
    """Finishes what is pending, beside a worker that delivers."""

    def __init__(self, settings: Intake) -> None:
        super().__init__(name="finisher", daemon=True)
        self._settings = settings
        self._stopping = threading.Event()
        self._claim = uuid.uuid4()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    found = finish_some(self._settings, self._claim)
                except Error as error:
                    log.warning("the database cannot be used: %s", str(error).strip())
                    connection.close()
                    self._stopping.wait(AFTER_TROUBLE_S)
                else:
                    self._stopping.wait(0 if found else IDLE_S)
        finally:
            connection.close()

    def stop(self) -> None:
        """End, and leave what is at hand to other workers where it takes long."""
        self._stopping.set()
        self.join(ENDS_WITHIN_S)
        with suppress(Error):  # else the claim lapses
            Pending.objects.filter(claim=self._claim).update(claimed_until=None)


def finish_all(settings: Intake) -> int:
    """Finish whatever nobody else does; how many items that was."""
    total, token = 0, uuid.uuid4()
    while found := finish_some(settings, token):
        total += found
    return total


def finish_some(settings: Intake, token: uuid.UUID) -> int:
    """Claim some items and finish them; how many were claimed."""
    claimed = _claim(settings, token)
    if claimed:
        with span("finish", items=len(claimed)):
            _finish_or_each_alone(claimed)
    return len(claimed)


def _claim(settings: Intake, token: uuid.UUID) -> list[Pending]:
    if not _free().exists():
        return []  # without a transaction, which on SQLite would hold up every writer
    with transaction.atomic():
        found = _free()
        if connection.features.has_select_for_update_skip_locked:
            found = found.select_for_update(skip_locked=True, of=("self",))
        ids = [one.pk for one in found[:AT_ONCE]]
        until = Now() + timedelta(seconds=settings.lease_s)
        Pending.objects.filter(pk__in=ids).update(claim=token, claimed_at=Now(), claimed_until=until)
    return list(Pending.objects.filter(pk__in=ids).select_related("item").order_by("since", "pk"))


def _free() -> QuerySet[Pending]:
    lapsed = Q(claimed_until=None) | Q(claimed_until__lte=Now()) | Q(claimed_at__gt=Now() + STEP)
    return Pending.objects.filter(lapsed).order_by("since", "pk")


def _finish_or_each_alone(claimed: Sequence[Pending]) -> None:
    """An item that cannot be finished holds up no other; it is tried again when its claim has lapsed."""
    try:
        finish(claimed)
    except Error:
        raise
    except Exception as error:
        # Its message may quote content.
        log.warning("%d items cannot be finished: %s", len(claimed), type(error).__name__)
        for one in claimed if len(claimed) > 1 else ():
            _finish_or_each_alone([one])


def finish(claimed: Sequence[Pending]) -> None:
    """Decide items that are pending, with every signal that a rule needs; those that still are pending so.

    Raises:
        NotReadyError: no strategy is active.
    """
    keys = [_key(one) for one in claimed]
    heard = {one.pk: known_signals(one, decider()) for one in claimed}
    # What came between may be a report: then the decision is made anew, without asking detectors again.
    without_races(keys, lambda: _finish({one.pk: one for one in claimed}, heard))


def _finish(claimed: dict[int, Pending], heard: dict[int, Signals]) -> None:
    items = list(Item.objects.filter(pk__in=claimed).order_by("pk"))
    for item in items:
        if item.pending_since is not None and item.version != claimed[item.pk].item_version:
            _forget(item, claimed[item.pk])
    items = [item for item in items if item.pending_since == claimed[item.pk].since]
    was = [stamp_of(item) for item in items]
    newest = ItemVersion.objects.filter(item__in=[item.pk for item in items], number=F("item__version"))
    versions = {version.item_id: version for version in newest}
    known: dict[Key, Item] = {(item.zone, item.external_id): item for item in items}
    bench, now = decider(), clock.now()
    found = decide(
        bench,
        list(known),
        [{name: getattr(versions[item.pk], name) for name in CONTENT} for item in items],
        [{"views": item.views, "reports": item.reports} for item in items],
        known,
        now,
        given=[
            {name: said for name, said in heard[item.pk].items() if name not in bench.off} for item in items
        ],
    )
    heard |= {item.pk: one.signals for item, one in zip(items, found, strict=True)}
    with transaction.atomic():
        hold(known)
        check_still(bench)
        decisions = decisions_of(bench, items, found, now)
        for item, stamp in zip(items, was, strict=True):
            item.pending_since = None
            update(item, was=stamp)
        Pending.objects.filter(pk__in=[item.pk for item in items]).delete()
        store(decisions)
        _ask_about_appeals(decisions, claimed)
        append([decided("tidegate", decision) for decision in decisions])


def _ask_about_appeals(decisions: Sequence[Decision], claimed: Mapping[int, Pending]) -> None:
    """Appeals that came while there was no decision that they could be held against."""
    standing = {one.item_id: one for one in decisions}
    came = Event.objects.filter(type=APPEAL, item__in=standing).select_related("item").order_by("pk")
    fill_appeals([one for one in came if one.received_at >= claimed[one.item_id].since], standing)


def _forget(item: Item, pending: Pending) -> None:
    """Of an item with newer content, decided by a process of a version that knew nothing of pending ones."""
    with transaction.atomic():
        same = Item.objects.filter(pk=item.pk, version=item.version, pending_since=item.pending_since)
        if same.update(pending_since=None):
            Pending.objects.filter(pk=item.pk, item_version=pending.item_version).delete()
    item.pending_since = None


def _key(one: Pending) -> Key:
    return one.item.zone, one.item.external_id
