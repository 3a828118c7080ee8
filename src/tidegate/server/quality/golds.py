"""Marking items as golds, and retiring them: each one action, one transaction."""

from __future__ import annotations

from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.server.content.models import Item
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import User
from tidegate.server.quality.models import Because, Gold
from tidegate.server.quality.settled import settled
from tidegate.server.retention.erasing import ERASED
from tidegate.server.review import queues
from tidegate.server.review.clock import now
from tidegate.server.review.ending import ask_no_more
from tidegate.server.review.models import Answer, Kind, Task
from tidegate.server.review.policies import written

REASONS = (Because.WORN, Because.MISTAKEN)
"""Why people retire a gold."""


def mark(zone: str, external_id: str, who: User) -> Gold:
    """Let the settled answer on an item be known; marked again, it is settled under today's policies.

    Raises:
        RunError: there is no such item in sight, or its answer is not settled, or its content is erased.
    """
    with transaction.atomic():
        item = Item.objects.select_for_update(no_key=True).filter(zone=zone, external_id=external_id).first()
        if item is None:
            raise RunError(
                "there is no such item",
                where=Where(field="item"),
                remedy="Give the zone and the platform's id of the item, as Cases shows them.",
            )
        if bytes(item.versions.get(number=item.version).salt) == ERASED:  # type: ignore[attr-defined]
            raise RunError(
                "this item is erased", where=Where(field="item"), remedy="Choose one with content."
            )
        found = settled(item)
        if found is None:
            raise RunError(
                "the answer to this item is not settled",
                where=Where(field="item"),
                remedy="Have two people answer it, or somebody arbitrate; then mark it.",
            )
        made = _gold(item, found.answer)
        made.how, made.marked_by, made.marked_at = found.how, who, now()
        before = Gold.objects.filter(item=item, item_version=item.version).first()
        if before is not None:
            made.pk = before.pk
        made.save()
        append([Act(who.actor, "gold.marked", zone, f"item:{item.pk}:{item.version}", {"how": found.how})])
    return made


def retire(pk: int, because: str, who: User) -> Gold:
    """Show a gold to nobody any more.

    Raises:
        RunError: there is no such gold in use, or no such reason.
    """
    if because not in REASONS:
        raise RunError(
            f"'{because}' is no reason to retire a gold",
            where=Where(field="because"),
            remedy=f"Reasons are {', '.join(REASONS)}.",
        )
    with transaction.atomic():
        gold = Gold.objects.select_for_update().filter(pk=pk, retired_at=None).first()
        if gold is None:
            raise RunError(
                "there is no such gold in use", where=Where(field="gold"), remedy="Load the page anew."
            )
        gold.retired_at, gold.retired_because = now(), because
        gold.save(update_fields=["retired_at", "retired_because"])
        ask_no_more(Task.objects.filter(item=gold.item_id, item_version=gold.item_version, kind=Kind.GOLD))
        subject = f"item:{gold.item_id}:{gold.item_version}"
        append([Act(who.actor, "gold.retired", gold.zone, subject, {"because": because})])
    return gold


def label_of(policy: str | None) -> str | None:
    """The newest version of a policy, as answers name it."""
    found = None if policy is None else written().get(policy)
    return None if found is None else found.label


def is_current(gold: Gold) -> bool:
    """Whether the policy that it was settled under still stands as it did."""
    return gold.policy_version == label_of(gold.policy if gold.violates else gold.suspected)


def _gold(item: Item, answer: Answer) -> Gold:
    """A gold with this answer, to be slipped in where the item was first asked about."""
    tasks = Task.objects.filter(item=item, item_version=item.version)
    asked = tasks.filter(kind=Kind.DECIDE).order_by("pk").first() or answer.task
    elsewhere = asked.queue in (queues.APPEALS, queues.ESCALATED)
    return Gold(
        zone=item.zone,
        item=item,
        item_version=item.version,
        violates=answer.violates,
        policy=answer.policy,
        policy_version=answer.policy_version if answer.violates else label_of(asked.policy),
        queue=queues.GENERAL if elsewhere else asked.queue,
        suspected=asked.policy,
        language=asked.language,
        severity=asked.severity,
    )
