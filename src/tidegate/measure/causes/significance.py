"""How much more often a slice errs than its strata do, and what the search alone would have turned up.

The statistic is the signed root of the likelihood ratio (G²), which is of like size for small and large
slices and for rare errors. Its threshold is the distribution of the maximum over all slices under permuted
errors (Westfall and Young 1993), so that it holds for the whole search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from tidegate.measure.causes.search import Slices

Floats = NDArray[np.float64]


def expected(slices: Slices, errors: NDArray[np.bool_], strata: NDArray[np.intp]) -> Floats:
    """The errors that each slice would have, were errors spread evenly over the items of each stratum.

    Σ_s n_s · e_s / N_s, with n_s of the slice's items, and e_s errors among all N_s items, in stratum s (N.
    Mantel and W. Haenszel 1959, the expectation of a cell).

    Rounded to nine decimals: slices that are alike must tie, here and under permuted errors, whatever the
    order in which their items were added up.

    Args:
        errors: whether each item is in error, shape (items,).
        strata: the stratum of each item, numbered from 0.
    """
    counts = np.bincount(strata)
    share = np.bincount(strata, weights=errors) / np.maximum(counts, 1)
    return np.asarray(np.round(slices.members.T @ share[strata], 9), dtype=np.float64)


def observed(slices: Slices, rows: NDArray[np.intp]) -> Floats:
    """How many of `rows`, the items in error, are in each slice. Only these rows are read."""
    starts, ends = slices.members.indptr[rows], slices.members.indptr[rows + 1]
    lengths = ends - starts
    offsets = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    hits = slices.members.indices[offsets + np.arange(lengths.sum())] if len(rows) else np.empty(0, np.intp)
    return np.bincount(hits, minlength=len(slices.sizes)).astype(np.float64)


def signed_root(seen: Floats, due: Floats, sizes: Floats, errors: float, items: float) -> Floats:
    """√G² of the table (slice or rest) × (error or not), negative where fewer errors are seen than due.

    G² = 2 Σ O ln(O / E) over the four cells (Wilks 1938; Kulldorff 1997 uses it to scan).
    """
    cells = (
        (seen, due),
        (sizes - seen, sizes - due),
        (errors - seen, errors - due),
        (items - sizes - errors + seen, items - sizes - errors + due),
    )
    total = np.sum([_cell(of, to) for of, to in cells], axis=0)
    root = np.sqrt(2 * np.maximum(total, 0.0))
    return np.asarray(np.sign(seen - due) * root, dtype=np.float64)


def _cell(of: Floats, to: Floats) -> Floats:
    # Rounding can leave a hair below zero where all of a stratum is in the slice.
    of, to = np.maximum(of, 0.0), np.maximum(to, 1e-12)
    return np.asarray(xlogy(of, of / to), dtype=np.float64)


@dataclass(frozen=True)
class Luck:
    """What the search turns up by chance.

    Attributes:
        offsets: per slice, the median maximum of its depth (one clause, or two) over the errors as they are
            and as permuted: what the many pairs owe to their number.
        maxima: the maximum of root − offset over all slices, one per permutation, ascending.
        critical: the 95 % quantile (or that of `confidence`) of the largest root of either sign, for
            intervals that hold for all slices at once.
    """

    offsets: Floats
    maxima: Floats
    critical: float

    def p_value(self, root: float, number: int) -> float:
        """The chance that a search over permuted errors finds anything as good: (1 + exceeded) / (1 + B).

        The errors as they are count as one of 1 + B equally likely arrangements (Phipson and Smyth 2010), and
        the offsets treat all of these alike; so this is at most α in at most a share α of all searches, for
        any B.
        """
        at = root - self.offsets[number]
        exceeded = len(self.maxima) - np.searchsorted(self.maxima, at - 1e-9)
        return float((1 + exceeded) / (1 + len(self.maxima)))


def luck(
    slices: Slices,
    errors: NDArray[np.bool_],
    strata: NDArray[np.intp],
    *,
    permutations: int = 400,
    confidence: float = 0.95,
    seed: int = 0,
) -> Luck:
    """Search permuted errors, just as the errors themselves are searched.

    The distribution of the largest statistic over all slices (maxT; P. H. Westfall and S. S. Young 1993).
    Errors are permuted within strata, since under the null hypothesis they are exchangeable there and not
    across: items that were drawn for their score err more often.

    Cost: permutations × (slices that items in error are in).
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    drawn = [(rows, int(errors[rows].sum())) for rows in members]
    groups = _alike(slices, expected(slices, errors, strata))
    total, items = float(errors.sum()), float(len(errors))
    depths = [groups.deep == depth for depth in np.unique(groups.deep)]
    best = np.zeros((1 + permutations, len(depths)))
    widest = np.zeros(1 + permutations)
    for turn in range(1 + permutations):
        rows = (
            np.concatenate([rng.choice(of, size=k, replace=False) for of, k in drawn])
            if turn
            else np.flatnonzero(errors)
        )
        seen = observed(slices, rows)[groups.order]
        extremes = np.vstack([of.reduceat(seen, groups.starts) for of in (np.maximum, np.minimum)])
        highest, lowest = signed_root(extremes, groups.due, groups.sizes, total, items)
        best[turn] = [highest[depth].max() for depth in depths]
        widest[turn] = max(highest.max(), -lowest.min())
    typical = np.median(best, axis=0)
    offsets = typical[np.unique(slices.pairs, return_inverse=True)[1]]
    maxima = np.sort((best[1:] - typical).max(axis=1))
    return Luck(offsets, maxima, float(np.quantile(widest[1:], confidence)))


@dataclass(frozen=True)
class _Alike:
    """Groups of slices of one depth, size and number of errors due; `order` lists the slices by group.

    Within a group the root grows with the errors seen, so only its largest and its least count matter.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    deep: NDArray[np.bool_]
    sizes: Floats
    due: Floats


def _alike(slices: Slices, due: Floats) -> _Alike:
    order = np.lexsort((due, slices.sizes, slices.pairs))
    keys = np.column_stack([slices.pairs, slices.sizes, due])[order]
    starts = np.flatnonzero(np.concatenate([[True], (keys[1:] != keys[:-1]).any(axis=1)]))
    first = order[starts]
    return _Alike(order, starts, slices.pairs[first], slices.sizes[first].astype(np.float64), due[first])
