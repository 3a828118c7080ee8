"""Which ids a run has met, in eight bytes an id.

Ids are kept as 64-bit hashes in sorted arrays whose sizes double, merged as they fill (a log-structured
merge tree: O'Neil et al. 1996). Two different ids share a hash with a chance of n²/2⁶⁵ for n ids: about 3 in
100,000 for thirty million.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class SeenIds:
    """Remembers ids for as long as it lives."""

    def __init__(self) -> None:
        self._levels: list[Hashes] = []

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    def add(self, ids: pl.Series) -> pl.Series:
        """Remember `ids`; Boolean per id: whether it came before, in an earlier call or in this one."""
        hashed = ids.hash(seed=0)
        hashes = hashed.to_numpy()
        before = np.zeros(len(hashes), dtype=np.bool_)
        # Looked up in order, neighbours lie in the same cache lines.
        order = np.argsort(hashes)
        ordered = hashes[order]
        for level in self._levels:
            place = np.searchsorted(level, ordered)
            before[order] |= level[np.minimum(place, len(level) - 1)] == ordered
        repeated = pl.Series(before) | ~hashed.is_first_distinct()
        self._keep(np.sort(hashes[~repeated.to_numpy()]))
        return repeated

    def _keep(self, fresh: Hashes) -> None:
        if not len(fresh):
            return
        self._levels.append(fresh)
        while len(self._levels) > 1 and len(self._levels[-2]) < 2 * len(self._levels[-1]):
            smaller, larger = self._levels.pop(), self._levels.pop()
            # A stable sort of two sorted runs is one merge.
            self._levels.append(np.sort(np.concatenate([larger, smaller]), kind="stable"))
