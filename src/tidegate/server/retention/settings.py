"""The section [retention] of tidegate.toml: after how many days what is erased, by kind and zone."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE

ITEMS = ("text", "image", "video", "query")
EVENTS = ("report", "appeal")
KINDS = (*ITEMS, *EVENTS)
ZONES = "zones"


@dataclass(frozen=True)
class Retention:
    """Days by kind; what is missing is kept. A zone's own days stand before those of all zones."""

    days: Mapping[str, int]
    by_zone: Mapping[str, Mapping[str, int]]

    def of(self, zone: str, kind: str) -> int | None:
        return self.by_zone.get(zone, {}).get(kind, self.days.get(kind))


def retention(workspace: Path) -> Retention:
    """The settings of a workspace.

    Raises:
        WorkspaceError: there is no such kind, or its days are no whole number above 0.
    """
    path = workspace / FILE
    section = dict(tomllib.loads(path.read_text(encoding="utf-8")).get("retention", {}))
    by_zone = section.pop(ZONES, {})
    if not isinstance(by_zone, dict):
        raise WorkspaceError(
            "zones are sections of their own",
            where=Where(path, field="retention.zones"),
            remedy="Write [retention.zones.eu].",
        )
    return Retention(
        _days(path, "retention", section),
        {zone: _days(path, f"retention.zones.{zone}", own) for zone, own in by_zone.items()},
    )


def _days(path: Path, name: str, section: Any) -> dict[str, int]:
    for kind, days in dict(section).items():
        where = Where(path, field=f"{name}.{kind}")
        if kind not in KINDS:
            raise WorkspaceError(
                f"nothing of the kind '{kind}' is kept",
                where=where,
                remedy=f"{nearest(kind, KINDS)}Kinds are {', '.join(KINDS)}.",
            )
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days < 100_000:
            raise WorkspaceError(
                "this must be a whole number of days above 0",
                where=where,
                remedy="Give 365, say.",
            )
    return dict(section)
