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
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from tidegate.measure.gammasums import chance_at_most_zero

Floats = npt.NDArray[np.float64]

UNSEEN = 0.6
"""How much the item that sampling may have missed counts for where all harm lies at the heaviest weight: 1 is
exact, 0.5 is mid-P."""

BLUR = 1.5
"""How fast it counts for less where lighter items are spread (`_Rows.counting`): as fast as leaves the worst
mixture of two weights no worse than one weight alone, by enumeration (tests/measure/test_coverage.py)."""

_STEPS = 120
_TOLERANCE = 1e-7
_FAR = 30.0
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
    """Lower and upper limits of ρ, which lies in [lowest, highest], at confidence 1 − alpha.

    P(S ≤ 0) stands for u · P(with the unseen item) + (1 − u) · P(without it), close to the mid-P of H. O.
    Lancaster (1961). The exact upper limit is missed far less often than alpha / 2 once weights are spread;
    this one is missed about as often as that. Where all harm lies at the heaviest weight u is UNSEEN, and the
    limit may be missed more often; by both limits together at most 0.058 at alpha = 0.05.
    """
    high = upper_limits(evidence, alpha / 2, lowest, highest, UNSEEN)
    low = -upper_limits([one.negated() for one in evidence], alpha / 2, -highest, -lowest, UNSEEN)
    return low, high


def upper_limits(
    evidence: Sequence[Evidence], alpha: float, lowest: float, highest: float, unseen: float = 1.0
) -> Floats:
    """The upper limit of ρ for each piece of evidence; at unseen = 1 missed with probability ≤ alpha.

    The bound of N. Gaffke (2005), for samples of unequal probability, of a ratio melded as in M. P. Fay, M.
    A. Proschan and E. Brittain (2015): the root of the equation at the head of this module. That alpha holds
    is proven where weights are equal (C. J. Clopper and E. S. Pearson 1934), and conjectured elsewhere.
    """
    limits = np.empty(len(evidence))
    order = sorted(range(len(evidence)), key=lambda i: len(evidence[i].terms))
    while order:
        # Rows of similar length share a batch, so little of the padded matrix is empty.
        widest = len(evidence[order[-1]].terms) + 1
        rows = max(1, _BATCH_CELLS // widest)
        batch, order = order[-rows:], order[:-rows]
        limits[batch] = _solve([evidence[i] for i in batch], alpha, lowest, highest, unseen)
    return limits


def _solve(
    evidence: Sequence[Evidence], alpha: float, lowest: float, highest: float, unseen: float
) -> Floats:
    """Where the chance reaches 1 − α, by secant steps on its normal quantile, kept inside a bracket."""
    from scipy.special import ndtri

    rows = _Rows.of(evidence)
    wanted = float(ndtri(1.0 - alpha))
    low, high = np.full(len(evidence), lowest), np.full(len(evidence), highest)
    rho = np.clip(rows.guess(wanted), low + 1e-9, high - 1e-9)
    saddle = np.zeros(len(evidence))
    last, last_short = np.full(len(evidence), np.nan), np.full(len(evidence), np.nan)
    limits = np.empty(len(evidence))
    at = np.arange(len(evidence))
    for step in range(_STEPS):
        chance, saddle = rows.chance(rho, saddle, unseen)
        short = np.clip(ndtri(chance) - wanted, -_FAR, _FAR)
        enough = short >= 0
        low, high = np.where(enough, low, rho), np.where(enough, rho, high)
        met = np.abs(short) <= _TOLERANCE
        limits[at] = np.where(met, rho, high)
        following = _next(rho, short, last, last_short, low, high, bisect=step % 4 == 3)
        open_ = ~met & (high - low > _TOLERANCE * np.maximum(np.abs(high), np.abs(low)))
        if not open_.any():
            break
        last, last_short, rho = rho[open_], short[open_], following[open_]
        low, high, saddle, at, rows = low[open_], high[open_], saddle[open_], at[open_], rows.only(open_)
    return limits


def _next(
    rho: Floats, short: Floats, last: Floats, last_short: Floats, low: Floats, high: Floats, *, bisect: bool
) -> Floats:
    """The secant step, or the middle of the bracket where that step leads out of it or it is time for one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        secant = rho - short * (rho - last) / (short - last_short)
        usable = (secant > low) & (secant < high) & (np.abs(short) < _FAR)
    far_apart = (low * high > 0) & (
        np.maximum(np.abs(low), np.abs(high)) > 8 * np.minimum(np.abs(low), np.abs(high))
    )
    middle = np.where(far_apart, np.sign(low) * np.sqrt(np.abs(low * high)), 0.5 * (low + high))
    return middle if bisect else np.where(usable, secant, middle)


@dataclass(frozen=True)
class _Rows:
    """Padded arrays of several pieces of evidence, one a row; see `Evidence`."""

    numerator: Floats
    denominator: Floats
    shape: Floats
    known: Floats
    either: Floats
    unseen: Floats

    @classmethod
    def of(cls, evidence: Sequence[Evidence]) -> _Rows:
        terms = _padded([one.terms for one in evidence], 3)
        # The last column is the exponential variable of the unseen item.
        extra = np.zeros((len(evidence), 1))
        shape = np.where(terms[..., 2] > 0, terms[..., 2], 1.0)
        return cls(
            numerator=np.concatenate([terms[..., 0], extra], axis=1),
            denominator=np.concatenate([terms[..., 1], extra], axis=1),
            shape=np.concatenate([shape, extra + 1.0], axis=1),
            known=np.array([one.known for one in evidence]),
            either=_padded([one.either for one in evidence], 4),
            unseen=_padded([one.unseen for one in evidence], 4),
        )

    def only(self, rows: npt.NDArray[np.bool_]) -> _Rows:
        if rows.all():
            return self
        return _Rows(*(getattr(self, field.name)[rows] for field in fields(self)))

    def guess(self, quantile: float) -> Floats:
        """The point estimate, plus as many standard deviations as the quantile, plus the unseen item."""
        above = self.known[:, 0] + (self.shape * self.numerator).sum(axis=1)
        below = self.known[:, 1] + (self.shape * self.denominator).sum(axis=1)
        unit = np.where(below > 0, below, 1.0)
        point = above / unit
        spread = (self.shape * (self.numerator - point[:, None] * self.denominator) ** 2).sum(axis=1)
        worst = np.maximum(_worse_label(self.unseen, point).max(axis=1, initial=0.0), 0.0)
        either = _worse_label(self.either, point).sum(axis=1)
        guess: Floats = point + (quantile * np.sqrt(spread + worst**2) + worst + either) / unit
        return guess

    def chance(self, rho: Floats, saddle: Floats, unseen: float) -> tuple[Floats, Floats]:
        """P(sum ≤ 0) at ρ, and the saddlepoint; `unseen` is how much the unseen item counts for."""
        scale = self.numerator - rho[:, None] * self.denominator
        scale[:, -1] = np.maximum(_worse_label(self.unseen, rho).max(axis=1, initial=0.0), 0.0)
        constant = self.known[:, 0] - rho * self.known[:, 1] + _worse_label(self.either, rho).sum(axis=1)
        chance, saddle = chance_at_most_zero(scale, self.shape, constant, saddle)
        if unseen < 1:
            without, _ = chance_at_most_zero(scale[:, :-1], self.shape[:, :-1], constant, saddle)
            counting = unseen * self.counting(scale)
            chance = counting * chance + (1 - counting) * without
        return chance, saddle

    def counting(self, scale: Floats) -> Floats:
        """(rows,) 1 / (1 + BLUR · s), by how much less the unseen item, the last of `scale`, counts.

        s² = Σ x² (1 − x)² · shape with x = scale / unseen, over the items on its side: how widely
        the sum of lighter items is spread. Counts of items of one weight jump, for which half an item and
        more makes up; lighter ones blur the jumps. In the limit of many, half an item of their own weight
        would do, not of the heaviest: as in the gamma limits of R. C. Tiwari, L. X. Clegg and Z. Zou (2006),
        whose item has the mean weight, and which fail where harm lies at the heaviest. That of M. P. Fay and
        S. Kim (2017) is half of the heaviest throughout. The function itself is our own.
        """
        heaviest = scale[:, -1:]
        x = np.clip(scale[:, :-1] / np.where(heaviest > 0, heaviest, np.inf), 0.0, 1.0)
        spread = np.sqrt(((x * (1.0 - x)) ** 2 * self.shape[:, :-1]).sum(axis=1))
        counting: Floats = 1.0 / (1.0 + BLUR * spread)
        return counting


def _worse_label(pairs: Floats, rho: Floats) -> Floats:
    """(rows, cells): the larger of numerator − ρ · denominator for the two labels it could have."""
    at = rho[:, None]
    return np.maximum(pairs[..., 0] - at * pairs[..., 1], pairs[..., 2] - at * pairs[..., 3])


def _padded(arrays: Sequence[Floats], width: int) -> Floats:
    out = np.zeros((len(arrays), max(len(array) for array in arrays), width))
    for row, array in enumerate(arrays):
        out[row, : len(array)] = array
    return out
