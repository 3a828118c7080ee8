"""The section [intake] of tidegate.toml: how long a text may be, how long items wait for detectors, and how
they are finished."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from tidegate.runs.section import section
from tidegate.runs.workspace import FILE
from tidegate.warehouse.items import LongestText

LONGEST_MS = 25_000
"""A request gives up after 30 seconds; what is pending must be answered before."""
LEAST, DAY_S = 0.001, 86_400
LONGEST_TEXT = 200_000
"""Characters: a novella. Reading one costs about two seconds of a processor, and no text costs more."""
SPLIT = (
    "Send its parts as items of their own, or raise longest_text in the section [intake] of tidegate.toml."
)
"""What to do about a text that is longer."""
MOST_TEXT = 10_000_000
"""A longer text than that fits into no request and no field of a file."""


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


def intake(workspace: Path) -> Intake:
    """The settings of a workspace; the defaults where it has no tidegate.toml.

    Raises:
        WorkspaceError: there is no such setting, or its value cannot be meant.
    """
    if not (workspace / FILE).is_file():
        return Intake()
    given = section(workspace, "intake").knows([one.name for one in fields(Intake)])
    waits = "deadline_ms" in given.given
    return Intake(
        deadline_ms=given.number("deadline_ms", 500, LEAST, LONGEST_MS) if waits else None,
        lease_s=given.number("lease_s", Intake.lease_s, LEAST, DAY_S),
        longest_text=given.whole("longest_text", LONGEST_TEXT, 1, MOST_TEXT),
    )


def longest_text(workspace: Path) -> LongestText:
    """How long a text read from a file may be, as one that is sent to the service.

    Raises:
        WorkspaceError: as of `intake`.
    """
    return LongestText(intake(workspace).longest_text, SPLIT)
