"""The slices worth telling: each explains errors that those before it do not.

One cause shows in many slices that overlap. Once a slice is chosen, its items are a stratum of their own, so
whatever overlaps with it stands out only for what it adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidegate.measure.causes.search import Slices
from tidegate.measure.causes.significance import Luck, expected, observed, signed_root

SIMPLER_UNLESS = 2.0
"""A pair is told instead of its part only where, within the part, its errors stand out by this root."""
AS_CLEAR = 0.01
"""A part with a p-value up to this is as clear as any pair of it."""


@dataclass(frozen=True)
class Choice:
    """A slice by number, its root beside the errors left unexplained, and its p-value within the search."""

    number: int
    root: float
    p_value: float


def choose(
    slices: Slices, errors: NDArray[np.bool_], strata: NDArray[np.intp], chance: Luck, *, most: int = 10
) -> list[Choice]:
    """Up to `most` slices with more errors than due, the clearest first.

    Each step takes the largest root − offset beside the residual errors: those that are left when errors are
    spread within stratum × slices chosen so far. The first p-value is that of the whole search; the later
    ones are held against the same distribution of maxima (single-step maxT; P. H. Westfall and S. S. Young
    1993), and none is below the one before it.
    """
    seen = observed(slices, np.flatnonzero(errors))
    sizes = slices.sizes.astype(np.float64)
    columns = slices.members.tocsc()
    chosen: list[Choice] = []
    rare = seen <= expected(slices, errors, strata)
    while len(chosen) < most:
        due = expected(slices, errors, strata)
        roots = signed_root(seen, due, sizes, float(errors.sum()), len(errors))
        roots[[choice.number for choice in chosen]] = -np.inf
        # Beside the residual errors even a slice that errs less than all items do can stand out.
        roots[rare] = -np.inf
        best = int(np.argmax(roots - chance.offsets))
        best = _simpler(slices, seen, roots, best, chance)
        if not roots[best] > 0:
            break
        # Never clearer than the one before: among permuted errors none is proven unless the first is.
        p_value = max(chance.p_value(float(roots[best]), best), chosen[-1].p_value if chosen else 0.0)
        chosen.append(Choice(best, float(roots[best]), p_value))
        rows = columns.indices[columns.indptr[best] : columns.indptr[best + 1]]
        refined = 2 * strata
        refined[rows] += 1
        strata = np.unique(refined, return_inverse=True)[1]
    return chosen


def _simpler(
    slices: Slices, seen: NDArray[np.float64], roots: NDArray[np.float64], best: int, chance: Luck
) -> int:
    """A part of a pair, where it is as clear and the pair adds nothing to it; else the pair itself."""
    parts = [int(part) for part in slices.parts[best] if part >= 0]
    if len(parts) < 2:
        return best
    p_value = chance.p_value(float(roots[best]), best)
    of, size = seen[best], float(slices.sizes[best])
    for part in sorted(parts, key=lambda part: -roots[part]):
        errors, items = seen[part], float(slices.sizes[part])
        due = np.array([errors * size / items])
        within = signed_root(np.array([of]), due, np.array([size]), errors, items)[0]
        as_clear = chance.p_value(float(roots[part]), part) <= max(p_value, AS_CLEAR)
        if within < SIMPLER_UNLESS and as_clear:
            return part
    return best
