"""What arrives: an item as a platform sent it, and the digest by which a retry is recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

CONTENT = ("kind", "text", "media", "language", "market", "surface", "author_id", "created_at", "context")
"""The columns that make up content. Views are not among them: they change without the item changing."""


@dataclass(frozen=True)
class Arrival:
    """One item, sent by `actor` for a zone. `content` holds the columns of `CONTENT`."""

    actor: str
    zone: str
    external_id: str
    content: Mapping[str, Any]
    views: int | None

    @property
    def key(self) -> tuple[str, str]:
        return self.zone, self.external_id

    @property
    def characters(self) -> int:
        """How much there is to read."""
        return len(self.content["text"] or "") + len(self.content["context"] or "")

    @cached_property
    def canonical(self) -> bytes:
        return orjson.dumps({name: _plain(self.content[name]) for name in CONTENT})

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
