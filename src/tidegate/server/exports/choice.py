"""Which decisions are asked for: of one zone, by one version of a strategy, in a stretch of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from tidegate.server.content.models import Decision, ItemVersion, Pending
from tidegate.server.launches.models import StrategyVersion

AT_ONCE = 10_000


@dataclass(frozen=True)
class Choice:
    """The decisions of a zone by a version of a strategy, from `since` on and before `until`."""

    zone: str
    version: StrategyVersion
    since: datetime | None = None
    until: datetime | None = None

    @property
    def decisions(self) -> QuerySet[Decision]:
        """On each item the newest of these."""
        mine: dict[str, Any] = {"strategy": self.version.name, "strategy_version": self.version.label}
        if self.since is not None:
            mine["decided_at__gte"] = self.since
        if self.until is not None:
            mine["decided_at__lt"] = self.until
        later = Decision.objects.filter(item=OuterRef("item"), pk__gt=OuterRef("pk"), **mine)
        return Decision.objects.filter(item__zone=self.zone, **mine).exclude(Exists(later))


def pending_in(zone: str) -> int:
    """How many items of a zone wait for a decision, and so are in no run."""
    return Pending.objects.filter(item__zone=zone).count()


def rows(choice: Choice) -> Iterator[list[tuple[Decision, ItemVersion]]]:
    """The decisions with what they were made on, in the order in which they were made, batch by batch.

    Decisions never change, so those up to the newest one at the start are the same however long this takes.
    """
    newest = choice.decisions.order_by("-pk").values_list("pk", flat=True).first()
    last = 0
    while newest is not None:
        found = choice.decisions.filter(pk__gt=last, pk__lte=newest).select_related("item")
        batch = list(found.order_by("pk")[:AT_ONCE])
        if not batch:
            return
        last = batch[-1].pk
        versions = {
            (version.item_id, version.number): version
            for version in ItemVersion.objects.filter(item__in=[decision.item_id for decision in batch])
        }
        yield [(decision, versions[decision.item_id, decision.item_version]) for decision in batch]
