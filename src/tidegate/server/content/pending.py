"""Items that wait for signals: what is kept of them, and what stands on an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db.models import Max

from tidegate.runs.bench import Bench
from tidegate.server import rows
from tidegate.server.content.deciding import Decided, Signals
from tidegate.server.content.models import Decision, Item, Pending
from tidegate.server.content.search import QUERY, UNDECIDED
from tidegate.server.ledger.actions import Act


@dataclass(frozen=True)
class Answer:
    """What stands on an item: the decision on its version, or that it is pending."""

    version: int
    stands: Decision | Pending


def pending_on(bench: Bench, item: Item, decided: Decided, at: datetime) -> Pending:
    """That an item waits for signals, not yet stored."""
    versions = {name: bench.catalog.detectors[name].version for name in decided.signals}
    return Pending(
        item=item,
        item_version=item.version,
        strategy=bench.strategy.name,
        strategy_version=bench.strategy.label,
        waits_for=decided.case.pending,
        signals=orjson.dumps(decided.signals).decode(),
        detectors=orjson.dumps(versions).decode(),
        search=orjson.dumps(UNDECIDED).decode() if decided.content["kind"] == QUERY else None,
        since=at,
    )


def replace(items: Iterable[Item], pending: Sequence[Pending]) -> None:
    """Store what is pending now, in place of what was on these items. Call within their transaction."""
    edited = [item.pk for item in items]
    if edited:
        Pending.objects.filter(item__in=edited).delete()
    for one in pending:
        one.item = one.item  # takes its number over; setting that alone would forget the item
    rows.store(pending)


def known_signals(one: Pending, bench: Bench) -> Signals:
    """What need not be asked for again: of detectors that are still of that version, and not switched off."""
    versions = orjson.loads(one.detectors)
    now = {name: spec.version for name, spec in bench.catalog.detectors.items() if name not in bench.off}
    said: Signals = orjson.loads(one.signals)
    return {name: own for name, own in said.items() if versions[name] == now.get(name)}


def standing(items: Sequence[Item]) -> dict[int, Answer]:
    """What stands on each item, by its number; nothing on those that were erased before they were decided."""
    waiting = [item.pk for item in items if item.pending_since is not None]
    # Asked for first: what is finished meanwhile has its decision by the second query.
    pending = {one.pk: one for one in Pending.objects.filter(pk__in=waiting)} if waiting else {}
    decisions = newest_decisions([item for item in items if item.pk not in pending])
    stands: dict[int, Decision | Pending] = {**pending, **decisions}
    return {pk: Answer(one.item_version, one) for pk, one in stands.items()}


def newest_decisions(items: Sequence[Item]) -> dict[int, Decision]:
    """The newest decision on each item, by its number; nothing of those on which there is none yet."""
    if not items:
        return {}
    ids = [item.pk for item in items]
    newest = Decision.objects.filter(item__in=ids).values("item").annotate(newest=Max("pk")).values("newest")
    return {decision.item_id: decision for decision in Decision.objects.filter(pk__in=newest)}


def waits(actor: str, one: Pending, evidence: str) -> Act:
    """The act of taking in an item that waits for signals."""
    return Act(
        actor=actor,
        act="item.pending",
        zone=one.item.zone,
        subject=f"item:{one.item_id}:{one.item_version}",
        details={
            "waits_for": one.waits_for,
            "strategy": one.strategy,
            "version": one.strategy_version,
        },
        evidence=evidence,
    )
