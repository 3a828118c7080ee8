"""Every problem of a strategy at once, so that its author mends them in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegate.errors import StrategyError, TidegateError, Where


class ConditionError(Exception):
    """Part of a condition cannot be read; `offset` is the place in its text, None where that is unknown."""

    def __init__(self, what: str, remedy: str, offset: int | None = None) -> None:
        self.what = what
        self.remedy = remedy
        self.offset = offset
        super().__init__(what)


@dataclass
class Problems:
    """The errors and warnings of one file, in the order in which they were met."""

    file: str
    errors: list[TidegateError] = field(default_factory=list)
    warnings: list[TidegateError] = field(default_factory=list)

    def error(self, what: str, *, line: int | None = None, field: str | None = None, remedy: str) -> None:
        self.errors.append(TidegateError(what, where=Where(self.file, line, field), remedy=remedy))

    def warn(self, what: str, *, line: int | None = None, field: str | None = None, remedy: str) -> None:
        self.warnings.append(TidegateError(what, where=Where(self.file, line, field), remedy=remedy))

    def raise_any(self) -> None:
        """Raise StrategyError with what was found, line by line; return where nothing was."""
        if self.errors:
            raise StrategyError(sorted(self.errors, key=lambda problem: problem.where.line or 0))
