"""Many checks, one report: Holm's correction, and the smallest change that a check would have seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure.drift import corrected
from tidegate.measure.drift.scores import share_check

probabilities = st.lists(st.none() | st.floats(0, 1), max_size=12)


def test_by_the_book() -> None:
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p=probabilities)
def test_it_only_makes_more_careful_and_keeps_the_order(p: list[float | None]) -> None:
    out = corrected(p)
    assert [one is None for one in out] == [one is None for one in p]
    pairs = [(a, b) for a, b in zip(p, out, strict=True) if a is not None and b is not None]
    assert all(a <= b <= 1 for a, b in pairs)
    assert sorted(b for _, b in sorted(pairs)) == [b for _, b in sorted(pairs)]


@pytest.mark.slow
def test_the_smallest_change_is_seen_in_four_of_five() -> None:
    rng, level, m, n, base = np.random.default_rng(1), 0.05, 4_000, 3_000, 0.1
    smallest = share_check("mix", "", (400, m), (300, n), "", "", 0.02).smallest(level)
    assert smallest is not None
    seen = 0
    for _ in range(1_000):
        x, y = rng.binomial(m, base), rng.binomial(n, base + smallest)
        p = share_check("mix", "", (int(x), m), (int(y), n), "", "", 0.02).p
        seen += p is not None and p <= level
    assert 0.7 < seen / 1_000 < 0.9
