"""Sample-ratio mismatch: whether the arms get the shares of the traffic that they should.

A wrong split means that items are lost or routed by something that nobody chose, and then what an arm decides
is not what it would decide later. The test may be looked at after every batch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import gammaln, logsumexp

from tidegate.errors import MeasureError, Where

Floats = npt.NDArray[np.float64]

CONCENTRATIONS = (10.0, 1_000.0, 100_000.0)
"""How close to the expected split a wrong one may lie and still be found soon: about 1/√concentration."""


def mismatch(traffic: pl.DataFrame, split: Mapping[str, float]) -> float:
    """The largest log e-value so far against the split.

    The Bayes factor of a Dirichlet mixture of multinomials against the expected one, a martingale under the
    expected split (M. Lindon and A. Malek, Anytime-valid inference for multinomial count data, 2022),
    averaged over three concentrations.

    Args:
        traffic: a column of counts per arm, one row per batch in order.
        split: the expected share of each arm; they add up to 1.

    Raises:
        MeasureError: the split is none, or an arm of the traffic is not in it.
    """
    _check(traffic, split)
    expected = np.array(list(split.values()))
    counts = np.column_stack(
        [traffic[arm].to_numpy() if arm in traffic.columns else np.zeros(len(traffic)) for arm in split]
    )
    total = np.cumsum(counts.astype(np.float64), axis=0)
    return float(np.max(log_evidence(total, expected), initial=0.0))


def log_evidence(total: Floats, expected: Floats) -> Floats:
    """Log e-values of (…, arms) items so far against (arms,) expected shares θ; see `mismatch`.

    Of n items, x of an arm, Γ(c) / Γ(c + n) · Π Γ(c θ + x) / Γ(c θ) / θ^x, averaged over concentrations c (M.
    Lindon and A. Malek 2022).
    """
    logs = [
        gammaln(c)
        - gammaln(c + total.sum(axis=-1))
        + (gammaln(c * expected + total) - gammaln(c * expected)).sum(axis=-1)
        - total @ np.log(expected)
        for c in CONCENTRATIONS
    ]
    mean: Floats = logsumexp(logs, axis=0) - np.log(len(logs))
    return mean


def _check(traffic: pl.DataFrame, split: Mapping[str, float]) -> None:
    shares = list(split.values())
    if len(shares) < 2 or not all(share > 0 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise MeasureError(
            "the split is no split",
            where=Where(field="split"),
            remedy="Give two arms or more, each with a share above 0, that add up to 1.",
        )
    for arm in traffic.columns:
        if arm not in split:
            raise MeasureError(
                f"the arm '{arm}' has traffic, and no share in the split",
                where=Where(field="split"),
                remedy=f"The split names {', '.join(split)}.",
            )
