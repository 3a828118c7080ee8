"""Batches of texts of like length, and the two ways in which training changes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.text_risk.finetune.vocabulary import UNKNOWN
from tidegate.signals.text_risk.pieces import BEGIN, END, WINDOW

FILLING = 1
JOINED_AT_MOST = 160
"""Pieces of two texts that are joined: longer ones would cost more than they teach."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """n texts as training reads them: piece numbers, `labels` (n × harms, NaN where unknown), `weights`, the
    number of each text's set, and of its language."""

    ids: list[Ints]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]
    sets: Ints
    languages: Ints

    @property
    def lengths(self) -> Ints:
        return np.array([len(ids) + 2 for ids in self.ids])


def like_lengths(lengths: Ints, chosen: Ints, pieces: int, chance: np.random.Generator | None) -> list[Ints]:
    """`chosen` in batches of at most `pieces` with filling, in order of length, or mixed by chance."""
    if chance is None:
        return _packed(lengths, chosen[np.argsort(lengths[chosen], kind="stable")], pieces)
    mixed = chance.permutation(chosen)
    found = []
    for start in range(0, len(mixed), pieces // 2):
        part = mixed[start : start + pieces // 2]
        found += _packed(lengths, part[np.argsort(lengths[part], kind="stable")], pieces)
    chance.shuffle(found)
    return found


def _packed(lengths: Ints, order: Ints, pieces: int) -> list[Ints]:
    found: list[Ints] = []
    current: list[int] = []
    longest = 0
    for i in order:
        if current and max(longest, lengths[i]) * (len(current) + 1) > pieces:
            found.append(np.array(current))
            current, longest = [], 0
        current.append(int(i))
        longest = max(longest, int(lengths[i]))
    return [*found, np.array(current)] if current else found


def filled(windows: list[Ints]) -> tuple[Ints, NDArray[np.bool_]]:
    """Piece numbers with their marks, texts × longest, and where there is no filling."""
    longest = max(map(len, windows)) + 2
    ids = np.full((len(windows), longest), FILLING, np.int64)
    seen = np.zeros(ids.shape, bool)
    for row, window in enumerate(windows):
        ids[row, : len(window) + 2] = [BEGIN, *window, END]
        seen[row, : len(window) + 2] = True
    return ids, seen


def joined(texts: Texts, chosen: Ints, share: float, chance: np.random.Generator) -> Texts:
    """The `chosen` texts as windows, a `share` of them with another of the same language before or after
    them: harm that stands among harmless words is harm. Joined before they are put into batches, so that no
    batch of short texts is filled up to the length of one that was joined."""
    windows = [texts.ids[i][:WINDOW] for i in chosen]
    labels = texts.labels[chosen].copy()
    for row in np.flatnonzero(chance.random(len(chosen)) < share):
        mine, theirs = chosen[row], int(chance.choice(chosen))
        pair = [windows[row], texts.ids[theirs]]
        if texts.languages[mine] != texts.languages[theirs] or sum(map(len, pair)) > JOINED_AT_MOST:
            continue
        windows[row] = np.concatenate(pair if chance.random() < 0.5 else pair[::-1])
        one, other = texts.labels[mine], texts.labels[theirs]
        neither = np.where((one == 0) & (other == 0), 0, np.nan)
        labels[row] = np.where((one == 1) | (other == 1), 1, neither)
    return Texts(windows, labels, texts.weights[chosen], texts.sets[chosen], texts.languages[chosen])


def hidden(ids: Ints, seen: NDArray[np.bool_], share: float, chance: np.random.Generator) -> Ints:
    """A `share` of the pieces made unknown, so that no single word decides."""
    hide = (chance.random(ids.shape) < share) & seen & (ids > UNKNOWN)
    return np.where(hide, UNKNOWN, ids)
