"""Every problem of a folder of policies at once, so that its author mends them in one pass.

A `Report` gathers what is wrong with one file while reading goes on; `PoliciesError` is what is raised
at the end. Which things are wrong is for the readers to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tidegate.errors import PolicyError, ProblemsError, Where


class PoliciesError(ProblemsError, PolicyError):
    """Policies or golden cases cannot be loaded."""


@dataclass
class Report:
    """The problems of one file, in the order in which they were met."""

    file: Path
    problems: list[PolicyError] = field(default_factory=list)

    def add(self, what: str, *, line: int | None = None, field: str | None = None, remedy: str) -> None:
        self.problems.append(PolicyError(what, where=Where(self.file, line, field), remedy=remedy))


def raise_any(*reports: Report) -> None:
    """Raise what the reports hold, file by file and in the order of lines; return where they hold nothing."""
    problems = [
        problem
        for report in reports
        for problem in sorted(report.problems, key=lambda problem: problem.where.line or 0)
    ]
    if problems:
        raise PoliciesError(problems)
