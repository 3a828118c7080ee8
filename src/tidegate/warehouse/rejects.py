"""rejected.jsonl: the rows that could not be read, each with its place, what is wrong, what to do, and
itself.

Whether a row is to be rejected is for the readers to say.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from tidegate.warehouse.whole import full_disk_told


@dataclass(frozen=True)
class Reject:
    """One row that was not read. `line` counts the lines of a text file, `row` the rows of a Parquet file,
    from 1.

    `raw` is the row as it stands in the file; bytes where it is not UTF-8.
    """

    file: str
    line: int | None
    row: int | None
    field: str | None
    problem: str
    remedy: str
    raw: str | bytes

    @property
    def place(self) -> str:
        """Such as posts.csv:3, or posts.parquet, row 3."""
        return f"{self.file}, row {self.row}" if self.line is None else f"{self.file}:{self.line}"

    def as_json(self) -> bytes:
        """One line of rejected.jsonl: the raw row under `raw`, or under `raw_base64` where it is not
        UTF-8."""
        text = self.raw if isinstance(self.raw, str) else None
        encoded = base64.b64encode(self.raw).decode("ascii") if isinstance(self.raw, bytes) else None
        return orjson.dumps(
            {
                "file": self.file,
                "line": self.line,
                "row": self.row,
                "field": self.field,
                "problem": self.problem,
                "remedy": self.remedy,
                "raw": text,
                "raw_base64": encoded,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


@dataclass
class Reason:
    """Why rows were rejected: how many alike (by field, remedy, and problem but for what it quotes)."""

    first: Reject
    rows: int = 0


_WHAT_DIFFERS = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*")
"""What a problem quotes of a row: texts and numbers."""

MOST_REASONS = 100
"""So many are told apart; a file that is broken in more ways is broken altogether."""


class RejectWriter:
    """Writes rejects to `path`, which comes into being with the first of them; `reasons` sums them up.

    A file from before is removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self.reasons: dict[tuple[str | None, str, str], Reason] = {}
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with full_disk_told(self.path):
                self._file.close()

    def write(self, reject: Reject) -> None:
        """Write one row.

        Raises:
            RunError: the disk is full.
        """
        with full_disk_told(self.path):
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(reject.as_json())
        self.count += 1
        kind = reject.field, reject.remedy, _WHAT_DIFFERS.sub("…", reject.problem)
        if kind in self.reasons or len(self.reasons) < MOST_REASONS:
            self.reasons.setdefault(kind, Reason(reject)).rows += 1

    def summary(self) -> list[dict[str, object]]:
        """The reasons, most rows first: rows, field, problem and place of the first such row, remedy."""
        ordered = sorted(self.reasons.values(), key=lambda reason: -reason.rows)
        return [
            {
                "rows": reason.rows,
                "field": reason.first.field,
                "problem": reason.first.problem,
                "first": reason.first.place,
                "remedy": reason.first.remedy,
            }
            for reason in ordered
        ]
