"""The best band is the best, and blends and curves promise only what the other half of the items shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.measure.deferral import Band, best_band, curve, f1_of, fit_blend, symmetric_band

Items = tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.bool_]]]


@st.composite
def items(draw: st.DrawFn) -> Items:
    n = draw(st.integers(2, 12))
    scores = draw(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 0.9, 1.0]), min_size=n, max_size=n))
    judge = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(scores), np.array(judge)


@given(items(), st.sampled_from([0.01, 0.2, 0.5, 1.0]))
@settings(max_examples=300, deadline=None)
def test_no_band_within_the_share_does_better(given_items: Items, share: float) -> None:
    scores, judge = given_items
    found = best_band(scores, judge, share)
    assert found.judged(scores).mean() <= share
    best = f1_of(judge, found.verdicts(scores, judge))
    edges = [*np.unique(scores), 2.0]
    for low in edges:
        for high in edges:
            band = Band(low, high)
            if low <= high and band.judged(scores).mean() <= share:
                assert f1_of(judge, band.verdicts(scores, judge)) <= best + 1e-9


def test_everything_may_be_judged_and_then_the_judge_decides() -> None:
    scores, judge = np.array([0.9, 0.1, 0.5, 0.4]), np.array([False, True, False, True])
    assert list(best_band(scores, judge, 1.0).verdicts(scores, judge)) == list(judge)


def test_the_usual_band_lies_around_its_middle() -> None:
    scores = np.linspace(0, 1, 101)
    band = symmetric_band(scores, 0.2)
    assert band.low + band.high == pytest.approx(1.0)
    assert band.judged(scores).mean() == pytest.approx(0.2, abs=0.02)


def world(n: int = 4_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """A signal that knows, one that knows the reverse, one that is noise; a judge that errs one time in
    ten."""
    chance = np.random.default_rng(seed)
    truth = chance.uniform(size=n) < 0.3
    good = np.clip(0.5 * truth + chance.normal(0.25, 0.2, n), 0, 1)
    against = np.clip(0.5 * ~truth + chance.normal(0.25, 0.3, n), 0, 1)
    judge = np.where(chance.uniform(size=n) < 0.9, truth, ~truth)
    return (
        np.column_stack([good, against, chance.uniform(size=n)]),
        judge,
        truth,
        chance.uniform(size=n) < 0.5,
    )


def test_a_blend_weighs_what_knows_and_writes_itself_as_a_rule() -> None:
    values, judge, _, _ = world()
    blend = fit_blend(["a.good", "a.against", "a.noise"], values, judge)
    good, against, noise = blend.weights
    assert good > 1
    assert against < -0.5
    assert abs(noise) < 0.4
    sql = blend.sql()
    assert sql.startswith(f"{good:g} * coalesce(a.good, 0) - {-against:g} * coalesce(a.against, 0)")
    missing = values.copy()
    missing[0, 0] = np.nan
    assert blend.scores(missing)[0] == pytest.approx(against * values[0, 1] + noise * values[0, 2])


def test_a_curve_ends_at_the_judge_and_never_passes_what_is_possible() -> None:
    values, judge, truth, tuning = world()
    found, _ = curve(["a.good", "a.against", "a.noise"], values, judge, truth, tuning, [0.05, 0.2, 1.0])
    told = {(row["way"], row["allowed"]): row for row in found.iter_rows(named=True)}
    assert told["blend", 1.0]["of_judge"] == pytest.approx(1.0, abs=0.08)
    for share in (0.05, 0.2):
        assert told["blend", share]["f1"] <= told["possible", share]["f1"]
        assert told["blend", share]["judged"] == pytest.approx(share, abs=0.03) or (
            told["blend", share]["judged"] < share
        )
        assert told["blend", share]["low"] <= told["blend", share]["of_judge"] <= told["blend", share]["high"]
    assert told["blend", 0.2]["f1"] > told["fixed", 0.2]["f1"]


def test_thresholds_are_chosen_without_the_items_they_are_tried_on() -> None:
    values, judge, truth, tuning = world()
    found, blend = curve(["a", "b", "c"], values, judge, truth, tuning, [0.1])
    judge[~tuning] = ~judge[~tuning]
    other, other_blend = curve(["a", "b", "c"], values, judge, truth, tuning, [0.1])
    assert blend == other_blend
    kept = ["way", "from", "to"]
    theirs = [row for row in other.select(kept).rows() if row[0] != "possible"]
    assert [row for row in found.select(kept).rows() if row[0] != "possible"] == theirs
