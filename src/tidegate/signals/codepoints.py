"""A batch of texts as one array of code points, so that NumPy can look at all characters at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNICODE_SIZE = 0x110000

Ranges = Iterable[tuple[int, int]]
"""Inclusive first and last code points."""


@dataclass(frozen=True)
class CodePoints:
    """`points` holds all characters one after another; text i is `points[starts[i]:starts[i + 1]]`."""

    points: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @property
    def texts(self) -> int:
        return len(self.starts) - 1


def code_points(texts: Sequence[str]) -> CodePoints:
    """Code points of n texts; lone surrogates and NUL are characters like any other."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=starts[1:])
    data = "".join(texts).encode("utf-32-le", "surrogatepass")
    return CodePoints(np.frombuffer(data, np.uint32), starts)


def text_of(starts: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The text that each character position lies in (empty texts own no position)."""
    return np.searchsorted(starts, positions, side="right") - 1


def mark(table: NDArray[np.uint8], ranges: Ranges, value: int) -> None:
    """Set `value` in a table of one byte per code point, over inclusive ranges."""
    for first, last in ranges:
        table[first : last + 1] = value
