"""The section [retention] of tidegate.toml: after how many days what is erased, by kind and zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tidegate.runs.section import Section, section

ITEMS = ("text", "image", "video", "query")
EVENTS = ("report", "appeal")
KINDS = (*ITEMS, *EVENTS)
ZONES = "zones"
USUAL, LONGEST = 365, 99_999
"""Days."""


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
    given = section(workspace, "retention").knows((*KINDS, ZONES))
    return Retention(
        _days(given), {zone: _days(own.knows(KINDS)) for zone, own in given.within(ZONES).sections()}
    )


def _days(given: Section) -> dict[str, int]:
    return {kind: given.whole(kind, USUAL, 1, LONGEST) for kind in KINDS if kind in given.given}
