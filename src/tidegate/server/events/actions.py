"""Recording what happened to items, and deciding anew where the strategy reads what has changed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Max

from tidegate.errors import RunError, Where
from tidegate.server import clock
from tidegate.server.content.actions import decided, known_items
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.counts import Key
from tidegate.server.content.deciding import decide
from tidegate.server.content.models import Decision, Item, ItemVersion
from tidegate.server.content.pending import Answer, standing
from tidegate.server.content.recording import decisions_of, hold, stamp_of, store, update, without_races
from tidegate.server.events.models import Event
from tidegate.server.events.occurrences import APPEAL, REPORT, VIEWS, Occurrence
from tidegate.server.events.overruling import overrules, stands_for_machines
from tidegate.server.launches.decider import check_still, decider
from tidegate.server.ledger.actions import Act, append, evidence_of
from tidegate.server.review.filling import fill_appeals

READ = {REPORT: "item.reports", VIEWS: "item.views"}
"""The signal that an event changes. An appeal changes none: it is for a person to answer."""


class EventError(RunError):
    """An event cannot be recorded: `place` is its position among those told."""

    def __init__(self, what: str, place: int, field: str, remedy: str) -> None:
        super().__init__(what, where=Where(field=field), remedy=remedy)
        self.place = place


class UnknownItemError(EventError):
    """There is no such item in this zone."""


class OtherEventError(EventError):
    """This id was given to another event before."""


@dataclass(frozen=True)
class Outcome:
    """What came of an event: what stands on its item, and whether these events brought it."""

    answer: Answer
    decided_anew: bool


def record(told: Sequence[Occurrence]) -> list[Outcome]:
    """Record events and decide their items anew where need be; all or nothing. A retry changes nothing.

    Items that are pending stay so: the decision that comes reads what happened by then.

    Raises:
        EventError: an event speaks of an unknown item, or bears the id of another one.
        NotReadyError: no strategy is active.
    """
    return without_races({(one.zone, one.item_id) for one in told}, lambda: _record(told))


def _record(told: Sequence[Occurrence]) -> list[Outcome]:
    items = known_items([(one.zone, one.item_id) for one in told])
    _check_items(told, items)
    fresh = _fresh(told)
    bench, now = decider(), clock.now()
    was = {key: stamp_of(item) for key, item in items.items()}
    changed = {(one.zone, one.item_id): items[one.zone, one.item_id] for one in fresh}
    for one in _counted(fresh, items):
        items[one.zone, one.item_id].reports += 1
    for one in _latest_views(fresh, items, now):
        items[one.zone, one.item_id].views = one.views
    again = {
        (one.zone, one.item_id): changed[one.zone, one.item_id]
        for one in fresh
        if READ.get(one.type) in bench.strategy.types and items[one.zone, one.item_id].pending_since is None
    }
    versions = _newest_versions(again.values())
    contents = [{name: getattr(versions[item.pk], name) for name in CONTENT} for item in again.values()]
    numbers = [{"views": item.views, "reports": item.reports} for item in again.values()]
    cases = decide(bench, list(again), contents, numbers, items, now)
    with transaction.atomic():
        hold(items)  # else a person could decide between this reading and the writing
        check_still(bench)
        stands = standing(list(items.values()))
        told_on = {pk: one.stands for pk, one in stands.items() if isinstance(one.stands, Decision)}
        compared = stands_for_machines([told_on[item.pk] for item in again.values()], bench)
        other = [
            (item, case)
            for item, case in zip(again.values(), cases, strict=True)
            if overrules(case.case, compared[item.pk], bench)
        ]
        decisions = decisions_of(bench, [item for item, _ in other], [case for _, case in other], now)
        for key, item in changed.items():
            update(item, was=was[key])
        events = [_event(one, items[one.zone, one.item_id], now) for one in fresh]
        Event.objects.bulk_create(events)
        store(decisions)
        # Of what is pending people are asked when there is a decision: see `content.finishing`.
        appeals = [one for one in events if one.type == APPEAL and one.item.pending_since is None]
        fill_appeals(appeals, told_on | {one.item_id: one for one in decisions})
        append(list(_acts(list(zip(fresh, events, strict=True)), decisions)))
    brought = {decision.item_id: Answer(decision.item_version, decision) for decision in decisions}
    return [
        Outcome(brought.get(item.pk) or stands[item.pk], item.pk in brought)
        for item in (items[one.zone, one.item_id] for one in told)
    ]


def _check_items(told: Sequence[Occurrence], items: Mapping[Key, Item]) -> None:
    for place, one in enumerate(told):
        if (one.zone, one.item_id) not in items:
            raise UnknownItemError(
                "there is no item with this id",
                place,
                "item_id",
                "Send the item first; then what happens to it.",
            )


def _fresh(told: Sequence[Occurrence]) -> list[Occurrence]:
    """Those that are not recorded yet.

    Raises:
        OtherEventError: another event has this id.
    """
    digests: dict[Key, str] = {}
    for zone in {one.zone for one in told}:
        ids = [one.external_id for one in told if one.zone == zone]
        found = Event.objects.filter(zone=zone, external_id__in=ids)
        digests |= {(zone, name): digest for name, digest in found.values_list("external_id", "digest")}
    fresh = []
    for place, one in enumerate(told):
        known = digests.setdefault((one.zone, one.external_id), "")
        if known not in ("", one.digest):
            raise OtherEventError(
                "another event has this id",
                place,
                "id",
                "Give every event an id of its own; a retry sends the same.",
            )
        if not known:
            fresh.append(one)
            digests[one.zone, one.external_id] = one.digest
    return fresh


def _counted(fresh: Sequence[Occurrence], items: Mapping[Key, Item]) -> Iterator[Occurrence]:
    """The reports that count: of each person, the first on an item."""
    reports = [one for one in fresh if one.type == REPORT]
    before = Event.objects.filter(
        type=REPORT,
        item__in={items[one.zone, one.item_id].pk for one in reports},
        by__in={one.by for one in reports if one.by is not None},
    )
    seen = set(before.values_list("item_id", "by"))
    for one in reports:
        who = (items[one.zone, one.item_id].pk, one.by)
        if one.by is None or who not in seen:
            yield one
        seen.add(who)


def _latest_views(
    fresh: Sequence[Occurrence], items: Mapping[Key, Item], now: datetime
) -> Iterator[Occurrence]:
    """Counts of views by when they were made, without those that come later than a newer one."""
    counts = [one for one in fresh if one.type == VIEWS]
    if not counts:
        return
    known = Event.objects.filter(type=VIEWS, item__in={items[one.zone, one.item_id].pk for one in counts})
    # A time in the future, by a clock that was wrong, holds up none that come after it.
    known = known.filter(at__lte=F("received_at"))
    newest = dict(known.values("item").annotate(newest=Max("at")).values_list("item", "newest"))
    for one in sorted(counts, key=lambda one: one.at or now):
        at = newest.get(items[one.zone, one.item_id].pk)
        if one.at is None or at is None or one.at >= at:
            yield one


def _newest_versions(items: Iterable[Item]) -> dict[int, ItemVersion]:
    newest = ItemVersion.objects.filter(item__in=[item.pk for item in items], number=F("item__version"))
    return {version.item_id: version for version in newest}


def _event(one: Occurrence, item: Item, now: datetime) -> Event:
    return Event(
        zone=one.zone,
        external_id=one.external_id,
        item=item,
        type=one.type,
        by=one.by,
        reason=one.reason,
        statement=one.statement,
        views=one.views,
        at=one.at or now,
        received_at=now,
        digest=one.digest,
        salt=secrets.token_bytes(16),
    )


def _acts(events: Sequence[tuple[Occurrence, Event]], decisions: Sequence[Decision]) -> Iterator[Act]:
    """Who reported and appealed, and what was decided anew. Views are no act of anybody's."""
    for one, event in events:
        if one.type != VIEWS:
            yield Act(
                actor=one.actor,
                act=f"item.{one.type}ed",
                zone=one.zone,
                subject=f"item:{event.item_id}",
                details={"event": event.pk},  # not by the platform's id, which may say who
                evidence=evidence_of(event.salt, one.canonical),
            )
    for decision in decisions:
        yield decided("tidegate", decision)
