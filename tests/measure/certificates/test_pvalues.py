"""p-values of sets: exact where all chances of a label are equal, honest where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from tidegate.errors import MeasureError
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.pvalues import Shown, bound, p_values, shown
from tidegate.measure.certificates.sample import Bools, Floats, Sample, Sets, ground

LEAKAGE = Limit("leakage_rate", 0.05)


def seen(p: Floats, label_p: Floats, wrong: Bools, level: float = 0.05) -> Shown:
    """What labels show of the set of all items, of chances p."""
    everything = Sets(ground(p, np.ones((1, len(p)), dtype=bool)), np.ones((1, len(wrong)), dtype=bool))
    (one,) = shown(Sample(label_p, wrong), everything, LEAKAGE, level)
    return one


def p_of(p: Floats, label_p: Floats, wrong: Bools) -> float:
    return float(p_values([seen(p, label_p, wrong)], LEAKAGE)[0])


@given(st.integers(1, 300), st.data())
def test_equal_chances_give_the_binomial_test(labels: int, data: st.DataObject) -> None:
    errors = data.draw(st.integers(0, labels))
    found = p_of(np.full(1000, 0.5), np.full(labels, 0.5), np.arange(labels) < errors)
    assert found == pytest.approx(binom.cdf(errors, labels, 0.05), rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(st.integers(20, 300), st.data())
def test_nearly_equal_chances_give_nearly_that(labels: int, data: st.DataObject) -> None:
    errors = data.draw(st.integers(0, labels))
    p = np.full(1000, 0.5)
    p[0] = 0.4999
    found = p_of(p, np.full(labels, 0.5), np.arange(labels) < errors)
    assert found == pytest.approx(binom.cdf(errors, labels, 0.05), abs=0.02)


def test_the_bound_is_where_the_p_value_meets_the_level() -> None:
    rng = np.random.default_rng(3)
    for p in (np.full(5000, 0.2), rng.uniform(0.05, 0.5, 5000)):
        drawn = np.flatnonzero(rng.random(5000) < p)
        one = seen(p, p[drawn], rng.random(len(drawn)) < 0.02)
        at = bound(one, 0.05)
        assert p_values([one], Limit("leakage_rate", at))[0] == pytest.approx(0.05, abs=1e-3)
        assert p_values([one], Limit("leakage_rate", at * 1.05))[0] < 0.05


def test_an_empty_set_keeps_any_limit_and_one_without_labels_none() -> None:
    sample = Sample(np.full(2, 0.5), np.zeros(2, dtype=bool))
    items = np.array([[False] * 10, [True] * 10])
    sets = Sets(ground(np.full(10, 0.5), items), np.zeros((2, 2), dtype=bool))
    of = shown(sample, sets, LEAKAGE, 0.05)
    assert p_values(of, LEAKAGE).tolist() == [0.0, 1.0]
    assert bound(of[0], 0.05) == 0.0
    assert bound(of[1], 0.05) == 1.0


def test_items_that_no_label_can_reach_count_as_errors() -> None:
    """A tenth of the items is never labelled, so nobody can say that fewer than a tenth leak."""
    p = np.full(1000, 0.5)
    p[:100] = 1e-9
    one = seen(p, np.full(450, 0.5), np.zeros(450, dtype=bool))
    assert p_values([one], LEAKAGE)[0] > 0.5
    assert bound(one, 0.05) > 0.1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.1]))
def test_only_the_relation_of_weights_counts(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    p = rng.choice([0.9, 0.3, 0.09], 6000)
    drawn = np.flatnonzero(rng.random(6000) < p)
    wrong = rng.random(len(drawn)) < 0.045
    thinner = p_of(p * scale, p[drawn] * scale, wrong)
    assert thinner == pytest.approx(p_of(p, p[drawn], wrong), abs=1e-3)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.choice([0.9, 0.3, 0.09], 600)
    drawn = np.flatnonzero(rng.random(600) < p)
    wrong = rng.random(len(drawn)) < 0.03
    shuffled, order = rng.permutation(600), rng.permutation(len(drawn))
    one = p_of(p, p[drawn], wrong)
    assert p_of(p[shuffled], p[drawn][order], wrong[order]) == pytest.approx(one, abs=1e-9)


@pytest.mark.parametrize("wrong", [[], [True], [False], [True] * 50, [False] * 50])
@pytest.mark.parametrize("even", [True, False])
def test_degenerate_labels_are_answered(wrong: list[bool], even: bool) -> None:
    p = np.full(100, 0.5) if even else np.linspace(0.1, 1, 100)
    one = seen(p, p[: len(wrong)], np.array(wrong, dtype=bool))
    (value,) = p_values([one], LEAKAGE)
    assert 0 <= value <= 1
    assert 0 <= bound(one, 0.05) <= 1 + 1e-9
    if all(wrong):
        assert value > 0.9


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_set_says_the_same_among_others_as_alone(seed: int) -> None:
    """Sums are carried from one set to the next, also where sets are not nested and weights are far apart."""
    rng = np.random.default_rng(seed)
    p = rng.choice([1.0, 0.3, 1e-3, 1e-9], 300)
    drawn = np.sort(rng.choice(300, 100, replace=False))
    sample = Sample(p[drawn], rng.random(100) < 0.05)
    items = rng.random((5, 300)) < rng.random((5, 1))
    together = p_values(shown(sample, Sets(ground(p, items), items[:, drawn]), LEAKAGE, 0.05), LEAKAGE)
    for row, found in zip(items, together, strict=True):
        alone = Sets(ground(p, row[None]), row[None, drawn])
        (value,) = p_values(shown(sample, alone, LEAKAGE, 0.05), LEAKAGE)
        assert found == pytest.approx(value, abs=1e-6)


def test_chances_outside_0_to_1_are_refused() -> None:
    with pytest.raises(MeasureError, match="chance of a label"):
        Sample(np.array([0.0]), np.array([True]))
    with pytest.raises(MeasureError, match="chance of a label"):
        ground(np.array([1.5]), np.array([[True]]))
    with pytest.raises(MeasureError, match="do not go with"):
        Sample(np.array([0.5]), np.array([True, False]))


@pytest.mark.slow
@pytest.mark.parametrize("skew", [1.0, 10.0, 100.0])
def test_at_the_limit_a_weighted_p_value_is_small_no_more_often_than_it_says(skew: float) -> None:
    rng = np.random.default_rng(5)
    items, hits, repetitions = 20_000, {0.05: 0, 0.025: 0}, 1000
    wrong = np.arange(items) < items * 0.05
    # The errors are those that are drawn rarely: the hard case.
    p = np.where(wrong | (rng.random(items) < 0.3), 0.5 / skew, 0.5)
    for _ in range(repetitions):
        drawn = np.flatnonzero(rng.random(items) < p)
        value = p_of(p, p[drawn], wrong[drawn])
        for level in hits:
            hits[level] += value <= level
    for level, count in hits.items():
        assert count / repetitions <= level + 2.5 * np.sqrt(level * (1 - level) / repetitions)
