"""How the digest of a row is made, and what a broken chain looks like.

A hash chain as in S. Haber and W. S. Stornetta, How to time-stamp a digital document (1991), section 4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

FIRST = "0" * 64
"""What stands before the first row."""


@dataclass(frozen=True)
class Row:
    """A row of the ledger without its digest, exactly as it is stored."""

    number: int
    at: str
    actor: str
    act: str
    zone: str
    subject: str
    details: str
    evidence: str

    def digest(self, before: str) -> str:
        fields = [before, self.number, self.at, self.actor, self.act, self.zone, self.subject]
        text = json.dumps([*fields, self.details, self.evidence], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Break:
    """The first row that does not fit, and what is wrong with it."""

    number: int
    problem: str


def first_break(rows: Iterable[tuple[Row, str]], end: tuple[int, str]) -> Break | None:
    """The first row whose number or digest does not follow from the row before it.

    Args:
        rows: rows with their stored digests, by number.
        end: number and digest that the last row is recorded to have.
    """
    number, before = 0, FIRST
    for row, stored in rows:
        if row.number != number + 1:
            return Break(number + 1, f"row {number + 1} is missing")
        if row.digest(before) != stored:
            return Break(row.number, f"row {row.number} was changed")
        number, before = row.number, stored
    if (number, before) != end:
        return Break(number + 1, f"the ledger ends after row {number}, and ended after row {end[0]}")
    return None
