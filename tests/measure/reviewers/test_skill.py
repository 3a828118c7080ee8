"""Reviewers' skill: counted from golds, or told from one another."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.reviewers import Skill, mixture, of_majority, skill_from_golds, skill_from_overlaps
from tidegate.measure.reviewers.skill import Interval, exact_limits, mid_p_limits, of_votes


def answered(
    seed: int, items: int, skills: dict[str, tuple[float, float]], prevalence: float = 0.3
) -> pl.DataFrame:
    """Every reviewer's answer to every item."""
    rng = np.random.default_rng(seed)
    truth = rng.random(items) < prevalence
    frames = [
        pl.DataFrame(
            {
                "item_id": [f"item-{i}" for i in range(items)],
                "labeller": [name] * items,
                "violates": np.where(truth, rng.random(items) < se, rng.random(items) >= sp),
            }
        )
        for name, (se, sp) in skills.items()
    ]
    return pl.concat(frames)


def test_golds_are_counted() -> None:
    truth = pl.Series([True] * 40 + [False] * 60)
    answer = pl.Series([True] * 30 + [False] * 10 + [True] * 3 + [False] * 57)
    found = skill_from_golds(truth, answer)
    assert (found.sensitivity, found.specificity) == (0.75, 0.95)
    low, high = found.limits(0.95)[0]
    assert (low, high) == pytest.approx((0.588, 0.873), abs=0.001)  # R: binom.test(30, 40)


@pytest.mark.parametrize("kind", [True, False])
def test_golds_of_one_kind_leave_the_other_unknown(kind: bool) -> None:
    found = skill_from_golds(pl.Series([kind] * 50), pl.Series([kind] * 50))
    assert (found.specificity if kind else found.sensitivity) is None
    assert not found.enough
    assert "golds were answered" in found.note


def test_no_golds_at_all() -> None:
    empty = pl.Series([], dtype=pl.Boolean)
    assert skill_from_golds(empty, empty).limits(0.95) == ((0.0, 1.0), (0.0, 1.0))


@given(se=st.floats(0.5, 1), sp=st.floats(0.5, 1))
def test_a_majority_of_three_is_no_worse_than_one(se: float, sp: float) -> None:
    three = of_majority(Skill(se, sp, 100, 100), 3)
    assert three.sensitivity is not None
    assert three.specificity is not None
    assert three.sensitivity == pytest.approx(3 * se**2 - 2 * se**3)
    assert three.sensitivity >= se - 1e-12
    assert three.specificity >= sp - 1e-12


def test_a_majoritys_limits_are_those_of_one_carried_over() -> None:
    one = Skill(0.6, 0.9, 50, 80)
    (low, high), _ = one.limits(0.95)
    found, _ = of_majority(one, 3).limits(0.95)
    assert found == pytest.approx((3 * low**2 - 2 * low**3, 3 * high**2 - 2 * high**3))


def test_two_who_must_agree_miss_more_and_invent_less() -> None:
    one = Skill(0.8, 0.99, 500, 1_000)
    both, either = of_votes(one, 2, needed=2), of_votes(one, 2, needed=1)
    assert (both.sensitivity, both.specificity) == pytest.approx((0.64, 0.9999))
    assert (either.sensitivity, either.specificity) == pytest.approx((0.96, 0.9801))
    (low, high), _ = one.limits(0.95)
    assert both.limits(0.95)[0] == pytest.approx((low**2, high**2))


def test_mid_p_limits_by_hand() -> None:
    # Without a mistake in 200 the lower limit s has s^200 / 2 = 0.025.
    assert mid_p_limits(1.0, 200, 0.95) == pytest.approx((0.05 ** (1 / 200), 1.0))
    assert mid_p_limits(0.0, 200, 0.95) == pytest.approx((0.0, 1 - 0.05 ** (1 / 200)))
    assert mid_p_limits(None, 0, 0.95) == (0.0, 1.0)


@given(share=st.floats(0, 1), answers=st.floats(1, 1e6))
def test_mid_p_limits_lie_within_the_exact_ones(share: float, answers: float) -> None:
    (low, high), (least, most) = (of(share, answers, 0.95) for of in (mid_p_limits, exact_limits))
    assert least - 1e-8 <= low <= share + 1e-8
    assert share - 1e-8 <= high <= most + 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("interval", [exact_limits, mid_p_limits])
@pytest.mark.parametrize("golds", [(25, 500), (500, 25), (100, 100), (30, 2_000)])
def test_the_limits_of_uneven_labellers_hold(golds: tuple[int, int], interval: Interval) -> None:
    rng, shares, truth = np.random.default_rng(1), (0.9, 0.1), ((0.8, 0.99), (0.95, 0.9))
    mean = [sum(w * skill[k] for w, skill in zip(shares, truth, strict=True)) for k in (0, 1)]
    held = np.zeros(2)
    for _ in range(1_500):
        parts = [
            (w, Skill(rng.binomial(n, se) / n, rng.binomial(n, sp) / n, n, n))
            for w, n, (se, sp) in zip(shares, golds, truth, strict=True)
        ]
        whole = mixture(parts, Skill(0.8, 0.9, sum(golds), sum(golds)))
        for k, (low, high) in enumerate(whole.limits(0.95, interval)):
            held[k] += low <= mean[k] <= high
    assert (held / 1_500 >= 0.94).all()


def test_a_labeller_without_golds_may_be_anything() -> None:
    known, nobody = Skill(0.9, 0.99, 1_000, 1_000), Skill(None, None, 0, 0)
    (low, high), _ = mixture([(0.7, known), (0.3, nobody)], known).limits(0.95)
    assert low < 0.65
    assert high > 0.9


def test_an_even_number_of_votes_may_tie() -> None:
    with pytest.raises(MeasureError, match="may be a tie"):
        of_majority(Skill(0.9, 0.9, 100, 100), 2)


def test_three_reviewers_tell_each_others_skill() -> None:
    skills = {"ann": (0.9, 0.98), "bo": (0.8, 0.95), "cy": (0.7, 0.99)}
    found = skill_from_overlaps(answered(1, 6_000, skills))
    for name, (se, sp) in skills.items():
        assert found[name].sensitivity == pytest.approx(se, abs=0.03)
        assert found[name].specificity == pytest.approx(sp, abs=0.01)
        assert found[name].enough


def test_two_reviewers_need_two_populations() -> None:
    skills = {"ann": (0.9, 0.98), "bo": (0.8, 0.95)}
    few, many = (answered(seed, 4_000, skills, share) for seed, share in ((2, 0.05), (3, 0.6)))
    both = pl.concat(
        [
            few.with_columns(population=pl.lit("passed")),
            many.with_columns(population=pl.lit("actioned"), item_id="x" + pl.col("item_id")),
        ]
    )
    found = skill_from_overlaps(both)
    for name, (se, sp) in skills.items():
        assert found[name].sensitivity == pytest.approx(se, abs=0.05)
        assert found[name].specificity == pytest.approx(sp, abs=0.02)
    with pytest.raises(MeasureError, match="cannot tell whose mistakes"):
        skill_from_overlaps(few)


def test_one_third_answer_does_not_make_two_reviewers_three() -> None:
    labels = answered(7, 4_000, {"ann": (0.9, 0.98), "bo": (0.8, 0.95)})
    third = pl.DataFrame({"item_id": ["item-1"], "labeller": ["cy"], "violates": [True]})
    with pytest.raises(MeasureError, match="cannot tell whose mistakes"):
        skill_from_overlaps(pl.concat([labels, third]))


def test_two_populations_of_one_prevalence_are_one() -> None:
    labels = answered(8, 4_000, {"ann": (0.9, 0.98), "bo": (0.8, 0.95)})
    half = pl.col("item_id").str.ends_with("1") | pl.col("item_id").str.ends_with("2")
    named = labels.with_columns(population=pl.when(half).then(pl.lit("a")).otherwise(pl.lit("b")))
    with pytest.raises(MeasureError, match="cannot tell whose mistakes"):
        skill_from_overlaps(named)


def test_the_order_of_labels_changes_nothing() -> None:
    labels = answered(4, 400, {"ann": (0.9, 0.95), "bo": (0.8, 0.95), "cy": (0.7, 0.9)})
    assert skill_from_overlaps(labels) == skill_from_overlaps(labels.sample(fraction=1, shuffle=True, seed=1))


def test_single_answers_tell_nothing_of_one_another() -> None:
    labels = answered(5, 300, {"ann": (0.9, 0.95)})
    with pytest.raises(MeasureError, match="only 0 items were looked at by two people"):
        skill_from_overlaps(labels)


def test_overlaps_claim_no_more_than_answers_to_as_many_golds_would() -> None:
    rng = np.random.default_rng(11)
    n = 1_000
    truth = rng.random(n) < 0.02
    said = {who: np.where(truth, rng.random(n) < 0.9, rng.random(n) < 0.002) for who in ("ann", "bo", "cy")}
    labels = pl.concat(
        pl.DataFrame({"item_id": [f"i{i}" for i in range(n)], "labeller": who, "violates": answers})
        for who, answers in said.items()
    )
    for skill in skill_from_overlaps(labels).values():
        assert skill.of_violating <= 40
        assert skill.of_fine <= n
