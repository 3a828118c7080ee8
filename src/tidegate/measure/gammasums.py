"""The chance that a weighted sum of independent gamma variables, plus a constant, is at most zero.

This is the one distribution behind every interval of this room (see `limits`). It is evaluated by the
Lugannani–Rice saddlepoint formula, for many sums at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NEWTON_STEPS = 60
_NEAR_MEAN = 1e-4
_FAR = 1e8
_WORTH_LEAVING = 0.7
"""Rows that are done leave the Newton iteration once fewer than this share of them is not."""


def chance_at_most_zero(
    scale: Floats, shape: Floats, constant: Floats, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """P(constant + Σ_j scale_j · Gamma(shape_j) ≤ 0) for each row.

    Args:
        scale: (rows, terms), of either sign; 0 switches a term off.
        shape: (rows, terms), > 0; each gamma variable has mean `shape`.
        constant: (rows,).
        start: (rows,) a guess of the saddlepoints, such as this function's second result on a nearby problem.

    Returns:
        The probabilities and the saddlepoints, each (rows,).

    Source: R. Lugannani and S. Rice (1980), Saddle point approximation for the distribution of the sum of
    independent random variables; the cumulant function is K(s) = s·constant − Σ shape·log(1 − s·scale).
    """
    # The formula does not depend on the unit; with one of order 1 its steps are safe for weights of any size.
    unit = np.abs(scale).max(axis=1, initial=0.0)
    unit = np.where(unit > 0, unit, 1.0)
    v, c = scale / unit[:, None], constant / unit
    # Sums that cannot change sign need no formula.
    always = (c <= 0) & (v.max(axis=1, initial=0.0) <= 0)
    never = (c >= 0) & (v.min(axis=1, initial=0.0) >= 0) & ~always
    chance = np.where(always, 1.0, 0.0)
    saddle = np.zeros(len(c)) if start is None else start.copy()
    rest = np.flatnonzero(~(always | never))
    if len(rest):
        saddle[rest] = _saddlepoint(v[rest], shape[rest], c[rest], saddle[rest])
        chance[rest] = _lugannani_rice(v[rest], shape[rest], c[rest], saddle[rest])
    return chance, saddle


def _lugannani_rice(v: Floats, shape: Floats, c: Floats, s: Floats) -> Floats:
    """P(sum ≤ 0), given the saddlepoint s of each row."""
    from scipy.special import ndtr

    active = 1.0 - s[:, None] * v
    cumulant = s * c - np.sum(shape * np.log(active), axis=1)
    w = np.sign(s) * np.sqrt(np.maximum(-2.0 * cumulant, 0.0))
    u = s * np.sqrt(np.sum(shape * (v / active) ** 2, axis=1))
    near = np.abs(w) < _NEAR_MEAN
    w_safe, u_safe = np.where(near, 1.0, w), np.where(near, 1.0, u)
    tail = ndtr(w) + np.exp(-0.5 * w * w) / np.sqrt(2.0 * np.pi) * (1.0 / w_safe - 1.0 / u_safe)
    # At the mean the formula is 0/0; its limit needs the skewness κ: 1/2 + κ / (6 √(2π)).
    skewness = np.sum(2.0 * shape * v**3, axis=1) / np.sum(shape * v**2, axis=1) ** 1.5
    chance: Floats = np.clip(np.where(near, 0.5 + skewness / (6.0 * np.sqrt(2.0 * np.pi)), tail), 0.0, 1.0)
    return chance


def _saddlepoint(v: Floats, shape: Floats, c: Floats, start: Floats) -> Floats:
    """The root of K'(s) = c + Σ shape·v / (1 − s·v), by Newton steps kept inside a shrinking bracket."""
    most, least = v.max(axis=1), v.min(axis=1)
    high = np.where(most > 0, 1.0 / np.where(most > 0, most, 1.0), _FAR)
    low = np.where(least < 0, 1.0 / np.where(least < 0, least, -1.0), -_FAR)
    s = np.clip(start, 0.999 * low, 0.999 * high)
    root, at = np.empty(len(c)), np.arange(len(c))
    for _ in range(_NEWTON_STEPS):
        ratio = v / (1.0 - s[:, None] * v)
        weighted = shape * ratio
        slope = c + weighted.sum(axis=1)
        curve = np.einsum("ij,ij->i", weighted, ratio)
        low, high = np.where(slope < 0, s, low), np.where(slope < 0, high, s)
        step = s - slope / curve
        following = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        open_ = np.abs(following - s) > 1e-9 * (np.abs(s) + 1e-9)
        root[at] = s = following
        if not open_.any():
            break
        if open_.mean() < _WORTH_LEAVING:
            v, shape, c, at = v[open_], shape[open_], c[open_], at[open_]
            s, low, high = s[open_], low[open_], high[open_]
    return root
