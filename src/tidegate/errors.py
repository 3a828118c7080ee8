"""Every error that Tidegate raises on purpose: what happened, where, and what to do about it.

The tree is small: one class per room, so that a caller can catch what it can mend. The command line
prints `str(error)` and leaves with `exit_code`; nothing else decides how an error looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Where:
    """A place that a person can go to: a file, perhaps a line (from 1) and a field."""

    file: str | Path | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = str(self.file) if self.file is not None else ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        if self.field is not None:
            place = f"{place}, field '{self.field}'" if place else f"field '{self.field}'"
        return place


class TidegateError(Exception):
    """What happened, where, and the remedy."""

    exit_code = 2

    def __init__(self, what: str, *, where: Where | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where or Where()
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        place = str(self.where)
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}\n  → {self.remedy}" if self.remedy else text


class InputError(TidegateError):
    """A file of items or labels cannot be read as such."""


class WorkspaceError(TidegateError):
    """tidegate.toml, or the workspace around it, is not whole."""


class PolicyError(TidegateError):
    """A written policy or its golden cases are not whole."""


class SignalError(TidegateError):
    """A detector cannot be set up, or cannot be asked."""


class ProblemsError(TidegateError):
    """Every problem that was found, not only the first, so that an author mends them in one pass."""

    def __init__(self, problems: Iterable[TidegateError]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(first.what, where=first.where, remedy=first.remedy)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class StrategyError(ProblemsError):
    """A strategy cannot be loaded."""


class MeasureError(TidegateError):
    """A figure that was asked for cannot be honestly given."""


class RunError(TidegateError):
    """A run folder is missing, unfinished, or was made from other input."""
