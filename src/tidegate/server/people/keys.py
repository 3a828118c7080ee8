"""Making, revoking and recognising the keys of integrations."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.ledger.actions import Act, append
from tidegate.server.people.models import ApiKey
from tidegate.server.zones.scope import EVERYWHERE, checked_zone, within

SCOPES = ("items", "events", "moderations", "launches", "exports", "metrics")
PREFIX = "tg_"
KEPT_TO = timedelta(minutes=1)


def make_key(
    name: str, zone: str, scopes: Collection[str], *, actor: str, per_minute: int | None = None
) -> str:
    """Make a key and return it; it cannot be shown again.

    Args:
        per_minute: items that it may send a minute; None for no limit.

    Raises:
        RunError: the name is taken, or a scope unknown. Nothing is stored then.
    """
    checked_zone(zone)
    for scope in scopes:
        if scope not in SCOPES:
            raise RunError(
                f"there is no scope '{scope}'",
                where=Where(field="scope"),
                remedy=f"{nearest(scope, SCOPES)}Scopes are {', '.join(SCOPES)}.",
            )
    key = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            ApiKey.objects.create(
                name=name,
                zone=zone,
                scopes=sorted(scopes),
                digest=_digest(key),
                created_at=timezone.now(),
                per_minute=per_minute,
            )
            details = {"scopes": sorted(scopes), "per_minute": per_minute}
            append([Act(actor, "key.made", zone, f"key:{name}", details)])
    except IntegrityError as error:
        raise RunError(
            f"there is a key '{name}' already",
            where=Where(field="name"),
            remedy="Choose another name; a revoked key keeps its own, since the ledger speaks of it.",
        ) from error
    return key


def revoke_key(name: str, *, actor: str) -> None:
    """Revoke a key, from the next request on.

    Raises:
        RunError: there is no such key in use.
    """
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().filter(name=name, revoked_at=None).first()
        if key is None:
            raise RunError(
                f"there is no key '{name}' in use",
                where=Where(field="name"),
                remedy=nearest(name, ApiKey.objects.filter(revoked_at=None).values_list("name", flat=True)),
            )
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        append([Act(actor, "key.revoked", key.zone, str(key), {})])


def find_key(text: str) -> ApiKey | None:
    """The key in use that this text is, if it is one. That it was used is kept to the minute."""
    with within(EVERYWHERE):  # which zone it is of is what is asked here
        key = ApiKey.objects.filter(digest=_digest(text), revoked_at=None).first()
        now = timezone.now()
        if key is not None and (key.last_used_at is None or now - key.last_used_at >= KEPT_TO):
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
