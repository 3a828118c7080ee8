"""Labels of unequal chances: what those of each set say, put together by bands of like weight a = 1 / p.

There are many sets and many labels, so the sums are carried from one set to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.cells import band_of
from tidegate.measure.certificates.sample import Bools, Floats, Ground, Numbers, Sample, Sets
from tidegate.measure.limits import Evidence


@dataclass(frozen=True)
class Weighed:
    """Sums over the labels of each set, (sets, 2, bands): of those without error, of those with, by band.

    Attributes:
        number, weight, square: how many labels, Σ a and Σ a², a cut at the greatest of its band among items.
        item_bands: (item bands,) where the bands of the ground are among them.
    """

    number: Floats
    weight: Floats
    square: Floats
    item_bands: Numbers
    ground: Ground

    @staticmethod
    def of(sample: Sample, sets: Sets, error: Bools) -> Weighed:
        a, heaviest = 1 / sample.p, sets.ground.heaviest
        known, position = np.unique(np.concatenate([band_of(a), band_of(heaviest)]), return_inverse=True)
        band, item_bands = position[: len(a)], position[len(a) :]
        most = np.full(len(known), np.inf)
        most[item_bands] = heaviest
        a = np.minimum(a, most[band])
        cell = error * len(known) + band
        sums = _sums(sets.labels, cell, np.array([np.ones_like(a), a, a * a]), 2 * len(known))
        number, weight, square = sums.reshape(3, len(sets.labels), 2, len(known))
        return Weighed(number, weight, square, item_bands, sets.ground)

    def rate(self, row: int) -> float:
        """Σ a error / Σ a, the share of errors that labels show (J. Hájek 1971); nan without labels."""
        fine, wrong = self.weight[row].sum(axis=1)
        return float(wrong / (fine + wrong)) if fine + wrong else float("nan")

    def evidence(self, row: int, level: float) -> Evidence:
        """What the labels say of a set.

        Terms for the test of `pvalues.p_values` (N. Gaffke 2005), those of a band merged by mean and variance
        (F. E. Satterthwaite 1946). Where log(1 / level) labels are expected above the cap, the cap is set (as
        in `measure.cells`); what lies above it counts as errors.
        """
        of = self.ground
        there = np.flatnonzero(of.number[row] > 0)
        number, chance, heaviest = of.number[row, there], of.chance[row, there], of.heaviest[there]
        expected = np.cumsum(chance[::-1])[::-1]
        at = int(np.count_nonzero(expected >= np.log(1 / level))) - 1
        cap = float(heaviest[at]) if at >= 0 else 0.0
        last = int(self.item_bands[there[at]]) if at >= 0 else -1
        excess = float(np.maximum(number[at + 1 :] - cap * chance[at + 1 :], 0.0).sum())
        return Evidence(
            terms=np.concatenate([self._terms(row, error, cap, last) for error in (0, 1)]),
            known=np.zeros(2),
            either=np.array([[0.0, excess, excess, excess]]),
            unseen=np.array([[0.0, cap, cap, cap]]),
        )

    def _terms(self, row: int, error: int, cap: float, last: int) -> Floats:
        """(terms, 3) scale × error, scale and shape of gamma variables: each label's has mean and deviation
        min(a, cap), and those of a band are merged into one of the same mean and variance."""
        mean, square = self.weight[row, error, : last + 1].copy(), self.square[row, error, : last + 1].copy()
        if last >= 0:
            over = self.number[row, error, last + 1 :].sum()
            mean[last] += over * cap
            square[last] += over * cap * cap
        mean, square = mean[mean > 0], square[mean > 0]
        scale = square / mean
        return np.column_stack([scale * error, scale, mean * mean / square])


def _sums(labels: Bools, cell: Numbers, values: Floats, cells: int) -> Floats:
    """(values, sets, cells) sums of (values, labels) over the labels of each set, by their cell.

    From one candidate to the next few labels come or go, so only these are added and taken away.
    """
    before = np.concatenate([np.zeros((1, labels.shape[1]), dtype=bool), labels[:-1]])
    row, label = np.nonzero(labels != before)
    place, sign = row * cells + cell[label], np.where(labels[row, label], 1.0, -1.0)
    steps = [np.bincount(place, sign * value[label], minlength=len(labels) * cells) for value in values]
    out = np.cumsum(np.reshape(steps, (len(values), len(labels), cells)), axis=1)
    # What came and went leaves a rounding error behind; the count, the first of the values, leaves none.
    return np.asarray(np.where(out[0] > 0, out, 0.0))
