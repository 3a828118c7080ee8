"""The section [intake] of tidegate.toml: how long items wait for detectors, and how they are finished."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.errors import Where, WorkspaceError
from tidegate.names import nearest
from tidegate.runs.workspace import FILE

LONGEST_MS = 25_000
"""A request gives up after 30 seconds; what is pending must be answered before."""


@dataclass(frozen=True)
class Intake:
    """Settings with their defaults."""

    deadline_ms: float | None = None
    """How long a batch waits for detectors; None for as long as they take."""
    lease_s: float = 60.0
    """How long a worker holds what it finishes; another one takes over then."""

    @property
    def deadline_s(self) -> float | None:
        return None if self.deadline_ms is None else self.deadline_ms / 1_000


def intake(workspace: Path) -> Intake:
    """The settings of a workspace.

    Raises:
        WorkspaceError: there is no such setting, or its value cannot be meant.
    """
    path = workspace / FILE
    section = tomllib.loads(path.read_text(encoding="utf-8")).get("intake", {})
    names = [one.name for one in fields(Intake)]
    most = {"deadline_ms": LONGEST_MS, "lease_s": 86_400}
    for name, value in section.items():
        where = Where(path, field=f"intake.{name}")
        if name not in names:
            raise WorkspaceError(
                f"there is no setting '{name}'",
                where=where,
                remedy=f"{nearest(name, names)}Settings are {', '.join(names)}.",
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most[name]:
            raise WorkspaceError(
                f"this must be a number above 0, and at most {most[name]:,}",
                where=where,
                remedy="Mend the value, or leave it out.",
            )
    return Intake(**section)
