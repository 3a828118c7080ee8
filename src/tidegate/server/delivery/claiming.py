"""Claiming what is due, and recording what came of it: in short transactions, and nothing is sent in one.

Time is the database's. Where its clock has stepped back, what was set in the future counts as due and as
lapsed: a delivery may then come early or twice, which receivers stand, and none waits for the clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from tidegate.server.delivery.models import Delivery, Endpoint, State
from tidegate.server.delivery.payload import with_sequence
from tidegate.server.delivery.sending import Outcome
from tidegate.server.delivery.settings import Webhooks
from tidegate.server.ledger.actions import Act, append

STEP = timedelta(seconds=10)
"""A time further than this in the future was not set by this clock; shorter steps are waited out."""


def active_endpoints() -> list[Endpoint]:
    """Every endpoint that is sent to; `now` of each is the database's time."""
    return list(Endpoint.objects.filter(active=True).annotate(now=Now()).order_by("pk"))


def due(endpoint: Endpoint, now: datetime) -> QuerySet[Delivery]:
    """What may leave for an endpoint: due, held by nobody, and with no earlier one of its item waiting."""
    free = Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_at__gt=now + STEP)
    earlier = Delivery.objects.filter(
        endpoint=OuterRef("endpoint"), item=OuterRef("item"), state=State.WAITING, pk__lt=OuterRef("pk")
    )
    waiting = Delivery.objects.filter(endpoint=endpoint, state=State.WAITING)
    ready = waiting.filter(Q(due_at__lte=now) | Q(set_at__gt=now + STEP)).filter(free)
    return ready.filter(~Exists(earlier)).order_by("due_at", "pk")


def claim(endpoint: Endpoint, most: int, settings: Webhooks) -> list[Delivery]:
    """Claim up to so many; no other worker sends them until the claim has lapsed."""
    if not due(endpoint, endpoint.now).exists():
        return []  # without a transaction, which on SQLite would hold up every writer
    token, lease = uuid.uuid4(), timedelta(seconds=settings.lease_s)
    with transaction.atomic():
        found = due(endpoint, endpoint.now)
        if connection.features.has_select_for_update_skip_locked:
            found = found.select_for_update(skip_locked=True, of=("self",))
        ids = [delivery.pk for delivery in found[:most]]
        Delivery.objects.filter(pk__in=ids).update(
            claim=token, claimed_at=endpoint.now, claimed_until=endpoint.now + lease
        )
    return list(with_sequence(ids))


def record(outcomes: Sequence[tuple[Delivery, Outcome]], settings: Webhooks) -> None:
    """Record what came of tries, all or nothing."""
    with transaction.atomic():
        acts: list[Act] = []
        # In the order of their numbers, as all who lock several do.
        for delivery, outcome in sorted(outcomes, key=lambda one: one[0].pk):
            acts += _record(delivery, outcome, settings)
        append(acts)


def _record(delivery: Delivery, outcome: Outcome, settings: Webhooks) -> list[Act]:
    mine = Delivery.objects.filter(pk=delivery.pk, state=State.WAITING)
    if not outcome.problem:
        # Whoever holds the claim by now: it has arrived.
        mine.update(state=State.DELIVERED, ended_at=Now(), claimed_until=None, problem="")
        return []
    mine = mine.filter(claim=delivery.claim)
    attempts = delivery.attempts + 1
    told = {"attempts": F("attempts") + 1, "claimed_until": None, "problem": outcome.problem[:300]}
    endpoint = delivery.endpoint
    if not outcome.gone and attempts < settings.tries:
        now = Delivery.objects.filter(pk=delivery.pk).annotate(now=Now()).values_list("now", flat=True).get()
        mine.update(**told, set_at=now, due_at=now + timedelta(seconds=settings.wait_s(attempts)))
        return []
    acts = []
    if mine.update(**told, state=State.DEAD, ended_at=Now()):
        subject, details = f"delivery:{delivery.pk}", {"webhook": endpoint.name, "attempts": attempts}
        acts.append(Act("tidegate", "delivery.dead", endpoint.zone, subject, details))
    if outcome.gone and Endpoint.objects.filter(pk=endpoint.pk, active=True).update(active=False):
        acts.append(Act("tidegate", "webhook.disabled", endpoint.zone, str(endpoint), {"answered": 410}))
    return acts
