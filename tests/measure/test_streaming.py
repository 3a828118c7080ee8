"""A streaming audit keeps to its budget, never takes an item's chance away, whatever the batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.streaming import DAY, Budget, Stream, assign

SIZES = st.floats(0, 1e6) | st.just(float("nan")) | st.just(-1.0) | st.just(1e9)


@st.composite
def bursts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Items in clumps: pauses of hours between bursts in which many come in the same second."""
    times, sizes, now = [], [], draw(st.floats(0, DAY))
    for _ in range(draw(st.integers(1, 8))):
        now += draw(st.floats(0, DAY))
        many = draw(st.integers(1, 40))
        times += [now] * many
        sizes += draw(st.lists(SIZES, min_size=many, max_size=many))
    return np.array(times), np.array(sizes)


@settings(max_examples=100, deadline=None)
@given(bursts(), st.floats(0.5, 50), st.floats(1e-6, 0.01), st.floats(0.05, 1))
def test_the_budget_of_every_day_holds_in_expectation(
    burst: tuple[np.ndarray, np.ndarray], labels: float, least: float, saved: float
) -> None:
    times, sizes = burst
    p, _ = assign(Stream(), Budget(labels, least, saved), times, sizes)
    for day in np.unique(times // DAY):
        of_day = times // DAY == day
        assert p[of_day].sum() <= labels + least * of_day.sum() + 1e-9


@settings(max_examples=100, deadline=None)
@given(bursts(), st.floats(0.5, 50), st.floats(1e-6, 1))
def test_no_item_is_ever_without_a_chance(
    burst: tuple[np.ndarray, np.ndarray], labels: float, least: float
) -> None:
    p, _ = assign(Stream(), Budget(labels, least), *burst)
    assert (p >= least).all()
    assert (p <= 1).all()


@settings(max_examples=50, deadline=None)
@given(bursts(), st.integers(0, 300))
def test_batches_of_any_size_give_the_same_probabilities(
    burst: tuple[np.ndarray, np.ndarray], cut: int
) -> None:
    times, sizes = burst
    budget = Budget(20, 1e-4)
    whole, end = assign(Stream(), budget, times, sizes)
    first, between = assign(Stream(), budget, times[:cut], sizes[:cut])
    second, end_too = assign(between, budget, times[cut:], sizes[cut:])
    assert np.concatenate([first, second]).tolist() == whole.tolist()
    assert end_too == end


@settings(max_examples=50, deadline=None)
@given(bursts(), st.sampled_from([1e-6, 1e3]))
def test_scores_of_another_unit_give_the_same_probabilities(
    burst: tuple[np.ndarray, np.ndarray], unit: float
) -> None:
    times, sizes = burst
    before, _ = assign(Stream(), Budget(20, 1e-4), times, sizes)
    after, _ = assign(Stream(), Budget(20, 1e-4), times, sizes * unit)
    assert after == pytest.approx(before, rel=1e-6)


def a_day_with_a_burst(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three days of steady traffic, and ten times as much in twenty minutes of the second."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([rng.uniform(0, 3 * DAY, 9000), rng.uniform(1.5 * DAY, 1.5 * DAY + 1200, 9000)])
    return np.sort(times), rng.beta(0.3, 10, 18_000)


def test_steady_and_bursty_days_both_spend_most_of_the_budget() -> None:
    times, sizes = a_day_with_a_burst(0)
    p, _ = assign(Stream(), Budget(300, 1e-4), times, sizes)
    for day in range(3):
        assert 0.75 * 300 <= p[times // DAY == day].sum() <= 300


def test_higher_scores_have_higher_chances_on_the_whole() -> None:
    times, sizes = a_day_with_a_burst(1)
    p, _ = assign(Stream(), Budget(300, 1e-4), times, sizes)
    assert p[sizes > np.quantile(sizes, 0.9)].mean() > 5 * p[sizes < np.quantile(sizes, 0.5)].mean()


def test_with_the_recorded_probabilities_the_total_is_estimated_without_bias() -> None:
    times, sizes = a_day_with_a_burst(2)
    rng = np.random.default_rng(3)
    violates = rng.random(len(sizes)) < np.minimum(1, 2 * sizes + 0.01)
    p, _ = assign(Stream(), Budget(600, 0.01), times, sizes)
    totals = [np.sum(violates[drawn] / p[drawn]) for drawn in (rng.random(len(p)) < p for _ in range(2000))]
    error = np.sqrt(np.sum(violates * (1 - p) / p) / 2000)
    assert abs(np.mean(totals) - violates.sum()) < 4 * error


def test_an_empty_batch_changes_nothing() -> None:
    p, state = assign(Stream(), Budget(10, 0.1), [], [])
    assert len(p) == 0
    assert state == Stream()


def test_time_may_not_run_backwards() -> None:
    _, state = assign(Stream(), Budget(10, 0.1), [100.0], [1.0])
    with pytest.raises(MeasureError, match="order of time"):
        assign(state, Budget(10, 0.1), [99.0], [1.0])
    with pytest.raises(MeasureError, match="order of time"):
        assign(Stream(), Budget(10, 0.1), [float("nan")], [1.0])
    with pytest.raises(MeasureError, match="2 times"):
        assign(Stream(), Budget(10, 0.1), [1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    "wrong", [(0, 0.1, 0.5), (10, 0, 0.5), (10, 2, 0.5), (10, 0.1, 0), (float("inf"), 0.1, 1)]
)
def test_a_budget_must_make_sense(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(MeasureError, match="streaming audit"):
        Budget(*wrong)
