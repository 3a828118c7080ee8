"""Calibration: a prediction that means what it did is left in peace, whatever else has changed."""

from __future__ import annotations

import numpy as np
import pytest

from tidegate.measure.drift import calibration_drift

Side = tuple[np.ndarray, np.ndarray, np.ndarray]


def side(seed: int, n: int, *, a: float = 0.5, off: float = 0.0) -> Side:
    rng = np.random.default_rng(seed)
    prediction = rng.beta(a, 3, n)
    violates = rng.random(n) < np.clip(prediction + off, 0, 1)
    return prediction, violates, np.clip(2 * prediction, 0.1, 1)


def test_a_model_that_came_to_promise_too_little_is_found() -> None:
    checks = calibration_drift("risk", side(1, 2_000), side(2, 2_000, off=0.15))
    middle = next(c for c in checks if "0.1 to 0.5" in c.what)
    assert (middle.p or 1) < 0.001
    assert middle.change == pytest.approx(0.15, abs=0.05)


def test_other_risks_that_mean_the_same_are_no_drift() -> None:
    for seed in range(5):
        checks = calibration_drift("risk", side(seed, 1_500), side(100 + seed, 1_500, a=1.5), seed=seed)
        assert all((c.p or 1) > 0.005 for c in checks)


def test_a_change_smaller_than_what_matters_is_no_drift() -> None:
    before, now = side(1, 2_000), side(2, 2_000, off=0.15)
    p = {
        at_least: next(
            c.p or 0.0
            for c in calibration_drift("risk", before, now, at_least=at_least)
            if "0.1 to" in c.what
        )
        for at_least in (0.0, 0.05, 0.15, 0.5)
    }
    assert p[0.0] < 0.001
    assert p[0.05] < 0.05
    assert p[0.15] > 0.05
    assert p[0.5] == 1.0


def test_few_labels_are_told_and_not_tested() -> None:
    checks = calibration_drift("risk", side(1, 500), side(2, 15))
    assert all(c.p is None and c.note.startswith("only") for c in checks)
    nothing = (np.empty(0), np.empty(0, bool), np.empty(0))
    assert all(c.p is None for c in calibration_drift("risk", nothing, nothing))


@pytest.mark.parametrize("answer", [False, True])
def test_labels_that_are_all_alike_are_no_drift(answer: bool) -> None:
    prediction, violates, chance = side(3, 800)
    alike = (prediction, np.full(len(violates), answer), chance)
    assert all(c.p is None or c.p > 0.5 for c in calibration_drift("risk", alike, alike))


def test_the_scale_of_weights_changes_nothing() -> None:
    before, now = side(4, 600), side(5, 600)
    plain = calibration_drift("risk", before, now)
    scaled = calibration_drift("risk", *((f, y, p * 1e-9) for f, y, p in (before, now)))
    assert [c.p for c in plain] == [c.p for c in scaled]


def test_a_weight_of_a_billion_is_borne() -> None:
    before, (prediction, violates, chance) = side(4, 600), side(5, 600)
    chance[0] = 1e-9
    checks = calibration_drift("risk", before, (prediction, violates, chance))
    assert all(c.p is None or 0 <= c.p <= 1 for c in checks)


def test_the_order_of_items_does_not_change_what_is_compared() -> None:
    before, now = side(6, 600), side(7, 600, off=0.15)
    order = np.random.default_rng(1).permutation(600)
    plain = calibration_drift("risk", before, now)
    other = calibration_drift("risk", *(tuple(of[order] for of in window) for window in (before, now)))
    for one, two in zip(plain, other, strict=True):
        assert (one.what, one.counted_now) == (two.what, two.counted_now)
        assert one.change == pytest.approx(two.change)
        assert one.p == pytest.approx(two.p, abs=0.05)  # the shuffles are others


def test_the_same_seed_gives_the_same_answer() -> None:
    before, now = side(6, 300), side(7, 300)
    assert calibration_drift("risk", before, now) == calibration_drift("risk", before, now)


@pytest.mark.slow
def test_an_unchanged_model_is_called_changed_in_at_most_one_of_twenty() -> None:
    p = [
        check.p
        for seed in range(300)
        for check in calibration_drift("risk", side(2 * seed, 400), side(2 * seed + 1, 300), seed=seed)
        if check.p is not None
    ]
    assert np.mean([value <= 0.05 for value in p]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))
