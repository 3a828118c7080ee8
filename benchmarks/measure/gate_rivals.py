"""Other anytime-valid tests that a rate is above its limit, for labels of 0 and 1, many paths at once.

Both are the published formulas, written out here: `confseq`, which has them, ships no wheel that installs
without a compiler. Neither is made for an arm that changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.special import betaincc, betaln

Floats = npt.NDArray[np.float64]


def stops(e_values: Iterator[Floats], paths: int, needed: float = 20.0) -> Floats:
    """(paths,) the label after which each e-process reaches what is needed; inf where it never does."""
    at = np.full(paths, np.inf)
    for n, e in enumerate(e_values, start=1):
        at[(e >= np.log(needed)) & np.isinf(at)] = n
        if np.isfinite(at).all():
            break
    return at


def beta_mixture(labels: Iterator[Floats], paths: int, limit: float) -> Iterator[Floats]:
    """log e-values of all rates above the limit alike against the limit.

    The one-sided beta-binomial mixture of S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon (2021), with a
    uniform prior.
    """
    errors = np.zeros(paths)
    for n, x in enumerate(labels, start=1):
        errors += x
        a, b = errors + 1, n - errors + 1
        above = betaln(a, b) + np.log(np.maximum(betaincc(a, b, limit), 1e-300)) - np.log(1 - limit)
        yield above - errors * np.log(limit) - (n - errors) * np.log(1 - limit)


def learning_bets(labels: Iterator[Floats], paths: int, limit: float) -> Iterator[Floats]:
    """log capital of bets that learn: aGRAPA of I. Waudby-Smith and A. Ramdas (2024, appendix B)."""
    capital = np.zeros(paths)
    mean, second = np.full(paths, limit), np.full(paths, limit)
    for n, x in enumerate(labels, start=1):
        variance = second - mean**2
        bet = (mean - limit) / (variance + (mean - limit) ** 2)
        capital = capital + np.log1p(np.clip(bet, 0.0, 0.5 / limit) * (x - limit))
        mean, second = mean + (x - mean) / (n + 1), second + (x * x - second) / (n + 1)
        yield capital.copy()
