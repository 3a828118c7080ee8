"""Appending to the ledger, within the transaction of the act itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tidegate.server.ledger.chain import FIRST, Break, Row, first_break
from tidegate.server.ledger.models import Entry, Head

AT_ONCE = 5_000


@dataclass(frozen=True)
class Act:
    """What somebody did. Neither subject nor details may hold content or a person's data.

    `evidence` is the digest (`evidence_of`) of what the act speaks of; empty for none.
    """

    actor: str
    act: str
    zone: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    evidence: str = ""


def append(acts: Sequence[Act]) -> None:
    """Append acts in order. To be called last in a transaction: writers wait here for one another."""
    if not acts:
        return
    head = Head.objects.select_for_update().filter(pk=1).first() or Head(pk=1, number=0, digest=FIRST)
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    entries = []
    for act in acts:
        row = Row(
            number=head.number + 1,
            at=at,
            actor=act.actor,
            act=act.act,
            zone=act.zone,
            subject=act.subject,
            details=json.dumps(dict(act.details), ensure_ascii=True, sort_keys=True, separators=(",", ":")),
            evidence=act.evidence,
        )
        head.number, head.digest = row.number, row.digest(head.digest)
        entries.append(Entry(**vars(row), digest=head.digest))
    Entry.objects.bulk_create(entries)
    head.save()


def evidence_of(salt: bytes, what: bytes) -> str:
    """The digest of what an act speaks of; without the salt it says nothing about it."""
    return hashlib.sha256(salt + what).hexdigest()


def verify() -> tuple[int, Break | None]:
    """How many rows there are, and the first that is wrong, if any."""
    head = Head.objects.filter(pk=1).first()
    end = (head.number, head.digest) if head is not None else (0, FIRST)
    return end[0], first_break(_rows(), end)


def _rows() -> Iterator[tuple[Row, str]]:
    for entry in Entry.objects.order_by("number").iterator(chunk_size=AT_ONCE):
        fields = ("number", "at", "actor", "act", "zone", "subject", "details", "evidence")
        yield Row(**{name: getattr(entry, name) for name in fields}), entry.digest
