"""Taking items in: one transaction for a batch, from what arrived to decisions on the record."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import orjson
from django.db import transaction

from tidegate.runs.bench import Bench
from tidegate.server import clock, rows
from tidegate.server.content.arrivals import Arrival
from tidegate.server.content.counts import Key
from tidegate.server.content.deadline import Deadline
from tidegate.server.content.deciding import Decided, decide
from tidegate.server.content.models import Decision, Item, ItemVersion, Pending
from tidegate.server.content.pending import Answer, pending_on, replace, standing, waits
from tidegate.server.content.recording import decisions_of, hold, stamp_of, store, update, without_races
from tidegate.server.launches.decider import check_still, decider
from tidegate.server.ledger.actions import Act, append, evidence_of
from tidegate.server.ops.metrics import took_in
from tidegate.server.ops.tracing import span
from tidegate.server.zones.scope import within_zones

Known = Mapping[Key, Item]


def take_in(batch: Sequence[Arrival], within_s: float | None = None) -> list[Answer]:
    """Decide a batch and put it on the record, whole or not at all; each item occurs in it once.

    An arrival whose content is that of the item's newest version gets what stands on it. What the signals
    that come within so many seconds do not settle is pending; None waits for all.

    Raises:
        NotReadyError: no strategy is active.
    """
    started = time.perf_counter()
    with within_zones({one.zone for one in batch}), span("take in", items=len(batch)):
        deadline = Deadline(within_s)
        answers = without_races([one.key for one in batch], lambda: _take_in(batch, deadline))
    decisions = [one.stands for one in answers if isinstance(one.stands, Decision)]
    failed = [name for one in decisions if one.failure for name in orjson.loads(one.failure)]
    waiting = len(answers) - len(decisions)
    took_in(started, [*(one.action for one in decisions), *["pending"] * waiting], failed)
    return answers


def _take_in(batch: Sequence[Arrival], deadline: Deadline) -> list[Answer]:
    known = known_items([one.key for one in batch])
    stands = standing([known[one.key] for one in batch if _is_retry(one, known)])
    fresh = [one for one in batch if not _is_retry(one, known)]
    bench, now = decider(), clock.now()
    # Detectors are asked before the transaction begins: they may take long, and hold nobody up here.
    cases = decide(
        bench,
        [one.key for one in fresh],
        [one.content for one in fresh],
        [_numbers(one, known.get(one.key)) for one in fresh],
        known,
        now,
        deadline=deadline,
    )
    seen = [one for one in batch if _is_retry(one, known) and _has_new_views(one, known[one.key])]
    with transaction.atomic():
        # Items first, as all who lock them and more; and all of them at once, or two batches could each hold
        # what the other one waits for.
        hold([one.key for one in (*fresh, *seen) if one.key in known])
        _update_views(seen, known)
        if fresh:
            check_still(bench)
        made = _record(fresh, cases, known, bench, now)
    answers = dict(zip((one.key for one in fresh), made, strict=True))
    return [answers.get(one.key) or stands[known[one.key].pk] for one in batch]


def known_items(keys: Collection[Key]) -> dict[Key, Item]:
    """Those of the items that are there."""
    found = {}
    for zone in {zone for zone, _ in keys}:
        ids = [external_id for of, external_id in keys if of == zone]
        for item in Item.objects.filter(zone=zone, external_id__in=ids):
            found[zone, item.external_id] = item
    return found


def _is_retry(one: Arrival, known: Known) -> bool:
    item = known.get(one.key)
    return item is not None and item.digest == one.digest


def _numbers(one: Arrival, item: Item | None) -> dict[str, int | None]:
    if item is None:
        return {"views": one.views, "reports": 0}
    return {"views": item.views if one.views is None else one.views, "reports": item.reports}


def _has_new_views(one: Arrival, item: Item) -> bool:
    return one.views is not None and one.views != item.views


def _update_views(seen: Sequence[Arrival], known: Known) -> None:
    for one in seen:
        Item.objects.filter(pk=known[one.key].pk).update(views=one.views)


def _record(
    arrivals: Sequence[Arrival], decided_on: Sequence[Decided], known: Known, bench: Bench, now: datetime
) -> list[Answer]:
    """Store the items, their new versions, the decisions or that they are pending, and the acts.

    Raises:
        IntegrityError, RaceError: another process stored one of these versions first.
    """
    if not arrivals:
        return []
    before = [known.get(one.key) for one in arrivals]
    was = [None if item is None else stamp_of(item) for item in before]
    items = [_arrived(one, item, now) for one, item in zip(arrivals, before, strict=True)]
    stands = _stands(bench, items, decided_on, now)
    rows.store([item for item in items if item.pk is None])
    for item, stamp in zip(items, was, strict=True):
        if stamp is not None:
            update(item, was=stamp)
    salts = [secrets.token_bytes(16) for _ in items]
    versions = [
        {"item_id": item.pk, "number": item.version, "received_at": now, "salt": salt, **one.content}
        for one, item, salt in zip(arrivals, items, salts, strict=True)
    ]
    rows.insert(ItemVersion, versions)
    edited = [item for item, stamp in zip(items, was, strict=True) if stamp and stamp.pending_since]
    replace(edited, [one for one in stands if isinstance(one, Pending)])
    new = {item.pk for item, stamp in zip(items, was, strict=True) if stamp is None}
    store([one for one in stands if isinstance(one, Decision)], new)
    append(
        [
            _taken_in(arrival.actor, one, evidence_of(salt, arrival.canonical))
            for arrival, salt, one in zip(arrivals, salts, stands, strict=True)
        ]
    )
    return [Answer(one.item_version, one) for one in stands]


def _stands(
    bench: Bench, items: Sequence[Item], decided_on: Sequence[Decided], now: datetime
) -> list[Decision | Pending]:
    """What stands on each item from now on, not yet stored. Notes on the items which are pending."""
    settled = [place for place, one in enumerate(decided_on) if one.case.pending is None]
    for item in items:
        item.pending_since = now
    for place in settled:
        items[place].pending_since = None
    decisions = decisions_of(bench, [items[at] for at in settled], [decided_on[at] for at in settled], now)
    made = dict(zip(settled, decisions, strict=True))
    return [
        made.get(place) or pending_on(bench, item, one, now)
        for place, (item, one) in enumerate(zip(items, decided_on, strict=True))
    ]


def _arrived(one: Arrival, item: Item | None, now: datetime) -> Item:
    """The item with what arrived of it, not yet stored."""
    if item is None:
        item = Item(zone=one.zone, external_id=one.external_id, version=0, first_at=now)
    item.version += 1
    item.digest = one.digest
    item.author_id = one.content["author_id"]
    item.views = one.views if one.views is not None else item.views
    return item


def _taken_in(actor: str, one: Decision | Pending, evidence: str) -> Act:
    return decided(actor, one, evidence) if isinstance(one, Decision) else waits(actor, one, evidence)


def decided(actor: str, decision: Decision, evidence: str = "") -> Act:
    """The act of deciding; `evidence` where the decision comes with content."""
    return Act(
        actor=actor,
        act="item.decided",
        zone=decision.item.zone,
        subject=f"item:{decision.item_id}:{decision.item_version}",
        details={
            "action": decision.action,
            "rule": decision.rule,
            "strategy": decision.strategy,
            "version": decision.strategy_version,
        },
        evidence=evidence,
    )
