"""Limits within sliding windows: never exceeded, whatever comes when, and however clocks are set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tidegate.server.care.windows import LENGTH, Window, free_at, room, tightest, used

START = datetime(2026, 3, 1, tzinfo=UTC)
WEIGHTS = st.sampled_from([1, 2, 4, 8])
LIMITS = st.fixed_dictionaries({window: st.integers(0, 60) for window in Window})
MINUTES = st.integers(0, 3 * 24 * 60)


def moment(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@given(LIMITS, st.lists(st.tuples(MINUTES, st.integers(0, 90), WEIGHTS), max_size=60))
def test_no_window_of_true_time_ever_holds_more_than_its_limit(
    limits: dict[Window, int], asked: list[tuple[int, int, int]]
) -> None:
    """The clock is set back by so much at each step and never put right: it only lags ever more."""
    rows: list[tuple[datetime, int]] = []
    true_rows: list[tuple[datetime, int]] = []
    behind = 0
    for at, back, weight in sorted(asked):
        behind += back
        clock = moment(at - behind)
        if weight <= room(limits, used(rows, clock)):
            rows.append((clock, weight))
            true_rows.append((moment(at), weight))
        for window in Window:
            assert used(true_rows, moment(at))[window] <= limits[window]


@given(LIMITS, st.lists(st.tuples(MINUTES, WEIGHTS), max_size=40), MINUTES, st.integers(1, 600))
def test_a_clock_that_was_wrong_for_a_while_frees_nothing(
    limits: dict[Window, int], given_at: list[tuple[int, int]], at: int, back: int
) -> None:
    """Set back, and put right: what was given before counts throughout."""
    rows = [(moment(when), weight) for when, weight in given_at if when <= at]
    wrong, right = used(rows, moment(at - back)), used(rows, moment(at))
    assert all(wrong[window] >= right[window] for window in Window)


@given(LIMITS, st.lists(st.tuples(MINUTES, WEIGHTS), max_size=40), MINUTES, WEIGHTS)
def test_what_is_told_to_be_free_is_free_then_and_not_before(
    limits: dict[Window, int], given_at: list[tuple[int, int]], at: int, weight: int
) -> None:
    rows = [(moment(when), one) for when, one in given_at]
    when = free_at(rows, moment(at), limits, weight)
    if when is None:
        assert weight > min(limits.values())
        return
    assert weight <= room(limits, used(rows, when))
    if when > moment(at):
        assert weight > room(limits, used(rows, when - timedelta(microseconds=1)))


def test_what_is_exactly_as_old_as_the_window_counts_no_more() -> None:
    for window in Window:
        assert used([(START, 8)], START + LENGTH[window])[window] == 0
        assert used([(START, 8)], START + LENGTH[window] - timedelta(microseconds=1))[window] == 8


def test_of_windows_as_tight_the_longest_is_named() -> None:
    limits = {Window.HOUR: 8, Window.DAY: 8, Window.WEEK: 20}
    assert tightest(limits, dict.fromkeys(Window, 8)) is Window.DAY
