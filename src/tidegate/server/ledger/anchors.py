"""Anchors: the last row's number and digest at a time, kept where whoever owns the database cannot reach.

Publishing digests so that the past cannot be rewritten: D. Bayer, S. Haber and W. S. Stornetta, Improving the
efficiency and reliability of digital time-stamping (1993).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import orjson

from tidegate.errors import RunError, Where
from tidegate.server.ledger.chain import FIRST, Anchor
from tidegate.server.ledger.models import Head

FILE = "anchors.jsonl"
"""In the workspace. A worker appends to it once a day."""


def anchor() -> Anchor:
    """The ledger as it ends now."""
    head = Head.objects.filter(pk=1).first()
    number, digest = (head.number, head.digest) if head is not None else (0, FIRST)
    return Anchor(number, digest, datetime.now(UTC).isoformat(timespec="seconds"))


def line(one: Anchor) -> str:
    return orjson.dumps(asdict(one)).decode()


def write(path: Path, one: Anchor) -> None:
    """Append to a file; not where it ends with this row already."""
    known = read(path) if path.exists() else []
    if one.number and (not known or known[-1].number != one.number):
        with path.open("a", encoding="utf-8") as file:
            file.write(line(one) + "\n")


def read(path: Path) -> list[Anchor]:
    """
    Raises:
        RunError: a line of the file is no anchor.
    """
    found = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(Anchor(**orjson.loads(text)))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise RunError(
                "this line is no anchor",
                where=Where(path, line=number),
                remedy="Lines are as `tidegate ledger anchor` prints them.",
            ) from error
    return found
