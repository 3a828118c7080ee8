"""Predictions beside labels: a score of every item takes away the sampling error that it explains.

`gather` keeps what a sample says of labels and predictions together; `regression` chooses how far to rely on
the predictions, and not at all where there is too little to choose by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

BINS = 16
"""Predictions are told apart by so many steps of their root."""

ENOUGH = 20
"""Labelled items of either label from which on predictions are relied on; with fewer the slope is noise."""


@dataclass(frozen=True)
class Assisted:
    """Labels and predictions of the items that are inferred about, in one cell and one weight.

    Attributes:
        predicted: Σ weight · prediction over all of them, labelled or not.
        heaviest: the greatest weight / probability · prediction of one of them.
        label, prediction, scale, shape: (terms,) label, mean prediction, scale and shape of a gamma variable.
        fewest: labelled items of the rarer label.
    """

    predicted: float
    heaviest: float
    label: Numbers
    prediction: Floats
    scale: Floats
    shape: Floats
    fewest: int


def gather(
    predicted: float,
    heaviest: float,
    y: npt.NDArray[np.bool_],
    f: Floats,
    a: Floats,
    p: Floats,
    band: Numbers,
) -> Assisted:
    """From (labels,) label, prediction, weight / probability, probability and band of the latter.

    Gamma variables of a group become one of the same mean m and variance v: scale v / m and shape m² / v (F.
    E. Satterthwaite 1946, Biometrics Bulletin 2).
    """
    step = np.floor(BINS * np.sqrt(f)).astype(np.int64)
    groups, at = np.unique(2 * ((band - band.min()) * (BINS + 1) + step) + y, return_inverse=True)
    mean = np.bincount(at, a)
    variance = np.bincount(at, a * a * (1.0 - p))
    used = variance > 0
    mean_f = np.bincount(at, a * f) / mean
    return Assisted(
        predicted=predicted,
        heaviest=heaviest,
        label=(groups % 2)[used],
        prediction=mean_f[used],
        scale=(variance / mean)[used],
        shape=(mean * mean / np.where(variance > 0, variance, 1.0))[used],
        fewest=int(min(y.sum(), (~y).sum())),
    )


def regression(of: Assisted, numerators: Floats) -> tuple[float, float] | None:
    """Slope and constant of the errors on the predictions; None where the predictions do not help.

    Least squares with the weights of the variance of the total, a² (1 − p), as PPI++ chooses its λ (A. N.
    Angelopoulos, J. C. Duchi and T. Zrnic, 2023; for unequal probabilities T. Zrnic and E. J.
    Candès, 2024; in survey sampling it is the regression estimator of Särndal et al. 1992).

    They help if they take more off the width of the interval than is added by the one item that sampling may
    have missed and that they may be wrong about.

    Args:
        numerators: (2,) what an item of either label adds to the numerator.
    """
    if of.fewest < ENOUGH:
        return None
    u, f, variance = numerators[of.label], of.prediction, of.scale**2 * of.shape
    v = variance / variance.sum()

    def errors(slope: float, constant: float) -> float:
        """Four standard errors, about the width of an interval."""
        return 4.0 * float(np.sqrt(variance @ (u - slope * f - constant) ** 2))

    mean_u, mean_f = v @ u, v @ f
    spread = v @ (f - mean_f) ** 2
    if not spread > 0:
        return None
    slope = float(v @ ((f - mean_f) * (u - mean_u)) / spread)
    constant = float(mean_u - slope * mean_f)
    if errors(slope, constant) + abs(slope) * of.heaviest >= errors(0.0, float(mean_u)):
        return None
    return slope, constant
