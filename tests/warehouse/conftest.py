"""Reading a file in a test, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from tidegate.tables import ITEMS
from tidegate.warehouse import RejectWriter, read_items


@dataclass(frozen=True)
class Reading:
    """The items, the rejects and the truth that a file gave."""

    items: pl.DataFrame
    rejects: list[dict[str, Any]]
    truth: pl.DataFrame | None
    batch_sizes: list[int]

    @property
    def ids(self) -> list[str]:
        return self.items["id"].to_list()

    @property
    def texts(self) -> list[str]:
        return self.items["text"].to_list()

    @property
    def problems(self) -> list[tuple[int, str | None]]:
        """Line (or row) and field of every reject."""
        return [(reject["line"] or reject["row"], reject["field"]) for reject in self.rejects]


Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(source: Any, **how: Any) -> Reading:
        path = tmp_path / "rejected.jsonl"
        with RejectWriter(path) as rejects:
            batches = list(read_items(source, rejects=rejects, **how))
        lines = path.read_bytes().splitlines() if path.exists() else []
        assert rejects.count == len(lines)
        for batch in batches:
            assert dict(batch.items.schema) == ITEMS.schema
        truths = [batch.truth for batch in batches if batch.truth is not None]
        return Reading(
            items=pl.concat([batch.items for batch in batches]),
            rejects=[orjson.loads(line) for line in lines],
            truth=pl.concat(truths) if truths else None,
            batch_sizes=[len(batch.items) for batch in batches],
        )

    return read


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return file
