"""JSON Lines: one object a line. Blank lines are passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson
import polars as pl

from tidegate.errors import InputError, Where
from tidegate.tables import Table
from tidegate.warehouse.encodings import as_text, undecodable
from tidegate.warehouse.lines import Block, Overlong, blocks
from tidegate.warehouse.rows import Match, Problem, Rows, frame
from tidegate.warehouse.sources import Source, chunks, opened
from tidegate.warehouse.typed import infer, typed_series
from tidegate.warehouse.values import ACCEPTED, Kind, kind_of

JSON_NAMES = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True)
class _Part:
    """The objects of a block; an empty one, and a problem, where a line holds none."""

    lines: list[bytes]
    numbers: Sequence[int]
    docs: list[dict[str, Any]]
    problems: list[Problem]


class JsonLines:
    """Reads a source of JSON Lines."""

    def __init__(
        self, source: Source, table: Table, match: Match, batch_rows: int, max_line_bytes: int
    ) -> None:
        self.source = source
        self._match = match
        self._kinds = {column.name: kind_of(column) for column in table.columns}
        with ExitStack() as stack:
            stream, self._stored = stack.enter_context(opened(source))
            found = blocks(chunks(stream, source), max_lines=batch_rows, max_line_bytes=max_line_bytes)
            self._parts = map(_parse, found)
            self._first = next(self._parts, None)
            self._names: dict[str, None] = {}
            self.wanted: Mapping[str, str] = {}
            if self._first is not None:
                _refuse_other_text(self._first, source)
                self._meet(self._first)
            self._open = stack.pop_all()

    @property
    def names(self) -> Sequence[str]:
        return list(self._names)

    def types(self, wanted: Sequence[str]) -> Mapping[str, pl.DataType]:
        docs = self._first.docs if self._first else []
        return {name: infer([doc.get(name) for doc in docs]) for name in wanted}

    def rows(self, typed: Mapping[str, pl.DataType]) -> Iterator[Rows]:
        first, self._first = self._first, None
        for part in chain([first] if first else [], self._parts):
            if part.docs:
                self._meet(part)
                yield self._rows(part, typed)

    def close(self) -> None:
        self._open.close()

    def _meet(self, part: _Part) -> None:
        """Match columns not met before: one may show up late, in objects that leave out what is null."""
        if not self._names.keys() >= set().union(*part.docs):
            self._names |= dict.fromkeys(chain.from_iterable(part.docs))
            self.wanted = self._match(self.names, self.wanted)

    def _rows(self, part: _Part, typed: Mapping[str, pl.DataType]) -> Rows:
        problems = list(part.problems)
        columns = []
        for ours, theirs in self.wanted.items():
            values = [doc.get(theirs) for doc in part.docs]
            columns.append(_series(ours, values, self._kinds[ours], problems))
        known = [
            typed_series(name, [doc.get(name) for doc in part.docs], dtype, problems)
            for name, dtype in typed.items()
        ]
        height = len(part.docs)
        return Rows(
            columns=frame(columns, height),
            typed=frame(known, height),
            numbers=part.numbers,
            raw=lambda row: as_text(part.lines[row]),
            problems=problems,
            share=self._stored.tell() / self.source.size if self.source.size else None,
        )


def _parse(block: Block) -> _Part:
    lines: list[bytes] = block.lines
    numbers: Sequence[int] = range(block.first, block.first + len(lines))
    try:
        docs = list(map(orjson.loads, lines))
        if set(map(type, docs)) <= {dict}:
            return _Part(lines, numbers, docs, [])
    except orjson.JSONDecodeError:
        pass
    return _parse_one_by_one(lines, numbers)


def _parse_one_by_one(lines: list[bytes], numbers: Sequence[int]) -> _Part:
    filled = [place for place, line in enumerate(lines) if line.strip()]
    part = _Part([lines[place] for place in filled], [numbers[place] for place in filled], [], [])
    for row, line in enumerate(part.lines):
        found = _object(line)
        if isinstance(found, dict):
            part.docs.append(found)
        else:
            part.docs.append({})
            part.problems.append(Problem(row, None, *found))
    return part


def _object(line: bytes) -> dict[str, Any] | tuple[str, str]:
    """The object on a line, or what is wrong with the line and the remedy."""
    if isinstance(line, Overlong):
        return "the line is too long to be held", "Split it; only its beginning is kept here."
    if not isinstance(as_text(line), str):
        return undecodable(line)
    try:
        doc = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return (
            f"this is not JSON: {error.msg} at character {error.pos + 1}",
            "Write one JSON object on the line.",
        )
    if not isinstance(doc, dict):
        return (
            f"this is {JSON_NAMES.get(type(doc), 'null')}, not an object",
            "Write one JSON object on the line.",
        )
    return doc


def _series(ours: str, values: list[Any], kind: Kind, problems: list[Problem]) -> pl.Series:
    """The values of one column; those of a JSON type that it cannot have are null and a problem."""
    try:
        # Most columns hold text and nothing else, whatever they are for.
        return pl.Series(ours, values, dtype=pl.String, strict=True)
    except TypeError:
        pass
    types = set(map(type, values)) - {type(None)}
    wrong = types - ACCEPTED[kind]
    if wrong:
        problems += [
            Problem(
                row,
                ours,
                f"the value is {JSON_NAMES[type(value)]}, not {kind.value}",
                f"Write {kind.value}, or leave it empty.",
            )
            for row, value in enumerate(values)
            if type(value) in wrong
        ]
        values = [None if type(value) in wrong else value for value in values]
        types -= wrong
    dtype = {str: pl.String, int: pl.Int64, float: pl.Float64, bool: pl.Boolean}[next(iter(types), str)]
    if len(types) < 2:
        try:
            return pl.Series(ours, values, dtype=dtype, strict=True)
        except (TypeError, OverflowError):
            pass
    # Several types, or a whole number beyond 64 bits: as text they stay what they are.
    return pl.Series(ours, [None if value is None else str(value) for value in values], dtype=pl.String)


def _refuse_other_text(part: _Part, source: Source) -> None:
    if not part.docs:
        return
    if part.lines[0].lstrip().startswith(b"["):
        raise InputError(
            "this is one JSON array, not one object a line",
            where=source.where,
            remedy="Turn it into JSON Lines: jq -c '.[]' FILE > FILE.jsonl",
        )
    if len(part.problems) == len(part.docs):
        first = part.problems[0]
        raise InputError(
            f"no line is a JSON object; of the first one: {first.what}",
            where=Where(source.name, line=part.numbers[0]),
            remedy=f"{first.remedy} If this is another format, name it: csv or parquet.",
        )
