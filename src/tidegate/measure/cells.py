"""Cells: parts of the population in which all items had the same outcome, and what sampling says of each.

A cell keeps what the whole population tells (weights, probabilities) apart from what the labels tell. Before
it looks at any label it caps how much of the population one item may stand for: weight above the cap is
known where the item is labelled, and "could be either" where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.assisted import Assisted, gather

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Pair = tuple[float, float]

BAND = 1.1
"""Items whose weight / probability lies within this ratio share a band."""

MERGED = 1.3
"""Gamma variables whose scales lie within this ratio are merged; finer merging moves no limit by 0.5 %."""

CERTAIN = 1 - 1e-9
"""From this probability on an item is not sampled but taken."""


@dataclass(frozen=True)
class Whole:
    """What is known of all items of a cell, labelled or not, by bands of a = weight / probability.

    Attributes:
        weight, chance, heaviest, sure: (bands,) total weight, total probability, greatest a, and whether
            these are items of probability 1; lightest band first.
        items, audited: numbers of items, and of those that were drawn.
        one_probability: whether all items have the same probability.
        predicted: Σ weight · prediction, and the greatest weight / probability · prediction of an item, where
            every item has a prediction.
    """

    weight: Floats
    chance: Floats
    heaviest: Floats
    sure: Bools
    items: int
    audited: int
    one_probability: bool
    predicted: Pair | None = None


@dataclass(frozen=True)
class Seen:
    """The drawn items that have an answer: (labels,) label, weight, probability and prediction of each."""

    violates: Bools
    weight: Floats
    p: Floats
    prediction: Floats | None = None


@dataclass(frozen=True)
class Cell:
    """One cell under one weight (item or view). Index 0 of a pair is "does not violate", 1 "violates".

    Attributes:
        items, audited, labels: numbers of items, of drawn items, and of drawn items with an answer.
        weight: of all items.
        found: labelled items.
        labelled: their weight.
        expanded: the estimated weight of all items of that label, Σ weight / probability.
        known: weight of labelled items that stands for itself alone.
        terms: (terms, 2) scale and shape of gamma variables whose sum stands for the population behind the
            other labelled items.
        either: weight of unlabelled items above the cap.
        unseen: the cap: the most of the population for which one item that sampling missed may stand.
        one_probability: whether all items have the same probability.
        assisted: labels and predictions together, where there are predictions and nothing is beyond the cap.
    """

    items: int
    audited: int
    labels: int
    weight: float
    found: tuple[int, int]
    labelled: Pair
    expanded: Pair
    known: Pair
    terms: tuple[Floats, Floats]
    either: float
    unseen: float
    one_probability: bool
    assisted: Assisted | None = None


def cell(whole: Whole, seen: Seen, alpha: float) -> Cell:
    """What population and labels say together; alpha, the error of both limits, only steers the cap.

    Drawn items without an answer are taken as missing at random within the cell: each item's probability of a
    label is its probability of being drawn, times the share of drawn items that have an answer (a response
    homogeneity group; C.-E. Särndal, B. Swensson and J. Wretman 1992). `expanded` is the total of
    D. G. Horvitz and D. J. Thompson (1952), Σ weight / probability; what `terms` are, `limits` says.
    """
    response = len(seen.p) / whole.audited if whole.audited else 1.0
    cap, excess = _cap(whole, response, alpha)
    y, w, p = seen.violates, seen.weight, seen.p * response
    sure = p >= CERTAIN
    # What of each labelled item is inferred from, and what merely counts as itself.
    sampled = np.where(sure, 0.0, np.minimum(w, cap * p))
    itself = w - sampled
    inferred = sampled > 0
    fine, violating = ~y, y
    return Cell(
        items=whole.items,
        audited=whole.audited,
        labels=len(y),
        weight=float(whole.weight.sum()),
        found=(int(fine.sum()), int(violating.sum())),
        labelled=(float(w[fine].sum()), float(w[violating].sum())),
        expanded=(float((w / p)[fine].sum()), float((w / p)[violating].sum())),
        known=(float(itself[fine].sum()), float(itself[violating].sum())),
        terms=(
            _gammas(sampled[inferred & fine], p[inferred & fine]),
            _gammas(sampled[inferred & violating], p[inferred & violating]),
        ),
        either=max(excess - float(itself[~sure].sum()), 0.0),
        unseen=cap,
        one_probability=whole.one_probability,
        assisted=_assisted(whole, seen, sure, p, response) if excess == 0 else None,
    )


def _assisted(whole: Whole, seen: Seen, sure: Bools, p: Floats, response: float) -> Assisted | None:
    inferred = ~sure & (seen.weight > 0)
    if whole.predicted is None or seen.prediction is None or not inferred.any():
        return None
    y, f, p = seen.violates[inferred], seen.prediction[inferred], p[inferred]
    a = seen.weight[inferred] / p
    total, heaviest = whole.predicted
    of_sure = float((seen.weight * seen.prediction)[sure].sum())
    return gather(total - of_sure, heaviest / response, y, f, a, p, band_of(a / a.max(), MERGED))


def band_of(a: Floats, ratio: float = BAND) -> Numbers:
    """Number of the band of each weight / probability; weightless items lie below all others."""
    with np.errstate(divide="ignore"):
        return np.where(a > 0, np.floor(np.log(a) / np.log(ratio)), -(10**6)).astype(np.int64)


def _cap(whole: Whole, response: float, alpha: float) -> tuple[float, float]:
    """How much an item may stand for, and the weight of all items that lies above.

    Of an item with weight / probability above the cap c, only the weight c · probability is inferred about.
    With no violation found, the upper limit of the total is (weight above the cap) + log(2/alpha) · c, by the
    rule of three (J. A. Hanley and A. Lippman-Hand 1983); it is least where log(2/alpha) items above the cap
    are expected to be labelled. The cap depends on weights and probabilities, never on labels, so the limits
    hold wherever it lies.
    """
    missable = ~whole.sure if response == 1 else np.ones_like(whole.sure)
    weight, chance = whole.weight[missable], whole.chance[missable] * response
    if response == 0 or not len(weight):
        return 0.0, float(weight.sum())
    heaviest = np.maximum.accumulate(whole.heaviest[missable] / response)
    expected_from = np.cumsum(chance[::-1])[::-1]
    at = int(np.count_nonzero(expected_from >= np.log(2 / alpha))) - 1
    if at < 0:
        return 0.0, float(weight.sum())
    cap = float(heaviest[at])
    return cap, float(np.maximum(weight[at + 1 :] - cap * chance[at + 1 :], 0.0).sum())


def _gammas(w: Floats, p: Floats) -> Floats:
    """(terms, 2) scale and shape of gamma variables, each item's of mean w/p and variance (w/p)² (1 − p).

    Variables of the same scale add up to one; those of nearly the same are merged, mean and variance kept (F.
    E. Satterthwaite 1946).
    """
    if not len(w):
        return np.empty((0, 2))
    a = w / p
    scale = a * (1.0 - p)
    band = band_of(scale / scale.max(), MERGED)
    group = band - band.min()
    mean = np.bincount(group, a)
    variance = np.bincount(group, a * scale)
    mean, variance = mean[mean > 0], variance[mean > 0]
    return np.column_stack([variance / mean, mean * mean / variance])
