"""Appending to the ledger, within the transaction of the act itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Subquery

from tidegate.server import clock, rows
from tidegate.server.ledger.chain import FIRST, Anchor, Break, Row, UnreadableError, first_break
from tidegate.server.ledger.models import Entry, Head
from tidegate.server.zones.scope import EVERYWHERE, within

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


def in_turn() -> None:
    """Wait for whoever writes the ledger now: from here on this transaction sees all that was done before."""
    Head.objects.select_for_update().filter(pk=1).first()


def append(acts: Sequence[Act]) -> None:
    """Append acts in order. To be called last in a transaction: writers wait here for one another."""
    if not acts:
        return
    head = Head.objects.select_for_update().filter(pk=1).first() or Head(pk=1, number=0, digest=FIRST)
    at = clock.now().isoformat(timespec="microseconds")
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
        entries.append(vars(row) | {"digest": head.digest})
    # An act may be of another zone than whoever acts may see: a sign-in is of the zone `site`.
    with within(EVERYWHERE):
        rows.insert(Entry, entries)
    head.save()


def evidence_of(salt: bytes, what: bytes) -> str:
    """The digest of what an act speaks of; without the salt it says nothing about it."""
    return hashlib.sha256(salt + what).hexdigest()


def verify(anchors: Sequence[Anchor] = ()) -> tuple[int, Break | None]:
    """How many rows there are, and the first that is wrong, if any. Rows appended meanwhile are left out."""
    try:
        # In one statement, so that it is one moment.
        later = Exists(Entry.objects.filter(number__gt=OuterRef("number")))
        earlier = Entry.objects.filter(number__lt=1).order_by("number").values("number")[:1]
        head = Head.objects.filter(pk=1).annotate(later=later, earlier=Subquery(earlier)).first()
    except DatabaseError:
        return 0, Break(1, "where the ledger ends cannot be read")
    if head is None:
        first = Entry.objects.order_by("number").values_list("number", flat=True).first()
        return 0, None if first is None else Break(1, "where the ledger ends is not recorded")
    if head.earlier is not None:
        return head.number, Break(head.earlier, f"row {head.earlier} was put in before the first")
    if head.later:
        return head.number, Break(head.number + 1, f"row {head.number + 1} was put in after the end")
    return head.number, first_break(_rows(head.number), (head.number, head.digest), anchors)


_FIELDS = ("number", "at", "actor", "act", "zone", "subject", "details", "evidence")


def _rows(last: int) -> Iterator[tuple[Row, str]]:
    """Rows up to a number, many at a time; one at a time where many cannot be read.

    Raises:
        UnreadableError: the next row cannot be read.
    """
    done, most = 0, AT_ONCE
    while True:
        found = Entry.objects.filter(number__gt=done, number__lte=last).order_by("number")
        try:
            batch = list(found.values_list(*_FIELDS, "digest")[:most])
        except DatabaseError as error:
            if most == 1:
                raise UnreadableError from error
            most = 1
            continue
        if not batch:
            return
        for *values, digest in batch:
            yield Row(*values), digest
        done = batch[-1][0]
