"""The slices that are searched: every predicate, and every pair of predicates that holds for enough items.

A slice is a candidate for its size alone, never for its errors. So the candidates are the same for every
permutation of the errors, and the level of a test by permutation is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tidegate.measure.causes.predicates import WORD, Predicate, Predicates

MOST_SLICES = 20_000
PREDICATES_AT_ONCE = 64


@dataclass(frozen=True)
class Slices:
    """Candidates: `members` (items × slices) has 1 where an item is in a slice; `sizes` counts the items.

    `parts` holds the two predicates of each slice by number; the second is −1 where there is only one.
    """

    clauses: tuple[Predicate, ...]
    parts: NDArray[np.int64]
    members: sparse.csr_array
    sizes: NDArray[np.int64]

    @property
    def pairs(self) -> NDArray[np.bool_]:
        return self.parts[:, 1] >= 0

    def described(self, number: int) -> tuple[Predicate, ...]:
        return tuple(self.clauses[part] for part in self.parts[number] if part >= 0)


def candidates(
    found: Predicates, *, depth: int = 2, least: float = 0.003, fewest: int = 10, most: int = MOST_SLICES
) -> Slices:
    """Slices of one clause and, at depth 2, of two.

    The size bound is SliceLine's (Sagadeeva and Boehm 2021): a conjunction is no larger than its smallest
    part, and one below the smallest size can say nothing. Pairs come from AᵀA, with A the items × predicates.
    A pair that holds for (nearly) all items of one of its parts says no more than that part.

    Args:
        depth: 1 or 2 clauses.
        least: the smallest share of items of a pair, and `fewest` the smallest number.
        most: how many pairs there may be; beyond it the smallest are left out.
    """
    singles = found.matrix.tocsc()
    sizes = np.diff(singles.indptr).astype(np.int64)
    alone = np.column_stack([np.arange(len(sizes)), np.full(len(sizes), -1)])
    if depth == 1 or len(sizes) < 2:
        return Slices(found.clauses, alone, found.matrix, sizes)
    smallest = max(fewest, int(np.ceil(least * found.matrix.shape[0])))
    pairs, counts = _pairs(found, sizes, smallest)
    if len(counts) > most:
        kept = np.sort(np.argsort(-counts, kind="stable")[:most])
        pairs, counts = pairs[kept], counts[kept]
    if not len(counts):
        return Slices(found.clauses, alone, found.matrix, sizes)
    both = _intersections(singles, pairs)
    return Slices(
        found.clauses,
        np.vstack([alone, pairs]),
        sparse.hstack([singles, both], format="csr"),
        np.concatenate([sizes, counts]),
    )


def _pairs(
    found: Predicates, sizes: NDArray[np.int64], smallest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    overlap = sparse.triu(found.matrix.T @ found.matrix, k=1, format="coo")
    left, right, both = overlap.row, overlap.col, overlap.data
    fields = np.unique([clause.field for clause in found.clauses], return_inverse=True)[1]
    words = np.array([clause.field == WORD for clause in found.clauses])
    says_more = both <= 0.95 * np.minimum(sizes[left], sizes[right])
    kept = (both >= smallest) & says_more & ((fields[left] != fields[right]) | words[left])
    return np.column_stack([left[kept], right[kept]]).astype(np.int64), both[kept].astype(np.int64)


def _intersections(singles: sparse.csc_array, pairs: NDArray[np.int64]) -> sparse.csc_array:
    parts = [
        singles[:, pairs[start : start + PREDICATES_AT_ONCE, 0]].multiply(
            singles[:, pairs[start : start + PREDICATES_AT_ONCE, 1]]
        )
        for start in range(0, len(pairs), PREDICATES_AT_ONCE)
    ]
    return sparse.hstack(parts, format="csc")
