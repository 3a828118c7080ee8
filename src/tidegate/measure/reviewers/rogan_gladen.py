"""The rate behind an apparent one, and how far every doubt about it reaches.

`hit` is the share of what is looked for that reviewers find, `spare` the share of the rest that they leave
alone: sensitivity and specificity where violating items are looked for, the other way round for fine ones.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tidegate.measure.reviewers.skill import Limits

Rate = TypeVar("Rate", float, npt.NDArray[np.float64])


def rogan_gladen(p: Rate, hit: float, spare: float) -> Rate:
    """The rate behind the apparent rate p, not kept between 0 and 1 (W. J. Rogan and B. Gladen 1978)."""
    return (p + spare - 1) / (hit + spare - 1)


def luck(r: float, hit: float, spare: float, items: int, confidence: float) -> float:
    """How far the mistakes on these very items may be from those to be expected, said as a rate.

    Each item is mistaken by itself; of a sample of them the interval of p allows for its own share already.
    """
    from scipy.special import ndtri

    r = min(max(r, 0.0), 1.0)
    mistakes = r * hit * (1 - hit) + (1 - r) * spare * (1 - spare)
    return float(ndtri(0.5 + confidence / 2) * np.sqrt(mistakes / items)) / (hit + spare - 1)


def square_and_add(
    apparent: tuple[float, float, float],
    shares: tuple[float, float],
    limits: tuple[Limits, Limits],
    by_luck: float,
) -> tuple[float, float, float]:
    """The rate and its limits, not kept between 0 and 1.

    Squares and adds how far each of p, hit and spare can move the rate within its own interval, towards
    either side (R. G. Newcombe 2001, Statistics in Medicine 20; G. Zou and A. Donner 2008).

    Args:
        apparent: p with its limits.
        shares, limits: hit and spare, and theirs.
        by_luck: how far the rate may be moved by luck, see `luck`.
    """
    (p, low_p, high_p), (hit, spare), (of_hit, of_spare) = apparent, shares, limits
    r = rogan_gladen(p, hit, spare)
    skilled = (rogan_gladen(p, of_hit[1], spare), rogan_gladen(p, hit, of_spare[0]))
    low = _moved(r, rogan_gladen(low_p, hit, spare), *skilled, r - by_luck, sign=-1)
    unskilled = (rogan_gladen(p, of_hit[0], spare), rogan_gladen(p, hit, of_spare[1]))
    high = _moved(r, rogan_gladen(high_p, hit, spare), *unskilled, r + by_luck, sign=1)
    return r, low, high


def _moved(r: float, *others: float, sign: int) -> float:
    """The rate moved by the square root of the sum of squares of the moves to this side."""
    return r + sign * float(np.sqrt(sum(max(sign * (other - r), 0.0) ** 2 for other in others)))
