"""Where the characters of a prepared text stand in the original, so that people are shown what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

LARGEST = 4_000_000
"""Two stretches that differ are compared letter by letter up to this product of their lengths; above it, one
as a whole stands for the other."""

_PART = re.compile(r"\S*\s*")
_Block = tuple[bool, int, int, int, int]
"""Whether both are the same; from and to in the original, and in the prepared text."""


def places(original: str, plain: str) -> Places:
    """For each character of `plain`, the first character of `original` that it stands for, and the one after
    the last: n × 2.

    Disguises are edits in place, so the two are compared as edits of one another (`difflib`): what is equal
    stands for itself, each character of a replaced stretch for the whole of it.
    """
    lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in original)
    found = np.empty((len(plain), 2), np.int64)
    for equal, begin, end, first, last in _blocks(lowered, plain):
        if equal:
            found[first:last, 0] = np.arange(begin, end)
            found[first:last, 1] = np.arange(begin, end) + 1
        else:
            found[first:last] = begin, end
    return found


def span_in(found: Places, begin: int, end: int) -> tuple[int, int]:
    """The stretch of the original for which the characters from `begin` to before `end` stand."""
    return int(found[begin:end, 0].min()), int(found[begin:end, 1].max())


def _blocks(original: str, plain: str) -> Iterator[_Block]:
    if original == plain:
        yield True, 0, len(original), 0, len(plain)
        return
    # First by words, which is quick; then by letters within what differs.
    parts = _PART.findall(original), _PART.findall(plain)
    ends = [np.cumsum([0, *map(len, one)]) for one in parts]
    matcher = SequenceMatcher(None, *parts, autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        begin, end, first, last = (int(ends[side][at]) for side, at in ((0, i), (0, j), (1, k), (1, m)))
        if tag != "replace" or (end - begin) * (last - first) > LARGEST:
            yield tag == "equal", begin, end, first, last
            continue
        letters = SequenceMatcher(None, original[begin:end], plain[first:last], autojunk=False)
        for kind, a, b, c, d in letters.get_opcodes():
            yield kind == "equal", begin + a, begin + b, first + c, first + d
