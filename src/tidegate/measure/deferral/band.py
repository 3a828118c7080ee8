"""The two thresholds of a cascade: below the first an item passes, from the second it is acted on, and what
lies between is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MOST_STEPS = 400
"""Thresholds are sought among so many quantiles of the scores."""


@dataclass(frozen=True)
class Band:
    """Scores from `low` up to, but without, `high` are judged."""

    low: float
    high: float

    def judged(self, scores: Floats) -> Bools:
        return (scores >= self.low) & (scores < self.high)

    def verdicts(self, scores: Floats, judge: Bools) -> Bools:
        """The judge's verdict where it is asked, the score's elsewhere."""
        return np.where(self.judged(scores), judge, scores >= self.high)


def best_band(scores: Floats, judge: Bools, at_most: float) -> Band:
    """The band that keeps the F1 of the cascade against the judge highest, with at most this share judged.

    No labels are needed: the judge's own verdicts on n items say where a score may stand in for it. All bands
    between quantiles are tried. With counts of judge's positives by score in one cumulative sum each, a band
    costs nothing: true positives are those judged positive at or above `low`, false ones the judge's
    negatives at or above `high`, misses its positives below `low`.

    Args:
        scores, judge: n each. at_most: share of the n, in (0, 1].
    """
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, MOST_STEPS)))
    edges = np.append(edges, np.nextafter(edges[-1], np.inf))
    ordered = np.sort(scores)
    positive = np.sort(scores[judge])
    above = len(scores) - np.searchsorted(ordered, edges)
    positive_above = len(positive) - np.searchsorted(positive, edges)
    low, high = np.meshgrid(np.arange(len(edges)), np.arange(len(edges)), indexing="ij")
    found = positive_above[low]
    wrong = above[high] - positive_above[high]
    missed = len(positive) - positive_above[low]
    f1 = 2 * found / np.maximum(2 * found + wrong + missed, 1)
    share = (above[low] - above[high]) / len(scores)
    allowed = (low <= high) & (share <= at_most)
    # Of bands as good as one another the narrowest, which is the cheapest.
    value = np.where(allowed, f1 - 1e-9 * share, -1.0)
    best = np.unravel_index(np.argmax(value), value.shape)
    return Band(float(edges[best[0]]), float(edges[best[1]]))


def symmetric_band(scores: Floats, at_most: float, middle: float = 0.5) -> Band:
    """What is usually done: the items nearest to a fixed threshold are judged, at most this share of n."""
    distance = np.sort(np.abs(scores - middle))
    width = float(distance[max(int(at_most * len(scores)) - 1, 0)])
    return Band(middle - width, middle + width)
