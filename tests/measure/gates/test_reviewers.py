"""Fallible reviewers: the limit that labels are held to, and the way back to the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.gates import Criterion, Reviewers
from tidegate.measure.gates.scale import interval, shown, shown_limits, stakes, true

better = st.floats(0.51, 1.0)


@given(st.floats(0.001, 0.999), st.floats(0.51, 1), st.floats(0.51, 1))
def test_what_is_shown_leads_back_to_the_truth(value: float, sensitivity: float, specificity: float) -> None:
    for measure in ("leakage_rate", "overkill_rate"):
        criterion = Criterion(measure, 0.5)
        ((hit, slip), *_) = Reviewers((sensitivity,) * 2, (specificity,) * 2).corners(
            criterion.about_overkill
        )
        assert true(criterion, shown(criterion, value, hit, slip), hit, slip) == pytest.approx(value)


def test_leakage_shows_as_rogan_and_gladen_have_it() -> None:
    criterion = Criterion("leakage_rate", 0.02, reviewers=Reviewers((0.85, 0.85), (0.995, 0.995)))
    assert shown_limits(criterion) == pytest.approx((0.02 * 0.85 + 0.98 * 0.005,) * 2)


def test_in_overkill_the_two_change_places() -> None:
    criterion = Criterion("overkill_rate", 0.2, reviewers=Reviewers((0.85, 0.85), (0.995, 0.995)))
    assert shown_limits(criterion) == pytest.approx((0.2 * 0.995 + 0.8 * 0.15,) * 2)


@given(better, better, better, better, st.floats(0.01, 0.9))
def test_bounds_only_ever_make_both_verdicts_harder(
    s1: float, s2: float, c1: float, c2: float, at_most: float
) -> None:
    sensitivity, specificity = (min(s1, s2), max(s1, s2)), (min(c1, c2), max(c1, c2))
    criterion = Criterion("leakage_rate", at_most, reviewers=Reviewers(sensitivity, specificity))
    to_advance, to_roll_back = shown_limits(criterion)
    for hit in np.linspace(*sensitivity, 3):
        for slip in 1 - np.linspace(*specificity, 3):
            inside = shown(criterion, at_most, hit, slip)
            assert to_advance - 1e-9 <= inside <= to_roll_back + 1e-9
    low, high = interval(criterion, to_roll_back, to_advance)
    assert low <= at_most + 1e-6
    assert high >= at_most - 1e-6


def test_false_calls_on_disagreements_are_taken_off_both_sides() -> None:
    """As many items can gain an error as can lose one: false calls cancel, and only the size shrinks."""
    known = Reviewers((0.9, 0.9), (0.8, 0.8))
    even = Criterion("leakage_change", 0.0, reviewers=known, share=0.1, net=0.0)
    assert shown_limits(even) == pytest.approx((0.5, 0.5))
    assert shown(even, 0.05, 0.9, 0.2) == pytest.approx((0.7 * 0.5 + 1) / 2)
    one_sided = Criterion("leakage_change", 0.0, reviewers=known, share=0.1, net=1.0)
    assert shown_limits(one_sided) == pytest.approx((0.6, 0.6))


def test_an_aim_that_the_bounds_swallow_still_gives_bets_on_both_sides() -> None:
    wide = Criterion("leakage_rate", 0.01, reviewers=Reviewers((0.5, 1.0), (0.9, 1.0)))
    plan = stakes(wide, 20.0)
    assert plan.below.aimed < plan.below.limit < plan.above.limit < plan.above.aimed


@pytest.mark.parametrize("bounds", [(0.9, 0.8), (-0.1, 0.5), (0.5, 1.1)])
def test_bounds_that_are_none_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(MeasureError, match="no pair of bounds"):
        Reviewers(sensitivity=bounds)


def test_reviewers_who_may_be_no_better_than_chance_are_refused() -> None:
    with pytest.raises(MeasureError, match="no better than chance"):
        Reviewers((0.4, 0.9), (0.6, 0.9))
