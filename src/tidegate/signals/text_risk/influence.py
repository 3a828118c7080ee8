"""Which words moved a score of the text-risk model: each is left out, and the text is read again.

A word's effect is the log-odds with it less those without it (leave-one-out, or erasure: Li, Monroe and
Jurafsky 2016, arXiv 1612.08220; occlusion: Zeiler and Fergus 2014). Word pieces are taken out of what the
model reads, so that nothing else of the text is read otherwise. In writing without spaces (Chinese, Thai)
a word is a piece as the model has it. Two words that say the same hide one another, as each alone can be
spared; that is a limit of the method.

The log-odds are those of the fitted line, also where a decision holds the probability at one half. The score
of a harm is that of its worst window, and so are the effects. At most `MOST_RUNS` readings of it
are made: of a window with more words, stretches of several are left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.characters import HAN_RANGES, KANA_RANGES
from tidegate.signals.influence import Influence, influence_of
from tidegate.signals.language import identify
from tidegate.signals.places import places, span_in
from tidegate.signals.prepare import prepared
from tidegate.signals.text_risk.model import OTHER, TextRiskModel
from tidegate.signals.text_risk.pieces import WINDOW, Ids, Piece, framed, pieces_of, window_starts

MOST_RUNS = 32
"""Stretches of a window that are left out in turn: about as long as reading 32 such texts takes."""

_SPACELESS = (*HAN_RANGES, *KANA_RANGES, (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))
"""Chinese, Japanese; Thai and Lao, Burmese, Khmer: written without spaces between words."""


@dataclass(frozen=True)
class _Stretch:
    """Pieces from `first` to before `last` of the text, which are left out together."""

    first: int
    last: int


def influence(model: TextRiskModel, text: str, harms: Sequence[str]) -> Influence:
    """How much each word adds to the log-odds of these harms."""
    (plain,) = prepared([text])
    pieces = pieces_of(plain, model.pieces)
    columns = np.array([model.harms.index(harm) for harm in harms], np.int64)
    starts = window_starts(len(pieces))
    if not starts or not len(columns):
        return influence_of(harms, [], np.zeros((0, len(columns))))
    ids = np.array([piece.id for piece in pieces], np.int64)
    read = _scores(model, [ids[start : start + WINDOW] for start in starts])[:, columns]
    worst = read.argmax(axis=0)
    stretches: list[_Stretch] = []
    effects = [np.zeros((0, len(columns)))]
    for window in sorted(set(worst.tolist())):
        start = starts[window]
        stop = min(start + WINDOW, len(pieces))
        mine = [one for one in _stretches(pieces, start, stop) if _says(pieces[one.first : one.last])]
        without = _scores(
            model,
            [np.concatenate([ids[start : one.first], ids[one.last : start + WINDOW]]) for one in mine],
        )[:, columns]
        effects.append(np.where(worst == window, read[window] - without, 0.0))
        stretches += mine
    slope = _slope(model, plain)[columns]
    found = places(text, plain)
    spans = [span_in(found, pieces[one.first].begin, pieces[one.last - 1].end) for one in stretches]
    return influence_of(harms, spans, np.concatenate(effects) * slope)


def _scores(model: TextRiskModel, windows: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """Uncalibrated scores of windows, n × harms."""
    read: list[list[Ids]] = [[framed(ids)] for ids in windows]
    return model.head.scores(np.concatenate([model.no_windows, *model.encoded(read)]))


def _slope(model: TextRiskModel, plain: str) -> NDArray[np.float32]:
    language = identify([plain])[0][0]
    groups = model.head.groups
    slope: NDArray[np.float32] = model.head.slope[groups.index(language if language in groups else OTHER)]
    return slope


def _stretches(pieces: Sequence[Piece], start: int, stop: int) -> list[_Stretch]:
    """The words of a window, or stretches of as many words as it takes to be `MOST_RUNS` at most."""
    opens = [at for at in range(start, stop) if at == start or not _goes_on(pieces[at - 1], pieces[at])]
    step = -(-len(opens) // MOST_RUNS)
    edges = [*opens[::step], stop]
    return [_Stretch(a, b) for a, b in pairwise(edges)]


def _says(pieces: Sequence[Piece]) -> bool:
    """Whether there is more than spaces and punctuation."""
    return any(unicodedata.category(char)[0] not in "PZ" for piece in pieces for char in piece.text)


def _goes_on(before: Piece, piece: Piece) -> bool:
    """Whether a piece is of the same word as the one before."""
    if before.text == "":  # a space alone
        return True
    return not piece.spaced and all(map(_spells, before.text + piece.text))


def _spells(char: str) -> bool:
    """Whether it is part of a word where spaces part words: a letter, a digit, a mark, an apostrophe."""
    alone = any(low <= ord(char) <= high for low, high in _SPACELESS)
    return not alone and (unicodedata.category(char)[0] in "LNM" or char in "'’")
