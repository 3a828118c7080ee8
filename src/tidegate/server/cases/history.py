"""The history of an item: what came, what was decided, reported, reviewed and delivered, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _

from tidegate.server.content.models import PEOPLE, Decision, Item, ItemVersion
from tidegate.server.delivery.models import Delivery, State
from tidegate.server.events.models import Event
from tidegate.server.events.occurrences import APPEAL, REPORT, VIEWS
from tidegate.server.review.models import Answer, Kind

Title = Any
"""A text, or one that is put into the reader's language when it is shown."""

SHOWN = 200
"""The newest moments that a page shows; items with more are rare."""

WHOLE = 20
"""The newest decisions whose signals are shown; a page is to stay small."""

EVENTS: Mapping[str, Title] = {REPORT: _("Reported"), APPEAL: _("Appealed"), VIEWS: _("Views counted")}
QUESTIONS: Mapping[str, Title] = {
    Kind.DECIDE: _("what is to be done"),
    Kind.AUDIT: _("audit, blind"),
    Kind.APPEAL: _("appeal"),
    Kind.ARBITRATE: _("which of two answers holds"),
}
DELIVERIES: Mapping[str, tuple[Title, str]] = {
    State.WAITING: (_("Waits to be delivered"), ""),
    State.DELIVERED: (_("Delivered"), "good"),
    State.UNDONE: (_("Undone before it was delivered"), ""),
    State.DEAD: (_("Given up: it could not be delivered"), "grave"),
}


@dataclass(frozen=True)
class Moment:
    """Something that happened to an item.

    Attributes:
        facts: what there is to say, each with its name.
        more: what there is to say for those who look closer, such as every signal.
        tone: good, warn or grave where there is something to see at a glance.
    """

    at: datetime
    title: Title
    tone: str = ""
    facts: Sequence[tuple[Title, object]] = ()
    more: Sequence[tuple[Title, object]] = field(default=())


def history(item: Item, *, names: bool, audits: bool) -> list[Moment]:
    """The newest `SHOWN` moments of an item, oldest first; people by name where `names`.

    Args:
        audits: whether to say what the audit drew and what was answered to it. Not to those whom it asks:
            they label blind.
    """
    moments = [
        *_versions(item),
        *_decisions(item, audits=audits),
        *_events(item),
        *_answers(item, names=names, audits=audits),
        *_deliveries(item),
    ]
    return sorted(moments, key=lambda moment: moment.at)[-SHOWN:]


def _versions(item: Item) -> Iterator[Moment]:
    for version in ItemVersion.objects.filter(item=item).only("number", "received_at"):
        yield Moment(
            version.received_at,
            _("Received") if version.number == 1 else _("Edited"),
            facts=[(_("Version"), version.number)],
        )


def _decisions(item: Item, *, audits: bool) -> Iterator[Moment]:
    for place, one in enumerate(Decision.objects.filter(item=item).order_by("-pk")[:SHOWN]):
        failure = orjson.loads(one.failure) if one.failure else {}
        yield Moment(
            one.decided_at,
            _("Decided by a person") if one.strategy == PEOPLE else _("Decided"),
            tone="warn" if failure else "",
            facts=_known(
                (_("Action"), one.action),
                (_("Rule"), one.rule),
                (_("Policy"), one.policy),
                (_("Queue"), one.queue),
                (_("Reason"), one.reason if one.strategy == PEOPLE else None),
                (_("Strategy"), None if one.strategy == PEOPLE else f"{one.strategy} {one.strategy_version}"),
                (_("Version"), one.item_version),
                *((name, problem) for name, problem in failure.items()),
                (_("Audit chance"), None if one.strategy == PEOPLE else f"{one.audit_probability:.2%}"),
                (_("Drawn for the audit"), _("yes") if one.audited and audits else None),
            ),
            more=list(_signals(one)) if place < WHOLE else [],
        )


def _signals(decision: Decision) -> Iterator[tuple[str, object]]:
    """All that was computed, by its full name; what the rules read of the item itself comes first."""
    said: Mapping[str, Mapping[str, Any]] = orjson.loads(decision.signals)
    read: Mapping[str, Any] = orjson.loads(decision.values)
    told = {f"{detector}.{name}" for detector, fields in said.items() for name in fields}
    yield from ((name, value) for name, value in read.items() if name not in told)
    for detector, fields in said.items():
        yield from ((f"{detector}.{name}", value) for name, value in fields.items())


def _events(item: Item) -> Iterator[Moment]:
    for one in Event.objects.filter(item=item).order_by("-at")[:SHOWN]:
        yield Moment(
            one.at,
            EVENTS[one.type],
            tone="warn" if one.type == APPEAL else "",
            facts=_known(
                (_("By"), one.by),
                (_("Why"), one.reason),
                (_("Statement"), one.statement),
                (_("Views"), one.views),
            ),
        )


def _answers(item: Item, *, names: bool, audits: bool) -> Iterator[Moment]:
    """What people answered, but for what they took back.

    An answer on a gold says nothing of the item, and would say that it is one.
    """
    hidden = [Kind.GOLD] if audits else [Kind.GOLD, Kind.AUDIT]
    found = Answer.objects.filter(item=item, undone_at=None).exclude(task__kind__in=hidden)
    for one in found.select_related("task", "person").order_by("-answered_at")[:SHOWN]:
        yield Moment(
            one.answered_at,
            _("Reviewed"),
            facts=_known(
                (_("Question"), QUESTIONS[one.task.kind]),
                (_("Violates"), _("yes") if one.violates else _("no")),
                (_("Action"), one.action),
                (_("Policy"), one.policy),
                (_("Clause"), one.clause),
                (_("Note"), one.note or None),
                (_("Who"), one.person.username if names else one.person.actor),
            ),
        )


def _deliveries(item: Item) -> Iterator[Moment]:
    for one in Delivery.objects.filter(item=item).select_related("endpoint").order_by("-pk")[:SHOWN]:
        title, tone = DELIVERIES[one.state]
        yield Moment(
            one.ended_at or one.set_at,
            title,
            tone=tone,
            facts=_known(
                (_("To"), one.endpoint.name),
                (_("What"), one.event),
                (_("Attempts"), one.attempts),
                (_("Problem"), one.problem or None),
            ),
        )


def _known(*facts: tuple[Title, object]) -> list[tuple[Title, object]]:
    return [(name, value) for name, value in facts if value is not None]
