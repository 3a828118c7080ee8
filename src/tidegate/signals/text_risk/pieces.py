"""From texts to the numbers of their word pieces, in windows that the transformer can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import sentencepiece

Ids = NDArray[np.int64]

BEGIN, END = 0, 2
"""The numbers that open and close every window."""

WINDOW = 254
"""Word pieces that are read together; with the two marks that is what the model was trained to read."""

STRIDE = 200
"""From one window to the next, so that a sentence at a border is whole in one of them."""

MOST_WINDOWS = 64
"""Windows of one text, about 40,000 letters; of a longer one the beginning and the end are read."""


@dataclass(frozen=True)
class Piece:
    """A word piece of a text: its number, its letters, from where to before where in characters, and whether
    a space is before it."""

    id: int
    text: str
    begin: int
    end: int
    spaced: bool


def windows_of(texts: Sequence[str], pieces: sentencepiece.SentencePieceProcessor) -> list[list[Ids]]:
    """For each prepared text its windows, none for a text without a piece; shape of a window: 1 × its
    length."""
    return [
        [framed(np.array(ids[start : start + WINDOW], np.int64)) for start in window_starts(len(ids))]
        for ids in pieces.encode(list(texts))
    ]


def window_starts(count: int) -> list[int]:
    """At which of a text's pieces its windows begin."""
    starts = [0, *range(STRIDE, count - WINDOW + STRIDE, STRIDE)] if count else []
    if len(starts) > MOST_WINDOWS:
        half = MOST_WINDOWS // 2
        starts = starts[:half] + starts[-half:]
    return starts


def framed(ids: Ids) -> Ids:
    """A window as the transformer reads it: 1 × (length + 2)."""
    return np.concatenate([[BEGIN], ids, [END]]).astype(np.int64)[None]


def pieces_of(text: str, pieces: sentencepiece.SentencePieceProcessor) -> list[Piece]:
    """The word pieces of a prepared text, with their places in it."""
    sizes = [len(char.encode("utf-8", "replace")) for char in text]
    bytes_to = np.cumsum([0, *sizes])
    found = []
    for one in pieces.encode(text, return_type="proto").pieces:
        begin, end = (int(at) for at in np.searchsorted(bytes_to, (one.begin, one.end)))
        surface = text[begin:end]
        begin += len(surface) - len(surface.lstrip())
        found.append(Piece(one.id, one.piece.lstrip("▁"), min(begin, end), end, one.piece.startswith("▁")))
    return found
