"""The confidence sequence: it agrees with the verdict, narrows with labels, and holds at every look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.measure.gates.bets import Bets, above, below
from tidegate.measure.gates.evidence import Evidence, Stakes
from tidegate.measure.gates.sequence import lower_limit, upper_limit

TWENTY = 20.0


def worse(limit: float) -> Bets:
    return above(limit, 2 * limit)


def better(limit: float) -> Bets:
    return below(limit, limit / 2)


def both(x: np.ndarray, a: np.ndarray) -> tuple[float, float]:
    return lower_limit(worse, x, a, TWENTY), upper_limit(better, x, a, TWENTY)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.01, 1)), min_size=1, max_size=60))
def test_the_limits_enclose_the_weighted_mean_and_order_does_not_matter(
    labels: list[tuple[float, float]],
) -> None:
    x, a = np.array(labels).T
    low, high = both(x, a)
    assert 0 <= low <= (a * x).sum() / a.sum() <= high <= 1
    assert both(x[::-1], a[::-1]) == (low, high)


@settings(deadline=None)
@given(st.floats(0.001, 0.998), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_higher_limit_leaves_less_to_the_bets_above_it_and_more_to_those_below(
    limit: float, x: float, a: float
) -> None:
    """Each bet on its own, whatever the label: bisection relies on it."""
    higher = limit + 0.001
    label, weight = np.array([x]), np.array([a])
    assert (worse(higher).factors(label, weight) <= worse(limit).factors(label, weight) + 1e-12).all()
    assert (better(higher).factors(label, weight) >= better(limit).factors(label, weight) - 1e-12).all()


@pytest.mark.parametrize("limit", [0.01, 0.2, 0.5, 0.9])
def test_a_limit_is_refuted_exactly_when_the_sequence_leaves_it_out(limit: float) -> None:
    rng = np.random.default_rng(1)
    plan = Stakes(worse(limit), better(limit), 10_000)
    for rate in (limit / 3, limit, min(1.8 * limit, 0.99)):
        x = (rng.random(600) < rate).astype(float)
        one = np.ones_like(x)
        low, high = both(x, one)
        advance = Evidence(plan).take(x[:, None], x[:, None], one[:, None])[1][-1, 0]
        assert (high < limit) == (advance >= TWENTY)
        assert not (low > limit and high < limit)


def test_without_labels_it_is_everything_and_all_of_one_kind_leaves_one_side_open() -> None:
    nothing = np.zeros(0)
    assert both(nothing, nothing) == (0.0, 1.0)
    low, high = both(np.zeros(400), np.ones(400))
    assert low == 0
    assert high < 0.02
    low, high = both(np.ones(400), np.ones(400))
    assert low > 0.9
    assert high == 1


@pytest.mark.slow
def test_it_holds_at_every_look() -> None:
    rng = np.random.default_rng(2)
    rate, paths = 0.03, 60
    missed = 0
    for _ in range(paths):
        x = (rng.random(1_000) < rate).astype(float)
        looks = [both(x[:n], np.ones(n)) for n in (30, 60, 120, 250, 500, 1_000)]
        missed += any(not low <= rate <= high for low, high in looks)
    # Each side is missed at most once in twenty paths, at any look.
    assert missed <= 0.15 * paths
