"""Erasing content and people's data: what is left is what statistics need, and a ledger whose chain holds.

What is erased loses its salt, which is how it is known: without it, the ledger's digest says nothing. What
judges keep outside the database goes first: once the platform's ids are gone, it could not be found.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.db.models.functions import Now

from tidegate.server.content.models import Decision, Item, ItemVersion, Pending
from tidegate.server.delivery.models import Delivery, State
from tidegate.server.events.models import Event
from tidegate.server.ledger.actions import Act, append
from tidegate.server.quality.models import Because, Gold
from tidegate.server.retention import remembered
from tidegate.server.retention.holds import Held, held
from tidegate.server.review.ending import ask_no_more
from tidegate.server.review.models import USEFUL, WRONG, Answer, Task
from tidegate.server.zones.scope import within_zones

ERASED = b""
"""The salt of what is erased."""
AT_ONCE = 200
"""Items per transaction, so that nobody waits long for the ledger."""
KEPT_WORDS = frozenset(
    {"item.kind", "item.language", "item.market", "item.surface", "language.code", "lexicon.harm"}
)
"""Signals whose words say nothing about anybody. Numbers, and true and false, are kept of all signals."""


@dataclass(frozen=True)
class Erased:
    """How many items and events were erased, and how many were not since they are on hold."""

    items: int = 0
    events: int = 0
    held: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(self.items + other.items, self.events + other.events, self.held + other.held)


def erase(zone: str, *, actor: str, item: str = "", author: str = "") -> Erased:
    """Erase on request: one item; or all items of an author, and what they reported and wrote."""
    with within_zones([zone]):
        return _erase(zone, actor, item, author)


def _erase(zone: str, actor: str, item: str, author: str) -> Erased:
    if item:
        items = Item.objects.filter(zone=zone, external_id=item)
        if not items.exists():
            # It was erased on another machine, perhaps, whose files are not this one's.
            remembered.forget([item])
        events = Event.objects.none()
    else:
        items = Item.objects.filter(zone=zone, versions__author_id=author)
        events = Event.objects.filter(zone=zone, by=author)
    ids = sorted(set(items.values_list("pk", flat=True)))
    of_theirs = sorted(events.values_list("pk", flat=True))
    done = erase_items(zone, ids, "request", actor=actor)
    return done + erase_events(zone, of_theirs, "request", actor=actor)


def erase_items(zone: str, ids: Sequence[int], cause: str, *, actor: str) -> Erased:
    """Erase items of a zone, with the events on them, some at a time.

    Raises:
        SignalError: what a judge keeps of them cannot be reached. The items at hand are not erased then.
    """
    takers = remembered.takers(ids)
    return sum(
        (
            _erase_items(zone, ids[at : at + AT_ONCE], cause, actor, takers)
            for at in range(0, len(ids), AT_ONCE)
        ),
        Erased(),
    )


def erase_events(zone: str, ids: Sequence[int], cause: str, *, actor: str) -> Erased:
    """Erase who reported or appealed, and what they wrote, some at a time."""
    return sum(
        (_erase_events(zone, ids[at : at + AT_ONCE], cause, actor) for at in range(0, len(ids), AT_ONCE)),
        Erased(),
    )


@transaction.atomic
def _erase_items(
    zone: str, ids: Sequence[int], cause: str, actor: str, takers: Mapping[str, Sequence[int]]
) -> Erased:
    items = list(Item.objects.select_for_update(no_key=True).filter(zone=zone, pk__in=ids).order_by("pk"))
    authors: dict[int, set[str | None]] = defaultdict(set)
    for pk, author in ItemVersion.objects.filter(item__in=ids).values_list("item", "author_id"):
        authors[pk].add(author)
    on_hold = held(zone)
    free = [one for one in items if not _is_held(one, authors[one.pk], on_hold)]
    mine = [one.pk for one in free]
    remembered.forget([one.external_id for one in free])
    remembered.forget_sources([one.external_id for one in free], takers)
    ItemVersion.objects.filter(item__in=mine).update(
        text=None, media=None, context=None, author_id=None, salt=ERASED
    )
    decisions = list(Decision.objects.filter(item__in=mine).only("values", "signals", "failure"))
    for decision in decisions:
        _scrub(decision)
    Decision.objects.bulk_update(decisions, ["values", "signals", "failure"])
    Pending.objects.filter(item__in=mine).delete()  # there is nothing left to decide
    _forget(Event.objects.filter(item__in=mine))
    # What reviewers wrote may quote the item.
    Answer.objects.filter(item__in=mine).update(note="", span_start=None, span_end=None)
    Answer.objects.filter(item__in=mine).exclude(assist_verdict__in=("", USEFUL)).update(assist_verdict=WRONG)
    Task.objects.filter(item__in=mine).update(message="")
    ask_no_more(Task.objects.filter(item__in=mine))
    Gold.objects.filter(item__in=mine, retired_at=None).update(
        retired_at=Now(), retired_because=Because.ERASED
    )
    # A dead letter too, which could be sent anew.
    Delivery.objects.filter(item__in=mine, state__in=(State.WAITING, State.DEAD)).update(
        state=State.UNDONE, claimed_until=None, ended_at=Now(), problem="the item was erased"
    )
    for one in free:
        one.external_id, one.author_id, one.digest, one.pending_since = _nobody(), None, "", None
    Item.objects.bulk_update(free, ["external_id", "author_id", "digest", "pending_since"])
    append([Act(actor, "item.erased", zone, f"item:{pk}", {"cause": cause}) for pk in mine])
    return Erased(items=len(free), held=len(items) - len(free))


@transaction.atomic
def _erase_events(zone: str, ids: Sequence[int], cause: str, actor: str) -> Erased:
    found = Event.objects.select_for_update(of=("self",)).filter(zone=zone, pk__in=ids).exclude(salt=ERASED)
    events = list(found.select_related("item").order_by("pk"))
    on_hold = held(zone)
    free = [
        one
        for one in events
        if one.by not in on_hold.authors and not _is_held(one.item, {one.item.author_id}, on_hold)
    ]
    _forget(free)
    append(
        [
            Act(actor, "event.erased", zone, f"item:{one.item_id}", {"type": one.type, "cause": cause})
            for one in free
        ]
    )
    return Erased(events=len(free), held=len(events) - len(free))


def _is_held(item: Item, authors: set[str | None], on_hold: Held) -> bool:
    return item.external_id in on_hold.items or bool((authors | {item.author_id}) & on_hold.authors)


def _forget(events: Iterable[Event]) -> None:
    """One who reported twice on an item is still one afterwards: counts of people do not change."""
    names: dict[tuple[int, str], str] = defaultdict(_nobody)
    changed = list(events)
    for event in changed:
        event.by = None if event.by is None else names[event.item_id, event.by]
        event.reason = event.statement = None
        event.external_id, event.digest, event.salt = _nobody(), "", ERASED
    Event.objects.bulk_update(
        changed, ["by", "reason", "statement", "external_id", "digest", "salt"], batch_size=AT_ONCE
    )


def _scrub(decision: Decision) -> None:
    values = orjson.loads(decision.values)
    decision.values = orjson.dumps({name: _kept(name, value) for name, value in values.items()}).decode()
    signals = orjson.loads(decision.signals)
    decision.signals = orjson.dumps(
        {
            detector: {field: _kept(f"{detector}.{field}", value) for field, value in said.items()}
            for detector, said in signals.items()
        }
    ).decode()
    if decision.failure is not None:
        # A detector that fails may quote what it failed on.
        decision.failure = orjson.dumps(dict.fromkeys(orjson.loads(decision.failure), "erased")).decode()


def _kept(name: str, value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) or name in KEPT_WORDS else None


def _nobody() -> str:
    return f"erased-{uuid.uuid4().hex}"
