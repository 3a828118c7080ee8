"""From texts to the numbers of their word pieces, in windows that the transformer can read."""

from __future__ import annotations

from collections.abc import Sequence
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


def windows_of(texts: Sequence[str], pieces: sentencepiece.SentencePieceProcessor) -> list[list[Ids]]:
    """For each prepared text its windows, none for a text without a piece; shape of a window: 1 × its
    length."""
    return [_windows(ids) for ids in pieces.encode(list(texts))]


def _windows(ids: list[int]) -> list[Ids]:
    starts = [0, *range(STRIDE, len(ids) - WINDOW + STRIDE, STRIDE)] if ids else []
    if len(starts) > MOST_WINDOWS:
        half = MOST_WINDOWS // 2
        starts = starts[:half] + starts[-half:]
    return [np.array([[BEGIN, *ids[start : start + WINDOW], END]], np.int64) for start in starts]
