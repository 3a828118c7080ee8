"""Exact limits for a count in a finite population, from a simple random sample without replacement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

_TRIED = 24


def hypergeometric_limits(population: int, sample: int, found: int, alpha: float) -> tuple[int, int]:
    """Lower and upper limits of how many of `population` items have a property that `found` of `sample` have.

    Each limit is missed with probability at most alpha / 2. Given its size, a Poisson sample of one fixed
    rate is a simple random sample, so the limits are exact for it.

    Source: W. Wang (2015), Exact optimal confidence intervals for hypergeometric parameters, the
    interval by inversion of the two one-sided tests; for large populations the one of Clopper and Pearson
    (1934).
    """
    upper = _largest(population, sample, found, alpha / 2)
    # The property's absence turns a lower limit into an upper one.
    lower = population - _largest(population, sample, sample - found, alpha / 2)
    return lower, upper


def _largest(population: int, sample: int, found: int, alpha: float) -> int:
    """The largest count for which finding at most `found` still has probability above alpha."""
    low, high = found, population - (sample - found)
    while low < high:
        # The probability falls as the count grows; many counts are tried at a time.
        tried = np.unique(np.linspace(low + 1, high, _TRIED).astype(np.int64))
        above = int(np.count_nonzero(_at_most(population, tried, sample, found) > alpha))
        low = int(tried[above - 1]) if above else low
        high = int(tried[above]) - 1 if above < len(tried) else high
    return low


def _at_most(population: int, counts: Numbers, sample: int, found: int) -> Floats:
    """P(X ≤ found), X being how many in the sample have the property, for each count in the population."""
    from scipy.special import gammaln

    # Summed over whichever tail is shorter.
    lower = found <= sample // 2
    x = np.arange(found + 1) if lower else np.arange(found + 1, sample + 1)
    factorial = gammaln(np.arange(sample + 1) + 1.0)
    counts = counts[:, None]
    others = population - counts
    possible = (x <= counts) & (sample - x <= others)
    with_it, without = np.where(possible, counts - x, 0), np.where(possible, others - (sample - x), 0)
    log_chance = (
        (gammaln(counts + 1.0) - gammaln(with_it + 1.0))
        + (gammaln(others + 1.0) - gammaln(without + 1.0))
        - (gammaln(population + 1.0) - gammaln(population - sample + 1.0))
        + (factorial[sample] - factorial[x] - factorial[sample - x])
    )
    tail: Floats = np.exp(np.where(possible, log_chance, -np.inf)).sum(axis=1)
    return tail if lower else 1.0 - tail
