"""How the digest of a row is made, and what a broken chain looks like.

A hash chain as in S. Haber and W. S. Stornetta, How to time-stamp a digital document (1991), section 4.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
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


@dataclass(frozen=True)
class Anchor:
    """What the digest of a row was at a time, kept elsewhere."""

    number: int
    digest: str
    at: str


class UnreadableError(Exception):
    """The database cannot read a row: its bytes are no row any more."""


def first_break(
    rows: Iterable[tuple[Row, str]], end: tuple[int, str], anchors: Iterable[Anchor] = ()
) -> Break | None:
    """The first row whose number or digest does not follow from the row before it, or is not as anchored.

    Args:
        rows: rows with their stored digests, by number. Raises `UnreadableError` at one that cannot be read.
        end: number and digest that the last row is recorded to have.
        anchors: that the chain must run through.
    """
    anchored: dict[int, list[Anchor]] = defaultdict(list)  # one row may be anchored twice, and differently
    for one in anchors:
        anchored[one.number].append(one)
    number, before = 0, FIRST
    try:
        for row, stored in rows:
            if row.number != number + 1:
                return Break(number + 1, f"row {number + 1} is missing")
            if not _follows(row, stored, before):
                return Break(row.number, f"row {row.number} was changed")
            number, before = row.number, stored
            others = [one for one in anchored.get(number, ()) if one.digest != stored]
            if others:
                at = others[0].at
                return Break(
                    number, f"row {number} is not the one that was anchored at {at}: the past was rewritten"
                )
    except UnreadableError:
        return Break(number + 1, f"row {number + 1} cannot be read")
    beyond = [one for same in anchored.values() for one in same if one.number > number]
    if beyond and (number, before) == end:
        return Break(
            number + 1,
            f"the ledger ends after row {number}, and row {beyond[0].number} was anchored at {beyond[0].at}",
        )
    if (number, before) != end:
        return Break(number + 1, f"the ledger ends after row {number}, and ended after row {end[0]}")
    return None


def _follows(row: Row, stored: str, before: str) -> bool:
    try:
        return row.digest(before) == stored
    except TypeError:
        return False  # a text that has become something else: SQLite would keep it
