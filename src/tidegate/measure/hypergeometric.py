"""Exact limits for a count in a finite population, from a simple random sample without replacement."""

from __future__ import annotations

import numpy as np


def hypergeometric_limits(population: int, sample: int, found: int, alpha: float) -> tuple[int, int]:
    """Lower and upper limits of how many of `population` items have a property that `found` of `sample` have.

    Each limit is missed with probability at most alpha / 2. Given its size, a Poisson sample of one fixed rate is a
    simple random sample, so the limits are exact for it.

    Source: W. Wang (2015), Exact optimal confidence intervals for hypergeometric parameters, section 1, the
    interval by inversion of the two one-sided tests; for large populations the one of Clopper and Pearson (1934).
    """
    upper = _largest(population, sample, found, alpha / 2)
    # The property's absence turns a lower limit into an upper one.
    lower = population - _largest(population, sample, sample - found, alpha / 2)
    return lower, upper


def _largest(population: int, sample: int, found: int, alpha: float) -> int:
    """The largest count K for which finding at most `found` still has probability above alpha."""
    low, high = found, population - (sample - found)
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(population, middle, sample, found) > alpha:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(population: int, count: int, sample: int, found: int) -> float:
    """P(X ≤ found) for X the number with the property in the sample, summed over the shorter tail."""
    from scipy.special import gammaln

    def choose(n: int, k: np.ndarray) -> np.ndarray:
        result: np.ndarray = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return result

    least, most = max(0, sample - (population - count)), min(sample, count)
    if found >= most:
        return 1.0
    lower_tail = found - least <= most - found
    x = np.arange(least, found + 1) if lower_tail else np.arange(found + 1, most + 1)
    whole = choose(population, np.array([sample]))
    tail = float(np.exp(choose(count, x) + choose(population - count, sample - x) - whole).sum())
    return tail if lower_tail else 1.0 - tail
