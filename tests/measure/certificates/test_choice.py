"""From two certified families to one choice, and one path for several thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure.certificates.choice import SLACK, keeps, pairs, tightened
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.path import interleave, positions, rising

SCORE = np.arange(100)


def acts(*levels: int) -> np.ndarray:
    return np.array([level <= SCORE for level in levels])


def passes(*levels: int) -> np.ndarray:
    return np.array([level > SCORE for level in levels])


def test_the_pair_that_automates_most_comes_first() -> None:
    found = pairs(acts(99, 95, 90), np.array([True, True, False]), passes(10, 50), np.array([True, True]))
    assert (found[0].acts, found[0].passes) == (1, 1)
    assert found[0].automated == pytest.approx(0.55)


def test_sets_that_share_items_do_not_stand_together() -> None:
    found = pairs(acts(60, 30), np.array([True, True]), passes(50), np.array([True]))
    assert [(one.acts, one.passes) for one in found] == [(0, 0)]


def test_among_equals_the_one_that_acts_least_comes_first() -> None:
    found = pairs(acts(50, 40), np.array([True, True]), passes(40, 50), np.array([True, True]))
    assert (found[0].acts, found[0].passes, found[0].automated) == (0, 1, 1.0)


def test_nothing_certified_gives_no_pair() -> None:
    assert pairs(acts(50), np.array([False]), passes(50), np.array([True])) == []


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.data())
def test_what_keeps_says_is_so_whatever_the_errors_are(wrong: list[bool], data: st.DataObject) -> None:
    errors = np.array(wrong)
    actual = np.array(data.draw(st.lists(st.booleans(), min_size=len(wrong), max_size=len(wrong))))
    whole = np.ones(len(wrong), dtype=bool)
    limit = Limit("leakage_rate", 0.3)
    some = np.array(data.draw(st.lists(st.booleans(), min_size=len(wrong), max_size=len(wrong))))
    for certified in (whole, some):
        good = certified.any() and errors[certified].mean() <= tightened(limit).at_most
        if good and actual.any() and keeps(certified, actual, limit):
            assert errors[actual].mean() <= limit.at_most + 1e-9


def test_a_little_may_be_lost_and_less_be_gained() -> None:
    limit, items = Limit("leakage_rate", 0.3), np.arange(10_000)
    some = items < 5_000
    assert keeps(some, some, limit)
    assert keeps(some, items < 5_000 - 5_000 * SLACK, limit)
    assert not keeps(some, items < 5_000 - 5_000 * SLACK - 1, limit)
    # Each item gained may be in error; each one lost takes away no more than the limit's share of one.
    assert keeps(some, items < 5_000 + 21, limit)
    assert not keeps(some, items < 5_000 + 22, limit)


def test_the_purer_threshold_takes_its_turns_first() -> None:
    turns = interleave(
        [np.array([10.0, 10.0]), np.array([10.0, 10.0])],
        [np.array([0.0, 5.0]), np.array([1.0, 2.0])],
        0.02,
        1.0,
    )
    assert turns == [0, 1, 1, 0]
    assert positions(turns, 2).tolist() == [[0, 0], [1, 0], [1, 1], [1, 2], [2, 2]]


def test_without_a_pilot_thresholds_take_turns() -> None:
    assert interleave([np.zeros(2), np.zeros(2)], [np.zeros(2), np.zeros(2)], 0.02, 1.0) == [0, 1, 0, 1]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1, max_size=20))
def test_rising_rates_rise_and_keep_their_mean(pairs_of: list[tuple[float, float]]) -> None:
    rate, weight = np.array(pairs_of).T
    found = rising(rate, weight)
    assert (np.diff(found) >= -1e-12).all()
    assert found @ weight == pytest.approx(rate @ weight)
