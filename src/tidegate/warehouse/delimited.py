"""CSV as in RFC 4180: a header, fields in double quotes where need be, line feeds allowed in them.

A row that cannot be taken apart takes no other row with it: after a stray quote, reading goes on at the
very next line. Comma, semicolon or tab separates, whichever the header has most of.
"""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

import polars as pl

from tidegate.errors import InputError, Where
from tidegate.names import counted
from tidegate.warehouse.encodings import as_text, undecodable
from tidegate.warehouse.lines import Block, Overlong, blocks
from tidegate.warehouse.rows import Match, Problem, Rows, frame
from tidegate.warehouse.sources import Source, chunks, opened
from tidegate.warehouse.typed import infer_text, typed_text

SEPARATORS = (",", ";", "\t")
REMEDY = "Put fields with separators, quotes or line feeds in double quotes, and double the quotes in them."
UNCLOSED = "unexpected end of data"
DIAGNOSES = {
    UNCLOSED: "a quoted field is never closed",
    "expected after": "a quoted field goes on after its closing quote",
    "field limit": "a field is too long, or a quoted field is never closed",
    "new-line character": "a carriage return stands alone in an unquoted field",
    "iterator should return strings": "the line is too long to be held; only its beginning is kept here",
}
"""What the csv module's messages mean, by a part of them. The last is what it says of an `Overlong` line."""

Line = str | Overlong
"""A line with its line feed. Bytes that are not UTF-8 stand in it as lone surrogates (PEP 383)."""


@dataclass(frozen=True)
class _Part:
    """Some records: their fields, first line numbers, and which of `lines` each spans.

    Fields stand in one flat list, row after row, for a list of lists would keep the garbage collector busy.
    """

    lines: list[Line]
    fields: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)

    def raw(self, row: int) -> str | bytes:
        raw = b"".join(map(_as_bytes, self.lines[self.starts[row] : self.ends[row]]))
        return as_text(raw.removesuffix(b"\n").removesuffix(b"\r"))


class Csv:
    """Reads a source of CSV. Empty fields are null, quoted or not; blank lines are passed over."""

    def __init__(
        self, source: Source, match: Match, batch_rows: int, max_line_bytes: int, max_field_bytes: int
    ) -> None:
        self.source = source
        self._batch_rows = batch_rows
        self._max_field_bytes = max_field_bytes
        # The limit is the process's own, and by default far below what a post may hold.
        csv.field_size_limit(max(csv.field_size_limit(), max_field_bytes))
        with ExitStack() as stack:
            stream, self._stored = stack.enter_context(opened(source))
            found = blocks(chunks(stream, source), max_lines=batch_rows, max_line_bytes=max_line_bytes)
            first = _decoded(next(found, Block([], 1)))
            self._separator, self.names, spent = _header(first, source)
            self.wanted = match(self.names, {})
            self._parts = self._records(first[spent:], spent + 1, found)
            self._first = next(self._parts, None)
            self._open = stack.pop_all()

    def types(self, wanted: Sequence[str]) -> Mapping[str, pl.DataType]:
        if self._first is None:
            return {name: pl.String() for name in wanted}
        columns = self._columns(self._first, wanted)
        return {name: infer_text(columns[name]) for name in wanted}

    def rows(self, typed: Mapping[str, pl.DataType]) -> Iterator[Rows]:
        first, self._first = self._first, None
        for part in chain([first] if first else [], self._parts):
            columns = self._columns(part, [*self.wanted.values(), *typed])
            problems = list(part.problems)
            known = [typed_text(columns[name], dtype, problems) for name, dtype in typed.items()]
            height = len(part)
            yield Rows(
                columns=frame([columns[theirs].alias(ours) for ours, theirs in self.wanted.items()], height),
                typed=frame(known, height),
                numbers=part.numbers,
                raw=part.raw,
                problems=problems,
                share=self._stored.tell() / self.source.size if self.source.size else None,
            )

    def close(self) -> None:
        self._open.close()

    def _records(self, lines: list[Line], number: int, following: Iterator[Block]) -> Iterator[_Part]:
        """The records of `lines`, the first of which has this number, and of the blocks that follow."""
        for block in following:
            spent = yield from self._take_apart(lines, number, final=False)
            lines, number = lines[spent:] + _decoded(block), number + spent
        yield from self._take_apart(lines, number, final=True)

    def _take_apart(self, lines: list[Line], number: int, *, final: bool) -> Generator[_Part, None, int]:
        """The records of the lines; returns how many lines are spent. The others are a record still open."""
        clean = all(map(_is_utf8, lines))
        part = _Part(lines)
        width = len(self.names)
        start = base = 0
        reader = _reader(lines, self._separator)
        while True:
            try:
                for record in reader:
                    end = base + reader.line_num
                    if record:
                        fine = clean and len(record) == width
                        problem = None if fine else self._objection(record, lines[start:end])
                        self._add(part, record, number, start, end, problem)
                    start = end
                    if len(part) >= self._batch_rows:
                        yield part
                        part = _Part(lines)
                break
            except csv.Error as error:
                if UNCLOSED in str(error) and not final and self._may_go_on(lines[start:]):
                    break
                self._add(part, [], number, start, start + 1, _diagnosis(error))
                start = base = start + 1
                reader = _reader(lines, self._separator, start)
        if len(part):
            yield part
        return start

    def _may_go_on(self, lines: list[Line]) -> bool:
        """Whether a record that is still open after these lines may yet be closed by later ones."""
        return sum(map(len, lines)) <= self._max_field_bytes

    def _add(
        self,
        part: _Part,
        record: list[str],
        number: int,
        start: int,
        end: int,
        problem: tuple[str, str] | None,
    ) -> None:
        """Add a record, or an empty one where there is a problem with it."""
        if problem is not None:
            part.problems.append(Problem(len(part), None, *problem))
        part.fields.extend(record if problem is None else [""] * len(self.names))
        part.numbers.append(number + start)
        part.starts.append(start)
        part.ends.append(end)

    def _objection(self, record: list[str], lines: list[Line]) -> tuple[str, str] | None:
        """What is wrong with a record that could be taken apart, and the remedy."""
        if len(record) != len(self.names):
            return f"the row has {counted(len(record), 'field')} and the header has {len(self.names)}", REMEDY
        if all(map(_is_utf8, lines)):
            return None
        return undecodable(b"".join(map(_as_bytes, lines)))

    def _columns(self, part: _Part, wanted: Sequence[str]) -> dict[str, pl.Series]:
        found = {}
        for name in dict.fromkeys(wanted):
            values = part.fields[self.names.index(name) :: len(self.names)]
            series = pl.Series(name, values, dtype=pl.String)
            found[name] = series.set(series == "", None)
        return found


def _header(lines: list[Line], source: Source) -> tuple[str, list[str], int]:
    """The separator, the names of the columns, and how many lines the header takes."""
    if not lines:
        return SEPARATORS[0], [], 0
    separator = max(SEPARATORS, key=str(lines[0]).count)
    reader = _reader(lines, separator)
    try:
        names = next(reader)
    except csv.Error as error:
        raise _no_header(_diagnosis(error)[0], source) from error
    raw = b"".join(map(_as_bytes, lines[: reader.line_num]))
    if not isinstance(as_text(raw), str):
        what, remedy = undecodable(raw)
        raise InputError(what, where=Where(source.name, line=1), remedy=remedy)
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise _no_header(f"the header has the column '{twice[0]}' twice", source)
    return separator, names, reader.line_num


def _reader(lines: list[Line], separator: str, start: int = 0) -> Any:
    """The csv module's reader from line `start` on, which stops with an error at an `Overlong` line."""
    following = map(lines.__getitem__, range(start, len(lines)))
    return csv.reader(cast(Iterator[str], following), delimiter=separator, strict=True)


def _no_header(what: str, source: Source) -> InputError:
    return InputError(
        what, where=Where(source.name, line=1), remedy="Let the first line name the columns, each once."
    )


def _decoded(block: Block) -> list[Line]:
    return [
        line if isinstance(line, Overlong) else line.decode("utf-8", "surrogateescape") + "\n"
        for line in block.lines
    ]


def _is_utf8(line: Line) -> bool:
    """Whether the line was UTF-8 before it was decoded."""
    if isinstance(line, Overlong) or line.isascii():
        return True
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _as_bytes(line: Line) -> bytes:
    return line if isinstance(line, Overlong) else line.encode("utf-8", "surrogateescape")


def _diagnosis(error: csv.Error) -> tuple[str, str]:
    said = str(error)
    return next((meaning for part, meaning in DIAGNOSES.items() if part in said), said), REMEDY
