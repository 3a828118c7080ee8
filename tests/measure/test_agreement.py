"""Agreement of verdicts with known answers, against the usual implementations and by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import multinomial
from sklearn.metrics import cohen_kappa_score, f1_score

from tidegate.measure.agreement import Agreement, Paired, agreement, paired, share

Pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=40)


@given(Pairs)
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    truth, said = (np.array(column) for column in zip(*pairs, strict=True))
    found = agreement(truth, said, np.ones(len(truth), dtype=bool))
    if truth.any() and said.any():
        assert found.f1.estimate == pytest.approx(f1_score(truth, said))
    if len({*truth, *said}) == 2:
        assert found.kappa.estimate == pytest.approx(cohen_kappa_score(truth, said))
    assert sum(found.confusion) == len(truth)


def test_a_case_without_a_verdict_is_missed_and_not_wrong() -> None:
    truth = np.array([True, True, False, False])
    found = agreement(truth, np.array([True] * 4), np.array([True, False, True, False]))
    assert found.confusion == (1, 0, 1, 0)
    assert found.recall.estimate == 0.5
    assert found.precision.estimate == 0.5
    assert found.unanswered == 2


def test_the_interval_of_a_share_is_clopper_and_pearsons() -> None:
    from scipy.stats import binomtest

    for hits, cases in ((0, 20), (3, 20), (20, 20)):
        exact = binomtest(hits, cases).proportion_ci(method="exact")
        found = share(hits, cases)
        assert found.low == pytest.approx(exact.low)
        assert found.high == pytest.approx(exact.high)
    assert math.isnan(share(0, 0).estimate)


def test_two_judges_differ_only_where_one_alone_is_right() -> None:
    first = np.array([True] * 50 + [False] * 10 + [True] * 2)
    second = np.array([True] * 50 + [True] * 10 + [False] * 2)
    found = paired(first, second)
    assert (found.first_only, found.second_only) == (2, 10)
    assert found.difference.estimate == pytest.approx(8 / 62)
    assert found.difference.low > 0
    assert found.p_value == pytest.approx(0.0386, abs=1e-3)
    assert paired(first, first).p_value == 1.0


def judged(both: int, missed: int, wrong: int, fine: int) -> Agreement:
    row = (both, missed, wrong, fine)
    truth, said = np.repeat([True, True, False, False], row), np.repeat([True, False, True, False], row)
    return agreement(truth, said, np.ones(len(truth), dtype=bool))


def compared(only_first: int, only_second: int, alike: int, confidence: float = 0.95) -> Paired:
    row = (only_first, only_second, alike)
    first, second = np.repeat([True, False, True], row), np.repeat([False, True, True], row)
    return paired(first, second, confidence=confidence)


def test_a_judge_without_a_mistake_is_not_proven_to_make_none() -> None:
    found = judged(10, 0, 0, 20)
    assert found.f1.estimate == found.f1.high == found.kappa.estimate == found.kappa.high == 1.0
    assert found.f1.low == pytest.approx(2 * found.recall.low / (1 + found.recall.low))
    differ = share(0, 30).high
    assert found.kappa.low == pytest.approx(1 - differ / (2 * 1 / 3 * 2 / 3))
    assert judged(100, 0, 0, 200).kappa.low > found.kappa.low


def test_a_judge_who_is_never_right_may_be_right_now_and_then() -> None:
    found = judged(0, 10, 10, 0)
    assert found.f1.estimate == found.f1.low == 0.0
    assert 0 < found.f1.high < 1
    assert found.kappa.estimate == found.kappa.low == -1.0
    assert found.kappa.high > -1.0


def test_two_judges_who_never_differ_may_do_so_one_day() -> None:
    found = compared(0, 0, 50).difference
    assert found.estimate == 0.0
    assert found.high == -found.low == pytest.approx(share(0, 50).high)


def test_where_nothing_can_be_told_everything_is_possible() -> None:
    nothing = judged(0, 0, 0, 0)
    assert (nothing.f1.low, nothing.f1.high, nothing.kappa.low, nothing.kappa.high) == (0.0, 1.0, -1.0, 1.0)
    fine = judged(0, 0, 0, 20)
    assert math.isnan(fine.f1.estimate)
    assert math.isnan(fine.kappa.estimate)
    assert (fine.f1.low, fine.f1.high, fine.kappa.low, fine.kappa.high) == (0.0, 1.0, -1.0, 1.0)
    none = compared(0, 0, 0).difference
    assert math.isnan(none.estimate)
    assert (none.low, none.high) == (-1.0, 1.0)


@given(*[st.integers(0, 30)] * 3, st.sampled_from([0.8, 0.95, 0.99]))
@example(0, 5, 5, 0.95)  # where squaring and adding alone would leave 0 out, and McNemar's test does not
@example(3, 11, 6, 0.95)
def test_the_interval_of_a_difference_agrees_with_its_p_value(
    first: int, second: int, alike: int, confidence: float
) -> None:
    found = compared(first, second, alike, confidence)
    low, high = found.difference.low, found.difference.high
    if first + second + alike:
        assert -1 <= low <= found.difference.estimate <= high <= 1
    assert (low <= 0 <= high) == (found.p_value >= 1 - confidence)
    other = compared(second, first, alike, confidence).difference
    assert other.low == pytest.approx(-high)
    assert other.high == pytest.approx(-low)


@given(*[st.integers(0, 20)] * 4)
def test_intervals_lie_around_what_was_seen(both: int, missed: int, wrong: int, fine: int) -> None:
    found = judged(both, missed, wrong, fine)
    for figure, least in ((found.f1, 0.0), (found.kappa, -1.0)):
        assert least <= figure.low <= figure.high <= 1.0
        assert math.isnan(figure.estimate) or figure.low <= figure.estimate <= figure.high
    swapped = judged(both, wrong, missed, fine)  # neither tells who is the judge
    assert (swapped.f1.low, swapped.f1.high) == (found.f1.low, found.f1.high)
    assert swapped.kappa.low == pytest.approx(found.kappa.low)


def chances(rows: Sequence[tuple[int, ...]], cells: tuple[float, ...]) -> list[float]:
    """Of every table of counts in cells of these probabilities."""
    return [float(multinomial.pmf(row, sum(row), cells)) for row in rows]


def test_of_all_tables_of_twelve_cases_enough_have_an_interval_that_holds() -> None:
    n = 12
    rows = [row for row in product(range(n + 1), repeat=4) if sum(row) == n]
    told = [judged(*row) for row in rows]
    for hit, spare in ((1.0, 1.0), (0.95, 0.98), (0.8, 0.8), (0.5, 0.95)):
        cells = (0.4 * hit, 0.4 * (1 - hit), 0.6 * (1 - spare), 0.6 * spare)
        unlike = 0.4 * (cells[1] + cells[3]) + 0.6 * (cells[0] + cells[2])
        f1, kappa = 2 * cells[0] / (1 + cells[0] - cells[3]), 1 - (cells[1] + cells[2]) / unlike
        chance = chances(rows, cells)
        for name, true in (("f1", f1), ("kappa", kappa)):
            figures = [getattr(one, name) for one in told]
            held = [one.low - 1e-9 <= true <= one.high + 1e-9 for one in figures]
            assert np.dot(chance, held) >= 0.95


def test_of_all_tables_of_twenty_pairs_enough_have_an_interval_that_holds() -> None:
    rows = [(first, second, 20 - first - second) for first in range(21) for second in range(21 - first)]
    told = [compared(*row).difference for row in rows]
    for first, second in ((0.0, 0.0), (0.0, 0.01), (0.01, 0.05), (0.05, 0.3), (0.2, 0.2), (0.0, 0.5)):
        held = [one.low - 1e-9 <= second - first <= one.high + 1e-9 for one in told]
        assert np.dot(chances(rows, (first, second, 1 - first - second)), held) >= 0.95
