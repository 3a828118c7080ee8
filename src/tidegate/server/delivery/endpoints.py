"""Adding, changing and removing endpoints."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.delivery.models import EVENTS, Delivery, Endpoint, State
from tidegate.server.delivery.settings import Webhooks
from tidegate.server.delivery.signing import make_secret
from tidegate.server.ledger.actions import Act, append

BOTH_VALID = timedelta(hours=24)
"""How long the old secret still signs, beside the new one."""


def add_endpoint(
    name: str,
    zone: str,
    url: str,
    settings: Webhooks,
    *,
    actor: str,
    events: Collection[str] = (),
    delay_s: float | None = None,
) -> str:
    """Add an endpoint and return its secret; it is told of decisions from now on.

    Raises:
        RunError: the name is taken, or the address, an event or the delay is none. Nothing is stored then.
    """
    _check_url(url, settings)
    for event in events:
        if event not in EVENTS:
            raise RunError(
                f"there is no event '{event}'",
                where=Where(field="event"),
                remedy=f"{nearest(event, EVENTS)}Events are {', '.join(EVENTS)}.",
            )
    delay = settings.delay_s if delay_s is None else delay_s
    if not (math.isfinite(delay) and 0 <= delay < 1e9):
        raise RunError(
            "a delay is a number of seconds from 0 up", where=Where(field="delay"), remedy="Give 300, say."
        )
    secret = make_secret()
    told = sorted(events) or list(EVENTS)
    try:
        with transaction.atomic():
            endpoint = Endpoint.objects.create(
                name=name,
                zone=zone,
                url=url,
                secret=secret,
                events=told,
                delay_s=delay,
                created_at=timezone.now(),
            )
            # The address may hold a token of the platform's; the host says who is told.
            details = {"host": urlsplit(url).hostname, "events": told, "delay_s": delay}
            append([Act(actor, "webhook.added", zone, str(endpoint), details)])
    except IntegrityError as error:
        raise RunError(
            f"there is an endpoint '{name}' already",
            where=Where(field="name"),
            remedy="Choose another name; a removed endpoint keeps its own, since the ledger speaks of it.",
        ) from error
    return secret


def remove_endpoint(name: str, *, actor: str) -> int:
    """Remove an endpoint: nothing is sent any more, and what waited is dead. Returns how much that was."""
    with transaction.atomic():
        endpoint = _hold(name)
        endpoint.active, endpoint.removed = False, True
        endpoint.save(update_fields=["active", "removed"])
        waited = Delivery.objects.filter(endpoint=endpoint, state=State.WAITING).update(
            state=State.DEAD, claimed_until=None, ended_at=timezone.now(), problem="the endpoint was removed"
        )
        append([Act(actor, "webhook.removed", endpoint.zone, str(endpoint), {"dead": waited})])
    return waited


def enable_endpoint(name: str, *, actor: str) -> None:
    """Send again to an endpoint that answered 410; what waited meanwhile leaves now."""
    with transaction.atomic():
        endpoint = _hold(name)
        endpoint.active = True
        endpoint.save(update_fields=["active"])
        append([Act(actor, "webhook.enabled", endpoint.zone, str(endpoint), {})])


def rotate_secret(name: str, *, actor: str) -> str:
    """A new secret for an endpoint. For a day what is sent bears the signatures of both."""
    with transaction.atomic():
        endpoint = _hold(name)
        endpoint.old_secret, endpoint.old_until = endpoint.secret, timezone.now() + BOTH_VALID
        endpoint.secret = make_secret()
        endpoint.save(update_fields=["secret", "old_secret", "old_until"])
        append([Act(actor, "webhook.rotated", endpoint.zone, str(endpoint), {})])
    return endpoint.secret


def _hold(name: str) -> Endpoint:
    found = Endpoint.objects.select_for_update().filter(name=name, removed=False).first()
    if found is None:
        known = Endpoint.objects.filter(removed=False).values_list("name", flat=True)
        raise RunError(
            f"there is no endpoint '{name}'", where=Where(field="name"), remedy=nearest(name, known)
        )
    return found


def _check_url(url: str, settings: Webhooks) -> None:
    remedy = "Give an address such as https://hooks.example.com/tidegate."
    try:
        parts = urlsplit(url)
        sound = parts.port != 0 and bool(parts.hostname) and parts.scheme in ("https", "http")
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        raise RunError("this is no address of a webhook", where=Where(field="url"), remedy=remedy)
    if "@" in parts.netloc:
        raise RunError(
            "an address holds no name and password",
            where=Where(field="url"),
            remedy="Messages are signed: let the receiver check that.",
        )
    if parts.scheme == "http" and not settings.allow_private:
        raise RunError(
            "a webhook leaves by https",
            where=Where(field="url"),
            remedy="Within a network of your own, set allow_private = true in [webhooks] of tidegate.toml.",
        )
