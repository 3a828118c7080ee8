"""The `sliceline` package (SliceLine; Sagadeeva and Boehm 2021) on the same predicates, as a rival."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np

from benchmarks.measure.causes_world import Members, World

ALPHA = 0.99
"""The default, 0.95, found none of the first five plants: it asks for larger slices."""
LEAST = 0.005


def sliceline_slices(of: World, wrong: Members, told: int) -> list[Members] | None:
    """The first `told` slices of one clause; None where the package is not installed."""
    if importlib.util.find_spec("sliceline") is None:
        return None
    slicefinder = importlib.import_module("sliceline.slicefinder")
    # One column per clause. It also searches "is not so", which cannot be turned off; with two clauses its
    # matrix of items x pairs then asks for 43 GiB at 10,000 items and 700 clauses, so it is given one.
    table = of.clauses.matrix.toarray().astype(np.int8)
    finder = slicefinder.Slicefinder(
        alpha=ALPHA, k=told, max_l=1, min_sup=int(LEAST * len(wrong)), verbose=False
    )
    finder.fit(table, wrong.astype(float))
    found = []
    for one in finder.top_slices_:
        inside = np.ones(len(wrong), dtype=bool)
        for column, value in enumerate(one):
            if value is not None:
                inside &= table[:, column] == value
        found.append(inside)
    return found
