"""A limit in terms of what fallible reviewers say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.gates.reviewers import Reviewers

SHARES = st.floats(0.001, 0.999)


@given(SHARES)
def test_with_perfect_reviewers_labels_show_the_limit_itself(at_most: float) -> None:
    for measure in ("overkill_rate", "leakage_rate"):
        limit = Limit(measure, at_most)
        assert limit.shown == pytest.approx(at_most)
        assert limit.least_shown == 0
        assert limit.true(limit.shown) == pytest.approx(at_most)


def test_leakage_and_overkill_shift_by_opposite_mistakes() -> None:
    reviewers = Reviewers((0.85, 0.85), (0.995, 0.995))
    # Of what passed, 0.5 % violate: 0.85 of these are called so, and 0.005 of the fine ones too.
    assert Limit("leakage_rate", 0.005, reviewers).shown == pytest.approx(0.85 * 0.005 + 0.005 * 0.995)
    # Of what was acted on, 2 % are fine: 0.995 of these are called so, and 0.15 of the violating ones too.
    assert Limit("overkill_rate", 0.02, reviewers).shown == pytest.approx(0.995 * 0.02 + 0.15 * 0.98)


@given(SHARES, st.floats(0.6, 1), st.floats(0.6, 1), st.floats(0, 0.09), st.floats(0, 0.09))
def test_bounds_on_reviewers_never_loosen_a_limit(
    at_most: float, found: float, spared: float, less: float, more: float
) -> None:
    exact = Reviewers((found, found), (spared, spared))
    wide = Reviewers((found - less, min(found + more, 1)), (spared - less, min(spared + more, 1)))
    for measure in ("overkill_rate", "leakage_rate"):
        assert Limit(measure, at_most, wide).shown <= Limit(measure, at_most, exact).shown + 1e-12


@given(SHARES, st.floats(0.6, 1), st.floats(0.6, 1))
def test_the_true_rate_comes_back_from_what_is_shown(at_most: float, found: float, spared: float) -> None:
    limit = Limit("leakage_rate", at_most, Reviewers((found, found), (spared, spared)))
    assert limit.true(limit.shown) == pytest.approx(at_most, abs=1e-9)


@pytest.mark.parametrize("at_most", [0.0, 1.0, -0.1, 2.0])
def test_what_is_no_share_is_no_limit(at_most: float) -> None:
    with pytest.raises(MeasureError, match="no limit"):
        Limit("leakage_rate", at_most)


def test_only_rates_can_be_limited() -> None:
    with pytest.raises(MeasureError, match="leakage_share"):
        Limit("leakage_share", 0.1)
