"""Taking items in: one transaction for a batch, from what arrived to decisions on the record."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.db import IntegrityError, transaction
from django.db.models import Max

from tidegate.runs.bench import Bench
from tidegate.server.content import audit
from tidegate.server.content.arrivals import CONTENT, Arrival
from tidegate.server.content.models import Decision, Item, ItemVersion
from tidegate.server.launches.decider import decider
from tidegate.server.ledger.actions import Act, append, evidence_of
from tidegate.strategy import Case, decide_online, decision_record
from tidegate.tables import ITEMS

RACES = 5
"""How often a batch is taken in anew because another process took in one of its items meanwhile."""

Known = Mapping[tuple[str, str], Item]


@dataclass(frozen=True)
class Answer:
    """The decision that stands on an arrival, and the version of the item that it is on."""

    version: int
    decision: Decision


def take_in(batch: Sequence[Arrival]) -> list[Answer]:
    """Decide a batch and put it on the record, whole or not at all; each item occurs in it once.

    An arrival whose content is that of the item's newest version gets the decision that stands.

    Raises:
        NotReadyError: no strategy is active.
    """
    for attempt in range(RACES):
        try:
            return _take_in(batch)
        except IntegrityError:
            if attempt == RACES - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _take_in(batch: Sequence[Arrival]) -> list[Answer]:
    known = _known(batch)
    standing = _standing([known[one.key] for one in batch if _is_retry(one, known)])
    fresh = [one for one in batch if not _is_retry(one, known)]
    bench = decider()
    # Detectors are asked before the transaction begins: they may take long, and hold nobody up here.
    cases = decide_online(bench.strategy, _frame(fresh), bench.ask, catalog=bench.catalog) if fresh else []
    with transaction.atomic():
        _update_views([one for one in batch if _is_retry(one, known)], known)
        made = _record(fresh, cases, known, bench)
    answers = dict(zip((one.key for one in fresh), made, strict=True))
    return [answers.get(one.key) or standing[known[one.key].pk] for one in batch]


def _known(batch: Sequence[Arrival]) -> dict[tuple[str, str], Item]:
    found = {}
    for zone in {one.zone for one in batch}:
        ids = [one.external_id for one in batch if one.zone == zone]
        for item in Item.objects.filter(zone=zone, external_id__in=ids):
            found[zone, item.external_id] = item
    return found


def _is_retry(one: Arrival, known: Known) -> bool:
    item = known.get(one.key)
    return item is not None and item.digest == one.digest


def _standing(items: Sequence[Item]) -> dict[int, Answer]:
    """The newest decision on each item, by its number."""
    ids = [item.pk for item in items]
    newest = Decision.objects.filter(item__in=ids).values("item").annotate(newest=Max("pk")).values("newest")
    return {
        decision.item_id: Answer(decision.item_version, decision)
        for decision in Decision.objects.filter(pk__in=newest)
    }


def _frame(arrivals: Sequence[Arrival]) -> pl.DataFrame:
    columns = {name: [one.content[name] for one in arrivals] for name in CONTENT}
    columns |= {"id": [one.external_id for one in arrivals], "views": [one.views for one in arrivals]}
    return pl.DataFrame({name: columns[name] for name in ITEMS.names}, schema=ITEMS.schema)


def _update_views(retried: Sequence[Arrival], known: Known) -> None:
    for one in retried:
        if one.views is not None and one.views != known[one.key].views:
            Item.objects.filter(pk=known[one.key].pk).update(views=one.views)


def _record(arrivals: Sequence[Arrival], cases: Sequence[Case], known: Known, bench: Bench) -> list[Answer]:
    """Store the items, their new versions, the decisions and the acts.

    Raises:
        IntegrityError: another process stored one of these versions first.
    """
    if not arrivals:
        return []
    now = datetime.now(UTC)
    items = _store_items(arrivals, known, now)
    versions = [
        ItemVersion(
            item=item, number=item.version, received_at=now, salt=secrets.token_bytes(16), **one.content
        )
        for one, item in zip(arrivals, items, strict=True)
    ]
    ItemVersion.objects.bulk_create(versions)
    shares = audit.chances(bench.strategy, cases, now)
    flags = audit.drawn([one.external_id for one in arrivals], shares, bench.workspace.audit_seed)
    decisions = []
    for item, case, share, flag in zip(items, cases, shares, flags, strict=True):
        record: dict[str, Any] = decision_record(
            bench.strategy, case, bench.catalog, ladder=bench.workspace.ladder
        )
        decisions.append(
            Decision(
                item=item,
                item_version=item.version,
                audit_probability=share,
                audited=flag,
                decided_at=now,
                **record,
            )
        )
    Decision.objects.bulk_create(decisions)
    append([_act(*row) for row in zip(arrivals, versions, decisions, strict=True)])
    return [Answer(decision.item_version, decision) for decision in decisions]


def _store_items(arrivals: Sequence[Arrival], known: Known, now: datetime) -> list[Item]:
    items, new, changed = [], [], []
    for one in arrivals:
        item = known.get(one.key)
        if item is None:
            item = Item(zone=one.zone, external_id=one.external_id, version=1, first_at=now)
            new.append(item)
        else:
            item.version += 1
            changed.append(item)
        item.digest = one.digest
        item.views = one.views if one.views is not None else item.views
        items.append(item)
    Item.objects.bulk_create(new)
    Item.objects.bulk_update(changed, ["version", "digest", "views"])
    return items


def _act(one: Arrival, version: ItemVersion, decision: Decision) -> Act:
    return Act(
        actor=one.actor,
        act="item.decided",
        zone=one.zone,
        subject=f"item:{version.item_id}:{version.number}",
        details={
            "action": decision.action,
            "rule": decision.rule,
            "strategy": decision.strategy,
            "version": decision.strategy_version,
        },
        evidence=evidence_of(bytes(version.salt), one.canonical),
    )
