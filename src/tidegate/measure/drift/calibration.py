"""Does a predicted chance still mean what it did? Labels against predictions, in two windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tidegate.measure.drift.check import Check

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BINS = (0.0, 0.1, 0.5, 1.0)
"""Low, middling and high risk; each is compared by itself."""

FEWEST = 20
"""Labels of either window below which a bin is not compared."""

SHUFFLES = (999, 19_999)
"""A first look, and a longer one where the first leaves p small."""

WORTH_LOOKING = 0.02


def calibration_drift(
    name: str,
    before: tuple[Floats, Bools, Floats],
    now: tuple[Floats, Bools, Floats],
    *,
    slice: str = "",
    value: str = "",
    at_least: float = 0.0,
    seed: int = 0,
) -> list[Check]:
    """Observed minus predicted, now against the reference, by bins of risk.

    The figure is the weighted mean of label − prediction, weights 1 / the chance of being drawn. Its change
    is zero where a prediction means the same in both windows, however good it was, and whatever the mix of
    risks has become within the bin. p comes from shuffling labelled items between the windows, of a
    difference divided by its standard error, which stays valid where the windows differ in spread (A.
    Janssen 1997, Studentized permutation tests; E. Chung and J. P. Romano 2013); before shuffling, the new
    window is moved back by as much change as does not matter. The chi-square of Hosmer
    and Lemeshow (1980) asks whether a model is calibrated at all, wants expected counts of five or more, and
    knows no weights.

    Args:
        before, now: (labels,) prediction in [0, 1], what people said, and the chance of being drawn.
        at_least: the smallest change of the figure that matters.
    """
    found = []
    for low, high in pairwise(BINS):
        windows = [_within(window, low, high, last=high == BINS[-1]) for window in (before, now)]
        counted = len(windows[0][0]), len(windows[1][0])
        what = f"violating minus predicted, {name} {low:g} to {high:g}"
        if min(counted) < FEWEST:
            note = f"only {min(counted)} labels in one window"
            found.append(
                Check("calibration", what, slice, value, None, None, None, np.inf, *counted, note=note)
            )
            continue
        (old, new), error = _difference(windows)
        p = 1.0
        if abs(new - old) > at_least:
            (residual, weight), edge = windows[1], float(np.copysign(at_least, new - old))
            p = shuffled_p([windows[0], (residual - edge, weight)], seed)
        found.append(Check("calibration", what, slice, value, old, new, p, error, *counted, at_least))
    return found


def shuffled_p(windows: list[tuple[Floats, Floats]], seed: int) -> float:
    """Two-sided p of the studentised difference of weighted means, each window (residuals, weights).

    By shuffling between the windows (A. Janssen 1997); with b of B shuffles as large, p is (1 + b) / (1 + B)
    (B. Phipson and G. K. Smyth 2010).
    """
    rng = np.random.default_rng(seed)
    residual = np.concatenate([one[0] for one in windows])
    weight = np.concatenate([one[1] for one in windows])
    m = len(windows[0][0])
    seen = abs(_studentised(residual[None], weight[None], m)[0])
    p = 1.0
    for shuffles in SHUFFLES:
        larger = 0
        for start in range(0, shuffles, 500):
            rows = min(500, shuffles - start)
            order = rng.permuted(np.tile(np.arange(len(residual)), (rows, 1)), axis=1)
            larger += int((np.abs(_studentised(residual[order], weight[order], m)) >= seen - 1e-12).sum())
        p = (larger + 1) / (shuffles + 1)
        if p > WORTH_LOOKING:
            break
    return p


def _within(
    window: tuple[Floats, Bools, Floats], low: float, high: float, *, last: bool
) -> tuple[Floats, Floats]:
    prediction, violates, chance = window
    rows = (prediction >= low) & ((prediction <= high) if last else (prediction < high))
    return violates[rows] - prediction[rows], 1 / chance[rows]


def _difference(windows: list[tuple[Floats, Floats]]) -> tuple[tuple[float, float], float]:
    means, variances = zip(*(_mean_and_variance(r[None], w[None]) for r, w in windows), strict=True)
    return (float(means[0][0]), float(means[1][0])), float(np.sqrt(variances[0][0] + variances[1][0]))


def _studentised(residual: Floats, weight: Floats, m: int) -> Floats:
    """(shuffles,) differences over their standard errors; 0 where nothing varies."""
    (a, of_a), (b, of_b) = (
        _mean_and_variance(residual[:, rows], weight[:, rows]) for rows in (slice(None, m), slice(m, None))
    )
    error = np.sqrt(of_a + of_b)
    out: Floats = np.divide(b - a, error, out=np.zeros(len(error)), where=error > 0)
    return out


def _mean_and_variance(residual: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Weighted means and the variances of these ratios (Särndal et al. 1992), row by row."""
    total = weight.sum(axis=1)
    mean = (residual * weight).sum(axis=1) / total
    variance = (weight**2 * (residual - mean[:, None]) ** 2).sum(axis=1) / total**2
    return mean, variance
