"""A text file as blocks of numbered lines, in bounded memory. What a line means is for the formats to say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

BLOCK_BYTES = 32 << 20
HEAD_BYTES = 64 << 10


class Overlong(bytes):
    """The head of a line that was too long to hold."""


@dataclass(frozen=True)
class Block:
    """Some lines without their line feeds, the first of which has the number `first` (from 1)."""

    lines: list[bytes]
    first: int


def blocks(chunks: Iterable[bytes], *, max_lines: int, max_line_bytes: int) -> Iterator[Block]:
    """The chunks as blocks of `max_lines` lines, or fewer where these hold more than `BLOCK_BYTES`.

    A byte-order mark is dropped. Of a line over `max_line_bytes` only the head is kept, as `Overlong`.
    """
    number = 1
    waiting: list[bytes] = []
    size = 0
    for lines in _split(chunks, max_line_bytes):
        waiting += lines
        size += sum(map(len, lines))
        while len(waiting) >= max_lines:
            yield Block(waiting[:max_lines], number)
            number += max_lines
            waiting = waiting[max_lines:]
            size = sum(map(len, waiting))
        if size > BLOCK_BYTES:
            yield Block(waiting, number)
            number += len(waiting)
            waiting, size = [], 0
    if waiting:
        yield Block(waiting, number)


def _split(chunks: Iterable[bytes], max_line_bytes: int) -> Iterator[list[bytes]]:
    rest = b""
    cut: bytes | None = None
    at_start = True
    for chunk in chunks:
        if at_start:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            at_start = False
        if cut is not None:
            _, newline, chunk = chunk.partition(b"\n")
            if not newline:
                continue
            yield [Overlong(cut)]
            cut = None
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield lines
        if len(rest) > max_line_bytes:
            cut, rest = rest[:HEAD_BYTES], b""
    if cut is not None:
        yield [Overlong(cut)]
    elif rest:
        yield [rest]
