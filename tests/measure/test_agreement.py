"""Agreement of verdicts with known answers, against the usual implementations and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score

from tidegate.measure.agreement import agreement, paired, share

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
        assert (found.low, found.high) == (pytest.approx(exact.low), pytest.approx(exact.high))
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


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """400 samples of 60 cases of a judge whose recall is 0.8 and precision 0.75."""
    chance = np.random.default_rng(5)
    held = 0
    for seed in range(400):
        truth = chance.uniform(size=60) < 0.5
        said = np.where(truth, chance.uniform(size=60) < 0.8, chance.uniform(size=60) < 0.8 / 3)
        found = agreement(truth, said, np.ones(60, dtype=bool), seed=seed) if seed < 1 else None
        figure = share(int((truth & said).sum()), int(truth.sum()))
        held += figure.low <= 0.8 <= figure.high
        assert found is None or found.precision.cases > 0
    assert held >= 0.94 * 400
