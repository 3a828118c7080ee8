"""The order of tests, and the error that it spends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.certificates.sequence import fallback, labels_needed, starts


def test_with_all_weight_on_the_first_it_is_fixed_sequence_testing() -> None:
    p = np.array([0.01, 0.04, 0.06, 0.001])
    assert fallback(p, np.array([1.0, 0, 0, 0]), 0.05).tolist() == [True, True, False, False]


def test_a_second_start_goes_on_with_its_own_share_alone() -> None:
    p = np.array([0.2, 0.02, 0.02, 0.03])
    assert fallback(p, np.array([0.5, 0.0, 0.5, 0.0]), 0.05).tolist() == [False, False, True, False]


def test_what_goes_well_adds_up() -> None:
    p = np.array([0.02, 0.04])
    assert fallback(p, np.array([0.5, 0.5]), 0.05).tolist() == [True, True]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 0.2))
def test_nothing_is_certified_above_the_level(p: list[float], level: float) -> None:
    weight = np.full(len(p), 1 / len(p))
    certified = fallback(np.array(p), weight, level)
    assert not certified[np.array(p) > level * (1 + 1e-9)].any()


@pytest.mark.parametrize("weight", [[0.6, 0.6], [-0.1, 0.5]])
def test_weights_that_overspend_are_refused(weight: list[float]) -> None:
    with pytest.raises(MeasureError, match="add up to more than 1"):
        fallback(np.array([0.1, 0.1]), np.array(weight), 0.05)


def test_families_of_nulls_are_certified_no_more_often_than_the_level() -> None:
    rng = np.random.default_rng(1)
    weight = np.array([0.5, 0.0, 0.0, 0.3, 0.0, 0.2])
    errors = sum(fallback(rng.random(6), weight, 0.1).any() for _ in range(20_000))
    assert errors / 20_000 <= 0.1 + 0.006


def test_testing_begins_where_enough_labels_are_expected() -> None:
    expected = np.array([10.0, 100.0, 260.0, 500.0, 800.0, 2000.0, 2300.0])
    weight = starts(expected, 100.0)
    assert weight.sum() == pytest.approx(1)
    assert np.flatnonzero(weight).tolist() == [2, 4, 6]  # from 250, 750 and 2,250 labels on
    assert weight[[2, 4, 6]] == pytest.approx(np.array([9, 3, 1]) / 13)


def test_a_start_that_fails_by_bad_luck_leaves_later_ones_their_share() -> None:
    expected = np.geomspace(250, 25_000, 60)
    p = np.where(expected < 700, 0.04, 1e-6)  # few labels of a rate that is near the limit, then many
    certified = fallback(p, starts(expected, 100.0), 0.025)
    assert not certified[expected < 700].any()
    assert certified[expected > 750].all()


@pytest.mark.parametrize("expected", [[], [0.0], [1.0, 2.0], [1e9]])
def test_starts_spend_all_or_there_is_nothing_to_test(expected: list[float]) -> None:
    weight = starts(np.array(expected), 100.0)
    assert weight.sum() == (1 if expected else 0)


def test_labels_needed_is_the_rule_of_three_without_errors() -> None:
    assert labels_needed(0.01, 0.0, 0.05) == pytest.approx(np.log(20) / -np.log(0.99))
    assert labels_needed(0.01, 0.005, 0.05) > labels_needed(0.01, 0.0, 0.05)
    assert labels_needed(0.01, 0.01, 0.05) == float("inf")
