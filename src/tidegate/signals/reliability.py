"""Whether probabilities mean what they say: by how much they are off, and how much of that is chance.

The calibration error of exact probabilities is not zero: with few texts the share of harmful ones in a bin
strays from what was said. How far it strays is drawn here, with labels that come out as the probabilities
say (consistency resampling: J. Bröcker and L. A. Smith 2007, Increasing the reliability of reliability
diagrams, Weather and Forecasting 22, 651-661).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

BINS = 10
DRAWS = 1_000

Array = NDArray[np.float64]


def calibration_error(y: Array, p: Array) -> float:
    """Expected calibration error: mean |share harmful - mean probability| over equal bins (Naeini 2015)."""
    return float(np.abs(_sums(bins_of(p), y - p)).sum() / len(p))


def error_by_chance(p: Array, *, seed: int = 0) -> tuple[float, float]:
    """Mean and 95th percentile of the calibration error that these probabilities would have, were they exact.

    Example:
        >>> mean, most = error_by_chance(np.linspace(0, 1, 100))
        >>> 0.05 < mean < most < 0.15
        True
    """
    errors = np.abs(_drawn(p, seed) - _sums(bins_of(p), p)).sum(axis=1) / len(p)
    return float(errors.mean()), float(np.quantile(errors, 0.95))


def reliability(y: Array, p: Array, *, seed: int = 0) -> pl.DataFrame:
    """A row per bin that has texts: how many, the mean probability `said`, the share `found` harmful, and
    between which shares, `low` and `high`, nine of ten would lie if the probabilities were exact."""
    bins = bins_of(p)
    texts = np.bincount(bins, minlength=BINS)
    some = texts > 0
    shares = _drawn(p, seed)[:, some] / texts[some]
    low, high = np.quantile(shares, [0.05, 0.95], axis=0)
    return pl.DataFrame(
        {
            "texts": texts[some],
            "said": _sums(bins, p)[some] / texts[some],
            "found": _sums(bins, y)[some] / texts[some],
            "low": low,
            "high": high,
        }
    )


def bins_of(p: Array) -> NDArray[np.int64]:
    """The number of each probability's bin, from 0; one belongs to the last."""
    return np.minimum((p * BINS).astype(np.int64), BINS - 1)


def _sums(bins: NDArray[np.int64], values: Array) -> Array:
    return np.bincount(bins, values, BINS).astype(np.float64)


def _drawn(p: Array, seed: int) -> Array:
    """Draws × bins: how many texts come out harmful where each does so with its own probability."""
    chance, bins = np.random.default_rng(seed), bins_of(p)
    return np.array([_sums(bins, (chance.random(len(p)) < p).astype(float)) for _ in range(DRAWS)])
