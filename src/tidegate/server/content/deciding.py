"""A batch decided by the active strategy, with what the service itself knows of items and authors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from tidegate.runs.bench import Bench
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.counts import Batch, Key, author_signals
from tidegate.server.content.deadline import Deadline
from tidegate.server.content.models import Item
from tidegate.signals.author import SPEC as AUTHOR
from tidegate.strategy import Case, decide_online
from tidegate.tables import ITEM_SIGNALS, ITEMS, DetectorSpec, SignalStatus

Signals = dict[str, dict[str, Any]]
"""What detectors said of an item: by detector, its fields."""

NO_DEADLINE = Deadline(None)
ZONE = "zone"
"""A column of the batch's frame beside those of `tables.ITEMS`: ids are unique within a zone only."""


@dataclass(frozen=True)
class Decided:
    """A case of some content, and all that was computed of it: more than the strategy reads, for those that
    come after it.

    A case that is open, for want of a detector that had no time to answer, is no decision: see `pending`.
    """

    content: Mapping[str, Any]
    case: Case
    signals: Signals


def decide(
    bench: Bench,
    keys: Sequence[Key],
    contents: Sequence[Mapping[str, Any]],
    numbers: Sequence[Mapping[str, int | None]],
    known: Mapping[Key, Item],
    at: datetime,
    *,
    deadline: Deadline = NO_DEADLINE,
    given: Sequence[Signals] | None = None,
) -> list[Decided]:
    """Decide items, in their order.

    Args:
        keys: zone and id of each.
        contents: the columns of `arrivals.CONTENT` of each.
        numbers: views and reports of each.
        known: those items that were there before.
        deadline: until when detectors are waited for.
        given: signals of each that are there already; their detectors are not asked about it.
    """
    if not keys:
        return []
    frame = frame_of(keys, contents, numbers)
    authors = {key: content["author_id"] for key, content in zip(keys, contents, strict=True)}
    batch = Batch(at, authors, known)

    heard: dict[Key, Signals] = {
        key: dict(said) for key, said in zip(keys, given or [{}] * len(keys), strict=True)
    }

    def ask(detector: str, items: pl.DataFrame) -> pl.DataFrame:
        asked = items.select(ZONE, "id").rows()
        if detector == AUTHOR.name and detector not in bench.off:
            answer = author_signals(asked, batch)
        else:
            answer = deadline.ask(bench, detector, items)
        if detector != ITEM_SIGNALS.name:
            for key, said in zip(asked, said_by(bench.catalog.detectors[detector], answer), strict=True):
                if said is not None:
                    heard[key][detector] = said
        return answer

    there = None if given is None else [_named(said) for said in given]
    cases = decide_online(bench.strategy, frame, ask, catalog=bench.catalog, given=there)
    return [
        Decided(content, case, heard[key]) for key, content, case in zip(keys, contents, cases, strict=True)
    ]


def _named(said: Signals) -> dict[str, Any]:
    return {f"{detector}.{field}": value for detector, own in said.items() for field, value in own.items()}


def frame_of(
    keys: Sequence[Key], contents: Sequence[Mapping[str, Any]], numbers: Sequence[Mapping[str, int | None]]
) -> pl.DataFrame:
    """The columns of `tables.ITEMS`, and the zone."""
    columns = {name: [content[name] for content in contents] for name in CONTENT}
    columns |= {name: [number[name] for number in numbers] for name in ("views", "reports")}
    columns |= {"id": [external_id for _, external_id in keys]}
    frame = pl.DataFrame({name: columns[name] for name in ITEMS.names}, schema=ITEMS.schema)
    return frame.with_columns(pl.Series(ZONE, [zone for zone, _ in keys], dtype=pl.String))


def said_by(spec: DetectorSpec, answer: pl.DataFrame) -> Iterator[dict[str, Any] | None]:
    """The fields of each row; None where the detector did not compute any."""
    names = [field.name for field in spec.fields]
    values = answer.select(map(spec.column, names)).rows()
    for status, row in zip(answer[spec.status_column], values, strict=True):
        yield dict(zip(names, row, strict=True)) if status == SignalStatus.COMPUTED else None
