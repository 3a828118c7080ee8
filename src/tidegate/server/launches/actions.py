"""Publishing a strategy, and choosing which version decides."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from tidegate.errors import RunError, Where
from tidegate.runs.bench import set_up
from tidegate.server.launches.models import Activation, StrategyVersion
from tidegate.server.ledger.actions import Act, append


def publish(path: Path, message: str, *, actor: str, activate: bool = True) -> StrategyVersion:
    """Check a strategy, store it as a version that never changes, and let it decide from now on.

    Raises:
        StrategyError: it does not load; nothing is stored then.
        RunError: its newest version is the same.
    """
    strategy = set_up(path).strategy
    with transaction.atomic():
        mine = StrategyVersion.objects.filter(name=strategy.name)
        newest = mine.order_by("-number").first()
        digest = hashlib.sha256(strategy.text.encode()).hexdigest()
        if newest is not None and newest.digest == digest:
            raise RunError(
                f"version {newest.number} of '{strategy.name}' is this very text",
                where=Where(path),
                remedy=f"To let it decide again: tidegate activate {strategy.name} {newest.number}.",
            )
        version = StrategyVersion.objects.create(
            name=strategy.name,
            number=(mine.aggregate(Max("number"))["number__max"] or 0) + 1,
            label=strategy.label,
            text=strategy.text,
            digest=digest,
            message=message,
            published_at=timezone.now(),
            published_by=actor,
        )
        acts = [_act(actor, "strategy.published", version, message=message)]
        if activate:
            acts.append(_activated(version, actor))
        append(acts)
    return version


def activate(name: str, number: int, *, actor: str) -> StrategyVersion:
    """Let a published version decide, from the next batch of items on, in every process.

    Raises:
        RunError: there is no such version.
    """
    with transaction.atomic():
        version = StrategyVersion.objects.filter(name=name, number=number).first()
        if version is None:
            raise RunError(
                f"there is no version {number} of a strategy '{name}'",
                where=Where(field="version"),
                remedy="`tidegate versions` lists what was published.",
            )
        append([_activated(version, actor)])
    return version


def active() -> tuple[int, StrategyVersion] | None:
    """The number of the newest activation and its version; None before the first."""
    newest = Activation.objects.select_related("version").order_by("-pk").first()
    return None if newest is None else (newest.pk, newest.version)


def _activated(version: StrategyVersion, actor: str) -> Act:
    Activation.objects.create(version=version, at=timezone.now(), by=actor)
    return _act(actor, "strategy.activated", version)


def _act(actor: str, act: str, version: StrategyVersion, **details: str) -> Act:
    subject = f"strategy:{version.name}:{version.number}"
    return Act(actor, act, "", subject, details, evidence=version.digest)
