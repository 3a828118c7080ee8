"""What reviewers said of a judge's answers: useful, or wrong and why; one JSON object a line.

A reason may quote the post, so it is shown to the model alone, and never printed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from tidegate.errors import InputError, Where


@dataclass(frozen=True)
class Feedback:
    """On the judge's answer about an item. clause: that which it cited; why: "" where nobody said."""

    item_id: str
    useful: bool
    clause: str | None = None
    why: str = ""


KEYS = tuple(Feedback.__dataclass_fields__)


def read_feedback(path: Path) -> list[Feedback]:
    """The feedback in a file.

    Raises:
        InputError: a line is no feedback.
    """
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            found.append(_feedback(line, Where(path, number)))
    return found


def write_feedback(path: Path, feedback: Iterable[Feedback]) -> None:
    with path.open("wb") as file:
        file.writelines(orjson.dumps(asdict(one)) + b"\n" for one in feedback)


def _feedback(line: bytes, where: Where) -> Feedback:
    try:
        raw: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        raw = None
    if (
        not isinstance(raw, dict)
        or not set(raw) <= set(KEYS)
        or not isinstance(raw.get("item_id"), str)
        or not isinstance(raw.get("useful"), bool)
        or not isinstance(raw.get("clause"), str | None)
        or not isinstance(raw.get("why", ""), str)
    ):
        raise InputError(
            "this line is no feedback",
            where=where,
            remedy='Write {"item_id": "post-1", "useful": false, "clause": "V2", "why": "…"}; '
            "clause and why may be left out.",
        )
    return Feedback(**raw)
