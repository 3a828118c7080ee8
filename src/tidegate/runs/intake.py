"""The section [intake] of tidegate.toml: how long a text may be, how long items wait for detectors, and how
they are finished."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE
from tidegate.warehouse.items import LongestText

LONGEST_MS = 25_000
"""A request gives up after 30 seconds; what is pending must be answered before."""
LONGEST_TEXT = 200_000
"""Characters: a novella. Reading one costs about two seconds of a processor, and no text costs more."""
SPLIT = (
    "Send its parts as items of their own, or raise longest_text in the section [intake] of tidegate.toml."
)
"""What to do about a text that is longer."""


@dataclass(frozen=True)
class Intake:
    """Settings with their defaults."""

    deadline_ms: float | None = None
    """How long a batch waits for detectors; None for as long as they take."""
    lease_s: float = 60.0
    """How long a worker holds what it finishes; another one takes over then."""
    longest_text: int = LONGEST_TEXT
    """How many characters (code points) one text or context may have."""

    @property
    def deadline_s(self) -> float | None:
        return None if self.deadline_ms is None else self.deadline_ms / 1_000


MOST = {"deadline_ms": LONGEST_MS, "lease_s": 86_400, "longest_text": 10_000_000}
"""The most that each may be; a longer text than that fits into no request and no field of a file."""


def intake(workspace: Path) -> Intake:
    """The settings of a workspace; the defaults where it has no tidegate.toml.

    Raises:
        WorkspaceError: there is no such setting, or its value cannot be meant.
    """
    path = workspace / FILE
    if not path.is_file():
        return Intake()
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("intake", {})
    names = [one.name for one in fields(Intake)]
    for name, value in section.items():
        where = Where(path, field=f"intake.{name}")
        if name not in names:
            raise WorkspaceError(
                f"there is no setting '{name}'",
                where=where,
                remedy=f"{nearest(name, names)}Settings are {', '.join(names)}.",
            )
        whole = name == "longest_text"
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not 0 < value <= MOST[name]:
            raise WorkspaceError(
                f"this must be a {'whole ' if whole else ''}number above 0, and at most {MOST[name]:,}",
                where=where,
                remedy="Mend the value, or leave it out.",
            )
    return Intake(**section)


def longest_text(workspace: Path) -> LongestText:
    """How long a text read from a file may be, as one that is sent to the service.

    Raises:
        WorkspaceError: as of `intake`.
    """
    return LongestText(intake(workspace).longest_text, SPLIT)
