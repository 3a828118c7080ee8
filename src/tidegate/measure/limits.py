"""Confidence limits for a ratio of weighted totals, from a sample with known unequal probabilities.

The quantity is ρ = Σ numerator / Σ denominator over a population of which only drawn items are labelled.
Each drawn item stands for a = weight / probability of the population. Its uncertainty is carried by an
independent gamma variable G of mean 1 and variance 1 − probability; one item that was not seen, of the
heaviest a and the worst label that it could have, joins with an exponential variable. The upper limit of ρ
is where

    P( Σ_i (numerator_i − ρ · denominator_i) · G_i + worst unseen + known ≤ 0 ) = 1 − α,

the lower limit is the upper limit of −ρ with its sign turned back. docs/measures.md says why this holds; with
equal weights and small probabilities it is exactly the interval of Clopper and Pearson (1934).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.gammasums import chance_at_most_zero

Floats = npt.NDArray[np.float64]

_HALVINGS = 60
_TOLERANCE = 1e-7
_BATCH_CELLS = 400_000


@dataclass(frozen=True)
class Evidence:
    """All that the sample says about one ratio, in absolute totals of weight.

    Attributes:
        terms: (terms, 3) numerator and denominator per unit of a gamma variable, and that variable's shape.
        known: (2,) numerator and denominator of what is known without error.
        either: (cells, 4) weight whose label nobody knows and no sampling argument reaches: its numerator and
            denominator if it does not violate, then if it does. It is given whichever label is worse.
        unseen: (cells, 4) the same for the single heaviest item that sampling could have missed.
    """

    terms: Floats
    known: Floats
    either: Floats
    unseen: Floats

    def negated(self) -> Evidence:
        """The same evidence about −ρ."""
        return Evidence(
            self.terms * [-1, 1, 1],
            self.known * [-1, 1],
            self.either * [-1, 1, -1, 1],
            self.unseen * [-1, 1, -1, 1],
        )


def two_sided(
    evidence: Sequence[Evidence], alpha: float, lowest: float = -1.0, highest: float = 1.0
) -> tuple[Floats, Floats]:
    """Lower and upper limits, each missed with probability at most alpha / 2; ρ lies in [lowest, highest]."""
    high = upper_limits(evidence, alpha / 2, lowest, highest)
    low = -upper_limits([one.negated() for one in evidence], alpha / 2, -highest, -lowest)
    return low, high


def upper_limits(evidence: Sequence[Evidence], alpha: float, lowest: float, highest: float) -> Floats:
    """The upper limit of ρ at level 1 − alpha for each piece of evidence, by bisection of all at once."""
    limits = np.empty(len(evidence))
    order = sorted(range(len(evidence)), key=lambda i: len(evidence[i].terms))
    while order:
        # Rows of similar length share a batch, so little of the padded matrix is empty.
        widest = len(evidence[order[-1]].terms) + 1
        rows = max(1, _BATCH_CELLS // widest)
        batch, order = order[-rows:], order[:-rows]
        limits[batch] = _solve([evidence[i] for i in batch], alpha, lowest, highest)
    return limits


def _solve(evidence: Sequence[Evidence], alpha: float, lowest: float, highest: float) -> Floats:
    terms = _padded([one.terms for one in evidence], 3)
    either = _padded([one.either for one in evidence], 4)
    unseen = _padded([one.unseen for one in evidence], 4)
    known = np.array([one.known for one in evidence])
    shape = np.concatenate(
        [np.where(terms[..., 2] > 0, terms[..., 2], 1.0), np.ones((len(evidence), 1))], axis=1
    )
    low, high = np.full(len(evidence), lowest), np.full(len(evidence), highest)
    saddle = None
    for _ in range(_HALVINGS):
        rho = 0.5 * (low + high)
        scale = terms[..., 0] - rho[:, None] * terms[..., 1]
        worst_unseen = np.maximum(_worse_label(unseen, rho).max(axis=1, initial=0.0), 0.0)
        constant = known[:, 0] - rho * known[:, 1] + _worse_label(either, rho).sum(axis=1)
        chance, saddle = chance_at_most_zero(
            np.concatenate([scale, worst_unseen[:, None]], axis=1), shape, constant, saddle
        )
        enough = chance >= 1.0 - alpha
        low, high = np.where(enough, low, rho), np.where(enough, rho, high)
        if (high - low <= _TOLERANCE * np.maximum(np.abs(high), np.abs(low))).all():
            break
    return high


def _worse_label(pairs: Floats, rho: Floats) -> Floats:
    """(rows, cells): the larger of numerator − ρ · denominator for the two labels it could have."""
    at = rho[:, None]
    return np.maximum(pairs[..., 0] - at * pairs[..., 1], pairs[..., 2] - at * pairs[..., 3])


def _padded(arrays: Sequence[Floats], width: int) -> Floats:
    out = np.zeros((len(arrays), max(len(array) for array in arrays), width))
    for row, array in enumerate(arrays):
        out[row, : len(array)] = array
    return out
