"""rejected.jsonl: the rows that could not be read, each with its place, what is wrong, what to do, and
itself.

Whether a row is to be rejected is for the readers to say.
"""

from __future__ import annotations

import base64
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


class RejectWriter:
    """Writes rejects to `path`, which comes into being with the first of them.

    A file from before is removed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
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
