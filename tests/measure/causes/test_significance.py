"""The p-value of the search survives it: among permuted errors it is small as seldom as it says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tidegate.measure.causes import predicates
from tidegate.measure.causes.choose import choose
from tidegate.measure.causes.search import Slices, candidates
from tidegate.measure.causes.significance import expected, luck, observed, signed_root

ITEMS = 400


def small_search(seed: int) -> tuple[Slices, NDArray[np.intp], NDArray[np.bool_]]:
    """Some 20 slices, and errors that one of the two strata has more of."""
    rng = np.random.default_rng(seed)
    fields = pl.DataFrame(
        {
            "language": rng.choice(["en", "zh", "de"], ITEMS, p=[0.6, 0.3, 0.1]),
            "surface": rng.choice(["feed", "live"], ITEMS),
        }
    )
    strata = rng.integers(0, 2, ITEMS)
    wrong = rng.random(ITEMS) < np.where(strata, 0.2, 0.05)
    return candidates(predicates(fields)), strata, wrong


@pytest.mark.parametrize("stratified", [False, True])
def test_the_maxima_are_those_over_every_slice(stratified: bool) -> None:
    slices, strata, wrong = small_search(1)
    strata = strata if stratified else np.zeros_like(strata)
    found = luck(slices, wrong, strata, permutations=100, confidence=0.5, seed=3)
    rng, largest, widest = np.random.default_rng(3), [], []
    parts = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    for _ in range(100):
        rows = np.concatenate([rng.choice(of, size=int(wrong[of].sum()), replace=False) for of in parts])
        due = expected(slices, wrong, strata)
        sizes = slices.sizes.astype(np.float64)
        roots = signed_root(observed(slices, rows), due, sizes, float(wrong.sum()), ITEMS)
        largest.append((roots - found.offsets).max())
        widest.append(np.abs(roots).max())
    assert found.maxima == pytest.approx(np.sort(largest), abs=1e-6)
    assert found.critical == pytest.approx(np.median(widest), abs=1e-6)


def test_a_tie_counts_as_exceeded() -> None:
    """With five errors most maxima are equal to what was found; rounding must not call that clearer."""
    rng = np.random.default_rng(1)
    fields = pl.DataFrame(
        {"a": rng.integers(0, 40, 3000).astype(str), "b": rng.integers(0, 60, 3000).astype(str)}
    )
    slices, even = candidates(predicates(fields)), np.zeros(3000, dtype=np.intp)
    for seed in range(20):
        wrong = np.zeros(3000, dtype=bool)
        wrong[np.random.default_rng(seed).choice(3000, 5, replace=False)] = True
        chance = luck(slices, wrong, even, permutations=100, seed=seed)
        (first,) = choose(slices, wrong, even, chance, most=1)
        at = first.root - chance.offsets[first.number]
        assert first.p_value == (1 + (chance.maxima > at - 1e-6).sum()) / 101


@pytest.mark.slow
def test_permuted_errors_have_a_p_value_up_to_five_percent_in_five_percent_of_the_searches() -> None:
    slices, strata, wrong = small_search(2)
    runs, alarms = 300, 0
    for seed in range(runs):
        rng, permuted = np.random.default_rng([5, seed]), wrong.copy()
        for stratum in (0, 1):
            permuted[strata == stratum] = rng.permutation(wrong[strata == stratum])
        first = choose(
            slices, permuted, strata, luck(slices, permuted, strata, permutations=100, seed=seed), most=1
        )
        alarms += bool(first) and first[0].p_value <= 0.05
    # 15 are due; more than 27 come by chance once in a thousand.
    assert alarms <= 27
