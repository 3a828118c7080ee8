"""What occurred, as a platform tells it, and the digest by which a retry is recognised."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import orjson

REPORT, APPEAL, VIEWS = "report", "appeal", "views"


@dataclass(frozen=True)
class Occurrence:
    """One event, told by `actor` for a zone; `item_id` is the platform's id of the item.

    `at` is None where the platform does not say when; then it is when the event arrives.
    """

    actor: str
    zone: str
    external_id: str
    item_id: str
    type: str
    by: str | None = None
    reason: str | None = None
    statement: str | None = None
    views: int | None = None
    at: datetime | None = None

    @cached_property
    def canonical(self) -> bytes:
        at = None if self.at is None else self.at.isoformat()
        fields = [self.item_id, self.type, self.by, self.reason, self.statement, self.views, at]
        return orjson.dumps(fields)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()
