"""The forecast of a queue, against arithmetic, a queue of single tasks, and how often it comes true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.planning.backlog import HOURS, forecast


def days(count: int, hourly: int) -> np.ndarray:
    return np.full((count, HOURS), hourly)


def test_few_days_say_nothing() -> None:
    assert forecast(np.array([1.0]), days(4, 1), days(4, 1), sla=1.0) is None


def test_a_queue_that_is_answered_as_it_comes_is_in_time() -> None:
    found = forecast(np.array([0.5, 1.5]), days(7, 10), days(7, 10), sla=2.0)
    assert found is not None
    assert (found.chance, found.late, found.waiting, found.begins) == (0.0, (0, 0, 0), (2, 2, 2), None)


def test_a_queue_to_which_more_comes_than_is_answered_is_late_when_arithmetic_says() -> None:
    # 30 wait; 20 an hour come and 15 are answered; due within two hours.
    found = forecast(np.full(30, 2.0), days(10, 20), days(10, 15), sla=2.0)
    assert found is not None
    assert found.chance == 1.0
    # By the end of hour h: due 30 + 20·(h - 2), answered 15·h; late once 5·h > 10 + ... that is after hour 2.
    late = [max(0, (30 if h >= 2 else 0) + 20 * max(h - 2, 0) - 15 * h) for h in range(1, HOURS + 1)]
    assert found.begins == next(h for h, number in enumerate(late, 1) if number >= 1)
    assert found.late == (late[-1],) * 3
    assert found.waiting == (30 + 24 * 5,) * 3


def test_what_nobody_answers_is_late_when_its_time_is_up() -> None:
    found = forecast(np.array([3.5]), days(5, 0), days(5, 0), sla=24.0)
    assert found is not None
    assert (found.chance, found.begins, found.late) == (1.0, 4, (1, 1, 1))
    already = forecast(np.array([-3.0]), days(5, 0), days(5, 0), sla=24.0)
    assert already is not None
    assert already.begins == 1


def test_days_are_drawn_whole() -> None:
    """Much comes on days on which much is answered: drawn apart, half of the runs would be late."""
    came = np.vstack([days(5, 5), days(5, 50)])
    found = forecast(np.array([]), came, came, sla=1.0)
    assert found is not None
    assert found.chance == 0.0


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 6), min_size=HOURS, max_size=HOURS),
    st.lists(st.integers(0, 6), min_size=HOURS, max_size=HOURS),
    st.lists(st.integers(-5, 30), max_size=20),
    st.integers(1, 30),
)
def test_it_counts_as_a_queue_of_single_tasks_does(
    came: list[int], answered: list[int], left: list[int], sla: int
) -> None:
    """One task after another, first come, first answered, in whole hours."""
    left = [min(one, sla) for one in left]  # nothing is due later than what comes now
    queue = sorted(float(one) for one in left)
    late_at = []
    for hour in range(HOURS):
        queue += [float(hour + 1 + sla)] * came[hour]  # what comes evenly within the hour is due by its end
        queue = queue[answered[hour] :]
        late_at.append(sum(due <= hour + 1 for due in queue))
    found = forecast(
        np.array(left, dtype=float),
        np.tile(came, (5, 1)),
        np.tile(answered, (5, 1)),
        sla=float(sla),
        runs=1,
    )
    assert found is not None
    assert found.waiting[1] == len(queue)
    assert found.late[1] == late_at[-1]
    assert found.chance == float(any(late_at))


def test_the_chance_that_is_told_is_how_often_it_comes_true() -> None:
    """Calibration: 300 queues with random days, each forecast and then lived through."""
    told, came_true = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        load = rng.uniform(0.8, 1.2)
        shape = 6 + 4 * np.sin(np.arange(HOURS) / HOURS * 2 * np.pi)
        many = rng.gamma(20, 1 / 20, 29)[:, None]  # some days bring more than others
        came, answered = rng.poisson(load * shape * many), rng.poisson(shape, (29, HOURS))
        left = np.sort(rng.uniform(0, 4, rng.integers(0, 30)))
        past = forecast(left, came[:28], answered[:28], sla=4.0, runs=500, seed=seed)
        day = forecast(left, np.tile(came[28:], (5, 1)), np.tile(answered[28:], (5, 1)), sla=4.0, runs=1)
        assert past is not None
        assert day is not None
        told.append(past.chance)
        came_true.append(day.chance)
    chances, truths = np.array(told), np.array(came_true)
    # Overall, and among those told less or more than half: within three standard errors.
    for some in (chances >= 0, chances < 0.5, chances >= 0.5):
        error = np.sqrt((chances[some] * (1 - chances[some])).sum()) / some.sum()
        assert truths[some].mean() == pytest.approx(chances[some].mean(), abs=3 * error + 0.02)
