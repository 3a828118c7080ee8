"""Which words of a text moved a model's score: what the models answer, and which of it is worth showing.

How it is found is the models' own: `quick_text.influence` takes the score apart, `text_risk.influence` leaves
words out. Either way it says what the *model* went by, not why a text is harmful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

MOST = 6
"""So many words are worth showing for one harm."""

LEAST = 0.2
"""An effect below this, in log-odds, moves nothing: the odds rise by less than a quarter."""

SHARE = 0.4
"""Nor does one that is less than this share of the strongest."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Influence:
    """How much each word of a text adds to the log-odds of each harm.

    Attributes:
        harms: m keys of harm areas.
        spans: k × 2, in characters of the text as it was written: from, to before; in reading order.
        effects: k × m. Above 0 where the word raises the probability.
    """

    harms: tuple[str, ...]
    spans: NDArray[np.int64]
    effects: Floats

    def strongest(self, harm: str) -> list[tuple[int, int]]:
        """The stretches that raised the probability of a harm most, at most `MOST`, in reading order; what
        touches is one."""
        effect = self.effects[:, self.harms.index(harm)]
        least = max(LEAST, SHARE * effect.max(initial=0))
        by_weight = [int(at) for at in np.argsort(-effect, kind="stable") if effect[at] >= least]
        return _joined([(int(self.spans[at, 0]), int(self.spans[at, 1])) for at in sorted(by_weight[:MOST])])


@runtime_checkable
class Explains(Protocol):
    """A detector that can say which words moved its scores."""

    def influence(self, text: str, harms: Sequence[str]) -> Influence: ...


def influence_of(
    harms: Sequence[str], spans: Sequence[tuple[int, int]], effects: NDArray[np.floating]
) -> Influence:
    """An `Influence`; words that stand for nothing in the text as it was written are left out."""
    places = np.array(spans, np.int64).reshape(-1, 2)
    there = places[:, 1] > places[:, 0]
    return Influence(tuple(harms), places[there], effects.astype(np.float32)[there])


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in reading order, those that touch or overlap as one."""
    breaks = [at for at, (before, after) in enumerate(pairwise(spans), 1) if after[0] > before[1]]
    edges = [0, *breaks, len(spans)] if spans else []
    return [(spans[a][0], max(end for _, end in spans[a:b])) for a, b in pairwise(edges)]
