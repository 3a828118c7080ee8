"""From texts to hashed features: words, their neighbours, and their pieces; all characters of a batch at
once.

A token is a word of an alphabet, one character of Chinese or Japanese, or one emoji. A text's features are
its tokens, pairs of neighbouring tokens, triples of Chinese or Japanese characters, and the pieces of 2 to 5
letters of each word. Nothing here knows a weight.

Any span of the batch has a hash in constant time: with prefix sums H[i] = Σ_{j<i} c_j P^j (mod 2^64), the
span [s, e) hashes to (H[e] - H[s]) P^{-s}, the same wherever it stands (Karp and Rabin 1987, by prefix sums).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.characters import EMOJI_RANGES, HAN_RANGES, KANA_RANGES
from tidegate.signals.codepoints import UNICODE_SIZE, CodePoints, code_points, mark, text_of

Hashes = NDArray[np.uint64]
Positions = NDArray[np.int64]

PIECES = (2, 3, 4, 5)
"""Lengths of the pieces of words, in letters."""

_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_SALT = {
    kind: np.uint64(salt)
    for kind, salt in zip(
        ("word", "pair", "triple", "piece", "start", "end"),
        (0, *(0xD6E8FEB86659FD93 * i & 0xFFFFFFFFFFFFFFFF for i in range(1, 6))),
        strict=True,
    )
}
_GAP, _WORD, _IDEOGRAPH, _EMOJI = range(4)


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch in reading order: k of them, with their text, place, length and hash."""

    text: Positions
    start: Positions
    length: Positions
    ideograph: NDArray[np.bool_]
    hash: Hashes


@dataclass(frozen=True)
class Batch:
    """What the model reads: n texts as code points, and the prefix sums from which any span is hashed."""

    points: CodePoints
    prefix: Hashes
    inverse_powers: Hashes

    def span_hashes(self, start: Positions, length: Positions | int) -> Hashes:
        hashes: Hashes = (self.prefix[start + length] - self.prefix[start]) * self.inverse_powers[start]
        return hashes


def batch_of(texts: Sequence[str]) -> Batch:
    """The batch of already prepared texts."""
    points = code_points(texts)
    n = len(points.points)
    # The sums wrap around at 2^64, which is the arithmetic that is wanted.
    prefix = np.zeros(n + 1, np.uint64)
    np.cumsum(mix(points.points.astype(np.uint64) + np.uint64(1)) * powers(_BASE, n), out=prefix[1:])
    return Batch(points, prefix, powers(_INVERSE, n + 1))


def tokens_of(batch: Batch) -> Tokens:
    points, starts = batch.points.points, batch.points.starts
    kind = _kinds()[points]
    word = kind == _WORD
    opens = np.empty(len(points), bool)
    opens[1:] = word[1:] & ~word[:-1]
    opens[:1] = word[:1]
    # A text also ends a word; an empty text at the very end has no first character to look at.
    firsts = starts[:-1][starts[:-1] < len(points)]
    opens[firsts] = word[firsts]
    lone = kind >= _IDEOGRAPH
    start = np.flatnonzero(opens | lone)
    # A word runs to the next character that is no word, opens a word, or the end.
    stops = np.flatnonzero(~word | opens)
    stops = np.append(stops, len(points))
    end = stops[np.searchsorted(stops, start, side="right")]
    length = np.where(lone[start], 1, end - start)
    return Tokens(
        text=text_of(starts, start),
        start=start,
        length=length,
        ideograph=kind[start] == _IDEOGRAPH,
        hash=batch.span_hashes(start, length),
    )


def piece_hashes(batch: Batch, start: Positions, length: Positions) -> Iterator[tuple[Hashes, Positions]]:
    """The pieces of words given by their spans: per length, the hashes and the index of each piece's word."""
    for size in PIECES:
        count = np.where(length > size, length - size + 1, 0)
        owner = np.repeat(np.arange(len(start)), count)
        first = np.cumsum(count) - count
        offset = np.arange(len(owner)) - first[owner]
        hashes = batch.span_hashes(start[owner] + offset, size) ^ _SALT["piece"]
        hashes = hashes + np.where(offset == 0, _SALT["start"], np.uint64(0))
        hashes += np.where(offset == length[owner] - size, _SALT["end"], np.uint64(0))
        yield mix(hashes), owner


def neighbour_hashes(tokens: Tokens) -> Iterator[tuple[Hashes, Positions]]:
    """Pairs of neighbouring tokens of one text, then triples of ideographs: the hashes, and the index of each
    one's first token."""
    hashes = mix(tokens.hash)
    pair = mix(mix(hashes[:-1]) * _BASE + hashes[1:])
    together = tokens.text[:-1] == tokens.text[1:]
    first = np.flatnonzero(together)
    yield mix(pair[first] + _SALT["pair"]), first
    together &= tokens.ideograph[:-1] & tokens.ideograph[1:]
    first = np.flatnonzero(together[:-1] & together[1:])
    yield mix(mix(pair[first] * _BASE + hashes[first + 2]) + _SALT["triple"]), first


def token_hashes(hashes: Hashes) -> Hashes:
    return mix(hashes + _SALT["word"])


def buckets(hashes: Hashes, bits: int) -> NDArray[np.int64]:
    return (hashes >> np.uint64(64 - bits)).astype(np.int64)


def mix(values: Hashes) -> Hashes:
    """The finaliser of MurmurHash3: every bit of the input moves every bit of the output."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values ^= values >> np.uint64(33)
    values *= np.uint64(0xC4CEB9FE1A85EC53)
    values ^= values >> np.uint64(33)
    return values


@cache
def _powers(base: int, size: int) -> Hashes:
    return np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(size - 1, base, np.uint64)]))


def powers(base: np.uint64, n: int) -> Hashes:
    """1, base, base² … (n of them, modulo 2^64), from a table whose size is a power of two."""
    return _powers(int(base), 1 << max(n - 1, 1).bit_length())[:n]


@cache
def _kinds() -> NDArray[np.uint8]:
    """For each code point: gap, word, ideograph or emoji."""
    table = np.zeros(UNICODE_SIZE, np.uint8)
    every = "".join(map(chr, range(0x20000)))
    mark(table, ((m.start(), m.end() - 1) for m in re.finditer(r"\w+", every)), _WORD)
    # Vowel signs and the like are part of a word, though `\w` does not say so.
    mark(
        table,
        ((0x0300, 0x036F), (0x0591, 0x05BD), (0x0610, 0x061A), (0x064B, 0x065F), (0x0900, 0x0DFF)),
        _WORD,
    )
    mark(table, ((0x0E31, 0x0E4E), (0x200C, 0x200D)), _WORD)
    mark(table, (*HAN_RANGES, *KANA_RANGES), _IDEOGRAPH)
    mark(table, EMOJI_RANGES, _EMOJI)
    table[ord("_")] = _GAP
    return table
