"""The section [intake] of tidegate.toml: how long items wait for detectors, and how they are finished."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.server.section import section

LONGEST_MS = 25_000
"""A request gives up after 30 seconds; what is pending must be answered before."""
LEAST, DAY_S = 0.001, 86_400


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
    given = section(workspace, "intake").knows([one.name for one in fields(Intake)])
    waits = "deadline_ms" in given.given
    return Intake(
        deadline_ms=given.number("deadline_ms", 500, LEAST, LONGEST_MS) if waits else None,
        lease_s=given.number("lease_s", Intake.lease_s, LEAST, DAY_S),
    )
