"""Decisions put on the record: their audit chances, who is drawn, and what then stands on each item."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import orjson
from django.db import IntegrityError, transaction

from tidegate.policy.ladder import Ladder, Outcome
from tidegate.runs.bench import Bench
from tidegate.runs.workspace import Workspace
from tidegate.server import rows
from tidegate.server.content import audit
from tidegate.server.content.counts import Key
from tidegate.server.content.deciding import Decided
from tidegate.server.content.models import PEOPLE, Decision, Item, ItemVersion
from tidegate.server.content.search import QUERY, search
from tidegate.server.delivery.outbox import tell
from tidegate.server.launches.decider import SupersededError, site
from tidegate.server.review.filling import fill
from tidegate.strategy import decision_record

RACES = 5
"""How often work is done anew because another process changed one of its items meanwhile."""

T = TypeVar("T")


class Stamp(NamedTuple):
    """What tells whether an item that was read is still as it was."""

    version: int
    reports: int
    views: int | None
    pending_since: datetime | None
    acted_at: datetime | None
    removed_at: datetime | None
    """By these two it is known that a person has decided meanwhile."""


class RaceError(Exception):
    """Another process changed an item between its reading and its writing; to be done anew."""


def stamp_of(item: Item) -> Stamp:
    return Stamp(*(getattr(item, name) for name in Stamp._fields))


def without_races(keys: Collection[Key], work: Callable[[], T]) -> T:
    """`work`, a read and a transaction on these items; anew where another process came between, or where
    another version decides meanwhile.

    The first attempt holds nobody up; the following ones hold the items all the while, so they come through.
    """
    attempt = 0
    while True:
        try:
            if attempt == 0:
                return work()
            with transaction.atomic():
                hold(keys)
                return work()
        except SupersededError:
            attempt = 0  # the items are as they were, so nobody is held up
        except (IntegrityError, RaceError):
            attempt += 1
            if attempt == RACES:
                raise


def hold(keys: Collection[Key]) -> None:
    """Keep others from changing these items, and from deciding on them, until this transaction ends.

    Without their keys (as everywhere: see `care.turns`): whoever slips a gold in has the ledger, and would
    wait for its item that somebody holds who waits for the ledger.
    """
    for zone in sorted({zone for zone, _ in keys}):
        ids = [external_id for of, external_id in keys if of == zone]
        held = Item.objects.select_for_update(no_key=True).filter(zone=zone, external_id__in=ids)
        list(held.order_by("pk"))


def decisions_of(
    bench: Bench, items: Sequence[Item], decided: Sequence[Decided], at: datetime
) -> list[Decision]:
    """The decisions on items at their versions, not yet stored. Call within their transaction.

    Notes on each item since when what is decided acts.
    """
    ladder = bench.workspace.ladder
    shares = audit.chances(bench.strategy, [one.case for one in decided], at)
    flags = audit.drawn([item.external_id for item in items], shares, bench.workspace.audit_seed)
    decisions = []
    for item, one, share, flag in zip(items, decided, shares, flags, strict=True):
        record: dict[str, Any] = decision_record(bench.strategy, one.case, bench.catalog, ladder=ladder)
        stamp(item, record["action"], ladder, at)
        decisions.append(
            Decision(
                item=item,
                item_version=item.version,
                audit_probability=share,
                audited=flag,
                decided_at=at,
                signals=orjson.dumps(one.signals).decode(),
                search=_search(one.content, record["action"], record["policy"], bench.workspace),
                **record,
            )
        )
    return decisions


def _search(content: Mapping[str, Any], action: str, policy: str | None, workspace: Workspace) -> str | None:
    if content["kind"] != QUERY:
        return None
    return orjson.dumps(search(content["language"], action, policy, workspace)).decode()


def _tell_boxes(made_by_people: Sequence[Decision]) -> None:
    """What search boxes do about queries that people decided."""
    for one in made_by_people:
        version = ItemVersion.objects.filter(item=one.item, number=one.item_version)
        for content in version.filter(kind=QUERY).values("kind", "language"):
            one.search = _search(content, one.action, one.policy, site().workspace)


def store(decisions: Sequence[Decision], new: Collection[int] = ()) -> None:
    """Store decisions whose items are stored, what is to be told of them, and what people are asked.

    `new` are those of the items that were stored just now.
    """
    for decision in decisions:
        decision.item = decision.item  # takes its number over; setting that alone would forget the item
    _tell_boxes([one for one in decisions if one.strategy == PEOPLE])
    rows.store(decisions)
    tell(decisions)
    fill(decisions, new)


def update(item: Item, *, was: Stamp) -> None:
    """Store an item that was read so.

    Raises:
        RaceError: it is not at that version, or not pending as it was, or has other numbers, any more.
    """
    fields = ("digest", "author_id", *Stamp._fields)
    # An item that was erased meanwhile is no longer known by this id.
    same = Item.objects.filter(pk=item.pk, external_id=item.external_id)
    unchanged = same.filter(**was._asdict())
    if not unchanged.update(**{name: getattr(item, name) for name in fields}):
        raise RaceError(f"item {item.pk} has changed")


def stamp(item: Item, action: str, ladder: Ladder, at: datetime) -> None:
    """Note on an item, not yet stored, since when what stands on it acts."""
    acting = ladder.with_outcome(Outcome.ACTIONED)
    item.acted_at = (item.acted_at or at) if action in acting else None
    item.removed_at = (item.removed_at or at) if action == acting[-1] else None
