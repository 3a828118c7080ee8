"""Plans of labels: what a design will need, said before any label is bought."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tidegate.errors import MeasureError
from tidegate.measure.planning import (
    SHARES,
    best_floor,
    binormal,
    decides,
    expected_interval,
    fixed,
    narrow_enough,
    neyman,
    plans,
    risk_of,
    stratified,
)

WORLDS = st.tuples(st.floats(1e-4, 0.3), st.floats(0.5, 0.995))


@settings(max_examples=30, deadline=None)
@given(WORLDS, st.floats(10, 90_000), st.sampled_from(SHARES))
def test_designs_spend_the_budget_and_leave_no_item_without_a_chance(
    world: tuple[float, float], budget: float, share: float
) -> None:
    risk = binormal(100_000, *world)
    for p in (fixed(risk, budget), neyman(risk, budget, share), stratified(risk, budget, share)):
        assert risk.items @ p == pytest.approx(budget, rel=1e-3)
        assert (p > 0).all()
        assert (p <= 1).all()


@settings(max_examples=30, deadline=None)
@given(WORLDS)
def test_a_binormal_risk_has_the_prevalence_that_was_asked_for(world: tuple[float, float]) -> None:
    risk = binormal(1_000_000, *world)
    assert risk.size == pytest.approx(1_000_000)
    assert risk.prevalence == pytest.approx(world[0], rel=1e-6)


def test_a_fixed_rate_is_expected_to_give_about_the_interval_of_clopper_and_pearson() -> None:
    risk = binormal(10_000_000, 0.01, 0.8)
    (low,), (high,) = expected_interval(risk, [fixed(risk, 4_000)])
    found = 40
    assert low == pytest.approx(stats.beta.ppf(0.025, found, 4_000 - found + 1), rel=0.03)
    assert high == pytest.approx(stats.beta.ppf(0.975, found + 1, 4_000 - found), rel=0.03)


def test_a_better_score_needs_fewer_labels_and_a_fixed_rate_as_many() -> None:
    found = {}
    for auc in (0.8, 0.9, 0.99):
        found[auc] = {
            plan.design: plan.labels
            for plan in plans(binormal(1_000_000, 0.005, auc), lambda low, high: high - low <= 0.001)
        }
    by_risk = [found[auc]["proportional to √risk"] for auc in (0.8, 0.9, 0.99)]
    assert by_risk == sorted(by_risk, reverse=True)
    assert found[0.99]["fixed rate"] == pytest.approx(found[0.8]["fixed rate"], rel=0.01)
    assert found[0.99]["fixed rate"] > 5 * by_risk[-1]


def test_the_cheapest_plan_comes_first_and_each_is_just_enough() -> None:
    enough = narrow_enough(0.0015)
    found = plans(binormal(1_000_000, 0.004, 0.95), enough)
    assert [plan.labels for plan in found] == sorted(plan.labels for plan in found)
    for plan in found:
        assert enough(plan.low, plan.high)
        assert plan.high - plan.low > 0.95 * 2 * 0.0015


def test_of_floors_that_do_as_well_the_highest_is_named() -> None:
    """A score that tells nothing leaves all floors alike, and five strata of an AUC of 0.8 bind none."""
    flat = plans(binormal(100_000, 0.01, 0.5), narrow_enough(0.004))
    assert all(plan.floor_share >= max(SHARES) for plan in flat)
    coarse = {
        plan.design: plan.floor_share for plan in plans(binormal(200_000, 0.02, 0.8), narrow_enough(0.005))
    }
    assert coarse["stratified by risk"] >= 0.5


def test_where_even_all_items_would_not_do_the_labels_are_infinite() -> None:
    never = plans(binormal(100, 0.1, 0.9), lambda low, high: False)
    assert all(plan.labels == np.inf for plan in never)


def test_a_gate_needs_more_labels_the_nearer_the_rate_is_to_the_limit() -> None:
    risk = binormal(1_000_000, 0.002, 0.9)
    far, near = (plans(risk, decides(limit, 0.002))[0].labels for limit in (0.006, 0.003))
    assert far < near
    above = plans(risk, decides(0.001, 0.002))[0]
    assert above.low >= 0.001


def test_few_expected_violations_call_for_a_high_floor_and_many_for_a_low_one() -> None:
    assert best_floor(binormal(1_000_000, 0.0005, 0.9), 500) >= 0.8
    assert best_floor(binormal(1_000_000, 0.02, 0.95), 50_000) <= 0.5


def test_scores_that_are_only_in_proportion_are_scaled_to_the_prevalence() -> None:
    scores = np.random.default_rng(0).beta(0.2, 2, 5000)
    assert risk_of(scores, 0.003).prevalence == pytest.approx(0.003, rel=1e-6)
    assert risk_of(scores).prevalence == pytest.approx(scores.mean(), rel=1e-9)
    assert (risk_of(scores, 0.7).risk <= 1).all()


def test_missing_scores_count_as_the_mean() -> None:
    assert risk_of([0.1, float("nan"), 0.3]).risk.tolist() == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize("scores", [[], [float("nan")], [1.2], [-0.1, 0.3]])
def test_scores_that_are_no_chances_are_refused(scores: list[float]) -> None:
    with pytest.raises(MeasureError, match="no chances"):
        risk_of(scores)


def test_senseless_wishes_are_refused() -> None:
    with pytest.raises(MeasureError, match="half-width"):
        narrow_enough(0)
    with pytest.raises(MeasureError, match="cannot be told"):
        decides(0.01, 0.01)
    with pytest.raises(MeasureError, match="AUC"):
        binormal(100, 0.1, 1.0)
    with pytest.raises(MeasureError, match="prevalence"):
        binormal(100, 0.0, 0.9)
