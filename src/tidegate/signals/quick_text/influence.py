"""Which words moved a score of the quick text model: the score taken apart, exactly.

A score is a sum over features, divided by the square root of the text's energy. With that divisor as it is,
each feature adds w_f / √E, and a feature of several tokens (a pair, a triple) is shared among them equally.
For a sum of terms that count only when all their tokens are there, equal shares are the Shapley value
(Shapley 1953, for unanimity games; Štrumbelj and Kononenko 2010 for classifiers). The shares of all
tokens add up to the score. Of a long text the worst window counts, as in the score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidegate.signals.influence import Influence, influence_of
from tidegate.signals.places import places, span_in
from tidegate.signals.prepare import prepared
from tidegate.signals.quick_text.features import (
    Tokens,
    batch_of,
    buckets,
    neighbour_hashes,
    piece_hashes,
    token_hashes,
    tokens_of,
)
from tidegate.signals.quick_text.model import WINDOW, Floats, QuickTextModel, add_runs


def influence(model: QuickTextModel, text: str, harms: Sequence[str]) -> Influence:
    """How much each word (of Chinese and Japanese, each character) adds to the log-odds of these harms."""
    shares, spans = score_shares(model, text)
    columns = [model.harms.index(harm) for harm in harms]
    group = model.scores([text])[1][0]
    return influence_of(harms, spans, (shares * model.slope[group])[:, columns])


def score_shares(model: QuickTextModel, text: str) -> tuple[Floats, list[tuple[int, int]]]:
    """Each token's share of the scores, k × harms, and its place in the text; a column adds up to the
    score."""
    (plain,) = prepared([text])
    found = places(text, plain)
    parts: list[Floats] = [np.zeros((0, len(model.harms)), np.float32)]
    spans: list[tuple[int, int]] = []
    for begin in range(0, len(plain), WINDOW):
        tokens, shares = _of_window(model, plain[begin : begin + WINDOW])
        if len(shares):
            parts.append(shares)
            spans += [
                span_in(found, begin + int(start), begin + int(start + length))
                for start, length in zip(tokens.start, tokens.length, strict=True)
            ]
    if len(parts) > 2:
        worst = np.argmax([part.sum(axis=0) for part in parts[1:]], axis=0)
        for at, part in enumerate(parts[1:]):
            part[:, worst != at] = 0
    return np.concatenate(parts), spans


def _of_window(model: QuickTextModel, plain: str) -> tuple[Tokens, Floats]:
    batch = batch_of([plain])
    tokens = tokens_of(batch)
    rows = model.table[buckets(token_hashes(tokens.hash), model.bits)]
    for hashes, owner in piece_hashes(batch, tokens.start, tokens.length):
        add_runs(rows, model.table[buckets(hashes, model.bits)], owner)
    for size, (hashes, first) in zip((2, 3), neighbour_hashes(tokens), strict=True):
        share = model.table[buckets(hashes, model.bits)] / size
        for step in range(size):
            np.add.at(rows, first + step, share)
    return tokens, rows[:, :-1] / np.sqrt(rows[:, -1].sum())
