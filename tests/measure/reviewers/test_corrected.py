"""Corrected rates: right where they can be told, and refused with a remedy where they cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure.reviewers import Skill, corrected_rate
from tidegate.measure.reviewers.skill import exact_limits, of_votes

GOOD = Skill(0.85, 0.995, 1_000, 10_000)


def test_rogan_and_gladen_by_hand() -> None:
    # 0.9 · 0.1 + 0.02 · 0.9 = 0.108 are called violating where a tenth violates.
    found = corrected_rate((0.108, 0.10, 0.116), Skill(0.9, 0.98, 5_000, 5_000))
    assert found.estimate == pytest.approx(0.1)
    assert found.low < 0.1 < found.high
    assert found.note == ""


def test_perfect_reviewers_change_nothing() -> None:
    found = corrected_rate((0.02, 0.015, 0.027), Skill(1.0, 1.0, 1e12, 1e12))
    assert (found.estimate, found.low, found.high) == pytest.approx((0.02, 0.015, 0.027), abs=1e-6)


def test_overkill_is_corrected_with_the_mistakes_exchanged() -> None:
    # Of what was actioned a fifth is fine; labels say so of 0.2 · 0.995 + 0.8 · 0.15.
    labelled = 0.2 * 0.995 + 0.8 * 0.15
    found = corrected_rate((labelled, labelled - 0.01, labelled + 0.01), GOOD, about_fine=True)
    assert found.estimate == pytest.approx(0.2)


def test_mistakes_that_could_make_up_what_was_found_are_no_number() -> None:
    found = corrected_rate((0.006, 0.004, 0.009), Skill(0.85, 0.995, 500, 400))
    assert found.estimate is None
    assert found.low == 0.0
    assert 0.004 < found.high < 0.02
    assert (
        "No number of golds mends this" in found.note
    )  # 0.5 % false calls are more than the 0.4 % found at least
    # 0.005² of fine items, 0.85² of violating ones; of some 3,800 labels 0.086 % would be called violating,
    # at most 0.24 %, which is 0.33 % for a sensitivity of 0.72.
    assert (
        "second person (both must agree: 0.0025% of fine items would still be called violating" in found.note
    )
    assert "sensitivity falls from 85% to 72.2%" in found.note
    limit = float(found.note.partition("would be about ")[2].partition("%")[0])
    assert limit == pytest.approx(0.33, abs=0.02)


def test_a_second_look_gives_about_the_limit_that_was_told() -> None:
    one = Skill(0.85, 0.995, 2_000, 2_000)
    labels, violates = 4_000, 0.002
    called = violates * 0.85 + (1 - violates) * 0.005
    refused = corrected_rate((called, *exact_limits(called, labels, 0.95)), one)
    assert refused.estimate is None
    told = float(refused.note.partition("would be about ")[2].partition("%")[0])
    both = of_votes(one, 2, needed=2)
    agreed = violates * 0.85**2 + (1 - violates) * 0.005**2
    again = corrected_rate((agreed, *exact_limits(agreed, labels, 0.95)), both)
    assert again.estimate == pytest.approx(violates)
    assert again.high * 100 == pytest.approx(told, rel=0.03)


def test_for_overkill_a_second_look_costs_specificity() -> None:
    found = corrected_rate((0.147, 0.08, 0.23), Skill(0.9, 0.99, 100, 400), about_fine=True)
    assert "have every 'fine' looked at by a second person (both must agree: 1% of violating" in found.note
    assert "specificity falls from 99% to 98%" in found.note


def test_few_golds_say_how_many_would_do() -> None:
    found = corrected_rate((0.02, 0.015, 0.026), Skill(0.85, 0.995, 500, 200))
    assert found.estimate is None
    needed = int(found.note.partition("Have ")[2].partition(" ")[0].replace(",", ""))
    assert corrected_rate((0.02, 0.015, 0.026), Skill(0.85, 0.995, 500, needed)).estimate is not None
    assert corrected_rate((0.02, 0.015, 0.026), Skill(0.85, 0.995, 500, needed * 0.8)).estimate is None


def test_where_every_item_is_labelled_the_luck_of_their_mistakes_remains() -> None:
    # All 200 items are labelled, so the apparent rate is known; the true one of these items is not.
    skill = Skill(0.85, 0.995, 1e9, 1e9)
    found = corrected_rate((0.3, 0.3, 0.3), skill, items=200)
    deviation = ((0.349 * 0.85 * 0.15 + 0.651 * 0.995 * 0.005) / 200) ** 0.5 / 0.845
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.01)
    assert corrected_rate((0.3, 0.3, 0.3), skill).low == pytest.approx(found.estimate, abs=1e-3)


def test_fewer_than_mistakes_alone_would_give_contradicts_the_golds() -> None:
    found = corrected_rate((0.001, 0.0005, 0.002), Skill(0.9, 0.97, 5_000, 50_000))
    assert (found.estimate, found.low, found.high) == (None, 0.0, 1.0)
    assert "the golds are unlike these items" in found.note


def test_reviewers_no_better_than_chance_are_refused() -> None:
    found = corrected_rate((0.3, 0.2, 0.4), Skill(0.5, 0.52, 100, 100))
    assert (found.estimate, found.low, found.high) == (None, 0.0, 1.0)
    assert "no better than chance" in found.note


@pytest.mark.parametrize(
    "skill", [Skill(None, 0.99, 0, 100), Skill(0.9, None, 100, 0), Skill(0.9, 0.9, 5, 5)]
)
def test_unknown_skill_is_refused(skill: Skill) -> None:
    assert corrected_rate((0.1, 0.05, 0.2), skill).estimate is None


@given(
    p=st.floats(0, 1),
    below=st.floats(0, 0.2),
    above=st.floats(0, 0.2),
    se=st.floats(0.5, 1),
    sp=st.floats(0.5, 1),
    golds=st.integers(20, 10**9),
)
def test_limits_are_limits(p: float, below: float, above: float, se: float, sp: float, golds: int) -> None:
    found = corrected_rate((p, max(p - below, 0), min(p + above, 1)), Skill(se, sp, golds, golds))
    assert 0 <= found.low <= found.high <= 1
    if found.estimate is None:
        assert found.note
    else:
        assert found.low <= found.estimate <= found.high
