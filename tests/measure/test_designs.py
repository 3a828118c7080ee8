"""Audit designs spend the budget, never leave an item without a chance, and draw the same on replay."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure import (
    disagreement,
    draw,
    fixed_rate,
    proportional,
    risk_proportional,
    stratified,
)

SCORES = st.lists(
    st.floats(1e-9, 1e6) | st.just(0.0) | st.just(float("nan")) | st.just(-1.0), min_size=1, max_size=60
)


def ids(n: int) -> pl.Series:
    return pl.Series([f"item-{i}" for i in range(n)], dtype=pl.String)


@given(SCORES, st.floats(0.1, 80), st.floats(1e-6, 1))
def test_every_probability_lies_between_the_floor_and_one(
    scores: list[float], budget: float, floor: float
) -> None:
    p = proportional(np.array(scores), None, budget, floor)
    assert (p >= floor).all()
    assert (p <= 1).all()


@given(SCORES, st.floats(0.1, 80), st.floats(1e-6, 0.5))
def test_the_budget_is_spent_unless_the_floor_or_certainty_forbids(
    scores: list[float], budget: float, floor: float
) -> None:
    p = proportional(np.array(scores), None, budget, floor)
    positive = np.nan_to_num(np.array(scores)) > 0
    at_most = positive.sum() + floor * (~positive).sum()
    at_least = floor * len(scores)
    expected = np.clip(budget, at_least, at_most) if positive.any() else at_least
    assert p.sum() == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=40), st.floats(1e-3, 1e3))
def test_scores_of_another_unit_give_the_same_probabilities(scores: list[float], unit: float) -> None:
    before = proportional(np.array(scores), None, 1.5, 0.001)
    assert proportional(np.array(scores) * unit, None, 1.5, 0.001) == pytest.approx(before, rel=1e-9)


def test_probabilities_between_floor_and_one_are_in_proportion_to_the_scores() -> None:
    p = proportional([1.0, 2.0, 4.0], None, 0.7, 0.001)
    assert p == pytest.approx([0.1, 0.2, 0.4])


def test_missing_and_negative_scores_get_the_floor() -> None:
    p = proportional([float("nan"), -3.0, float("inf"), 1.0, 1.0], None, 1.0, 0.01)
    assert p[:3] == pytest.approx([0.01] * 3)
    assert p[3:] == pytest.approx([0.485] * 2)


def test_where_no_item_has_a_score_all_get_the_floor() -> None:
    assert proportional([0.0, 0.0], None, 100, 0.02).tolist() == [0.02, 0.02]


def test_the_floor_wins_where_it_alone_spends_more_than_the_budget() -> None:
    assert proportional([1.0, 9.0, 5.0], None, 1.0, 0.5).tolist() == [0.5, 0.5, 0.5]


def test_without_a_floor_half_of_each_days_budget_is_spread_evenly() -> None:
    scores, days = [0.0] * 10 + [1.0] * 10 + [0.0] * 100, [1] * 20 + [2] * 100
    p = proportional(scores, days, 5.0)
    assert p[:10] == pytest.approx(np.full(10, 0.5 * 5 / 20))
    assert p[:20].sum() == pytest.approx(5.0)
    assert p[20:] == pytest.approx(np.full(100, 0.5 * 5 / 100))
    assert proportional([0.0], None, 400.0).tolist() == [1.0]


def test_each_day_has_the_budget_to_itself() -> None:
    rng = np.random.default_rng(0)
    days = rng.integers(0, 3, 3000)
    p = proportional(rng.random(3000), days, 100.0, 0.001)
    assert [p[days == day].sum() for day in range(3)] == pytest.approx([100.0] * 3)


def test_no_items_no_probabilities() -> None:
    assert len(proportional([], [], 5.0, 0.1)) == 0
    assert len(fixed_rate(0, 0.1)) == 0


def test_scores_of_hugely_different_size_still_spend_the_budget() -> None:
    p = proportional([1e-150, 1e-100, 1.0, 1e100], None, 2.5, 1e-9)
    assert p.sum() == pytest.approx(2.5, rel=1e-6)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_probability_is_refused(rate: float) -> None:
    with pytest.raises(MeasureError, match="not a probability"):
        fixed_rate(10, rate)
    with pytest.raises(MeasureError, match="not a probability"):
        proportional([1.0], None, 1.0, rate)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_that_draws_nothing_is_refused(budget: float) -> None:
    with pytest.raises(MeasureError, match="budget"):
        proportional([1.0], None, budget, 0.1)


def test_a_draw_depends_on_seed_and_id_alone() -> None:
    p = fixed_rate(500, 0.3)
    drawn = draw(ids(500), p, "seed")
    backwards = draw(ids(500).reverse(), p, "seed")
    assert (backwards[::-1] == drawn).all()
    assert (draw(ids(500)[100:200], p[100:200], "seed") == drawn[100:200]).all()
    assert (draw(ids(500), p, "another seed") != drawn).any()


RECORDED = [1, 10, 13, 24, 27, 31, 55, 58]


def test_the_draw_is_the_same_in_every_release() -> None:
    # A recorded run can be replayed only as long as this never changes.
    assert np.flatnonzero(draw(ids(60), fixed_rate(60, 0.1), "tidegate")).tolist() == RECORDED


def test_an_item_drawn_at_a_probability_is_drawn_at_every_higher_one() -> None:
    few, many = draw(ids(2000), fixed_rate(2000, 0.1), 7), draw(ids(2000), fixed_rate(2000, 0.4), 7)
    assert (many | ~few).all()


def test_items_are_drawn_with_the_probability_that_is_recorded() -> None:
    n = 40_000
    p = np.linspace(0.01, 1.0, n)
    drawn = draw(ids(n), p, "seed")
    for part in np.array_split(np.arange(n), 8):
        expected, deviation = p[part].sum(), np.sqrt((p[part] * (1 - p[part])).sum())
        assert abs(drawn[part].sum() - expected) < 4 * deviation
    assert drawn[p == 1.0].all()


@settings(max_examples=30)
@given(st.lists(st.text(), unique=True, max_size=20))
def test_any_text_can_be_an_id(texts: list[str]) -> None:
    assert draw(pl.Series(texts, dtype=pl.String), fixed_rate(len(texts), 1.0), 0).all()


def test_as_many_probabilities_as_items_are_asked_for() -> None:
    with pytest.raises(MeasureError, match="2 items"):
        draw(ids(2), [0.5], 0)
    with pytest.raises(MeasureError, match="days"):
        proportional([1.0, 2.0], [0], 1.0, 0.1)


RISKS = st.lists(st.floats(1e-6, 1) | st.just(float("nan")) | st.just(0.0), min_size=2, max_size=60)


@settings(max_examples=50, deadline=None)
@given(RISKS, st.floats(0.1, 50))
def test_by_risk_no_item_is_without_a_chance_and_the_budget_is_not_exceeded(
    risks: list[float], budget: float
) -> None:
    p = risk_proportional(risks, None, budget)
    assert (p > 0).all()
    assert (p <= 1).all()
    assert p.sum() <= min(budget, len(risks)) * (1 + 1e-6)


def test_by_risk_probabilities_are_in_proportion_to_its_root() -> None:
    p = risk_proportional([0.01, 0.04, 0.16], None, 0.7, 0.001)
    assert p == pytest.approx([0.1, 0.2, 0.4])


def test_by_risk_each_day_has_its_budget() -> None:
    rng = np.random.default_rng(1)
    days = rng.integers(0, 3, 6000)
    p = risk_proportional(rng.beta(0.2, 5, 6000), days, 100.0)
    assert [p[days == day].sum() for day in range(3)] == pytest.approx([100.0] * 3)


def test_where_no_item_has_a_risk_the_budget_is_spread_evenly() -> None:
    assert len(set(risk_proportional([0.0] * 10, None, 2.0).tolist())) == 1


def test_a_stratum_has_one_probability_by_the_root_of_its_mean_risk() -> None:
    strata = ["low"] * 50 + ["high"] * 50
    risk = [0.0, 0.02] * 25 + [0.09] * 50
    p = stratified(strata, risk, None, 20.0, floor=0.001)
    assert len(set(p[:50])) == len(set(p[50:])) == 1
    assert p[50] / p[0] == pytest.approx(3.0)
    assert p.sum() == pytest.approx(20.0)


def test_strata_may_be_renamed_and_items_reordered() -> None:
    rng = np.random.default_rng(2)
    strata, risk = rng.integers(0, 4, 500), rng.beta(0.3, 5, 500)
    p = stratified(strata, risk, None, 30.0)
    assert stratified(np.array(["d", "a", "c", "b"])[strata], risk, None, 30.0) == pytest.approx(p)
    order = rng.permutation(500)
    assert stratified(strata[order], risk[order], None, 30.0) == pytest.approx(p[order])


def test_each_item_has_a_stratum_and_a_risk() -> None:
    with pytest.raises(MeasureError, match="2 items have a stratum but 1 a risk"):
        stratified([1, 2], [0.1], None, 1.0)


def test_of_two_arms_most_labels_go_to_the_items_on_which_they_disagree() -> None:
    before, after = ["passed"] * 1000, ["passed"] * 950 + ["actioned"] * 50
    p = disagreement(before, after, None, 20.0)
    assert p[950:].sum() == pytest.approx(18.0)
    assert p[:950].sum() == pytest.approx(2.0)
    assert (p > 0).all()


def test_within_the_disagreement_labels_may_follow_a_score() -> None:
    p = disagreement(["a"] * 4, ["a", "b", "b", "b"], None, 1.0, scores=[9.0, 1.0, 2.0, 4.0])
    assert p[1] < p[2] < p[3]


def test_what_the_disagreement_cannot_use_is_spread_over_the_others() -> None:
    p = disagreement(["a"] * 100, ["a"] * 98 + ["b"] * 2, None, 12.0)
    assert p[98:].tolist() == [1.0, 1.0]
    assert p[:98] == pytest.approx(10 / 98)


def test_arms_that_agree_everywhere_are_audited_at_a_fixed_rate() -> None:
    assert disagreement(["a"] * 10, ["a"] * 10, None, 5.0) == pytest.approx([0.5] * 10)
    assert disagreement([], [], None, 5.0).tolist() == []


def test_each_day_of_two_arms_has_its_budget() -> None:
    rng = np.random.default_rng(3)
    days, after = rng.integers(0, 3, 3000), rng.choice(["a", "b"], 3000, p=[0.95, 0.05])
    p = disagreement(["a"] * 3000, after, days, 40.0)
    assert [p[days == day].sum() for day in range(3)] == pytest.approx([40.0] * 3)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_disagreement_sample_keeps_a_chance_for_all_others(share: float) -> None:
    with pytest.raises(MeasureError, match="not between 0 and 1"):
        disagreement(["a"], ["b"], None, 1.0, elsewhere=share)
