"""Override rates: compared on what people said, with the chance by which each item was drawn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tidegate.measure.drift import Check, override_drift
from tidegate.measure.drift.overrides import Z, recovered_p

Window = tuple[pl.DataFrame, pl.DataFrame]


def window(seed: int, leak: float, *, items: int = 20_000, drawn: float = 0.1) -> Window:
    rng = np.random.default_rng(seed)
    actioned = rng.random(items) < 0.1
    violates = rng.random(items) < np.where(actioned, 0.8, leak)
    people = pl.DataFrame(
        {
            "item_id": [f"item-{seed}-{i}" for i in range(items)],
            "outcome": np.where(actioned, "actioned", "passed"),
            "views": rng.integers(0, 9, items),
            "audit_probability": np.full(items, drawn),
            "audited": rng.random(items) < drawn,
            "language": rng.choice(["en", "zh"], items),
        }
    )
    labels = people.select("item_id").with_columns(violates=pl.Series(violates))
    return people, labels.filter(people["audited"])


def found(checks: list[Check], what: str, value: str = "") -> Check:
    return next(c for c in checks if c.what.startswith(what) and c.value == value)


def test_a_rise_of_leakage_is_found_and_overkill_left_in_peace() -> None:
    checks = override_drift(window(1, 0.02), window(2, 0.06))
    assert (found(checks, "passed").p or 1) < 1e-4
    assert (found(checks, "actioned").p or 0) > 0.05
    assert found(checks, "passed").change == pytest.approx(0.04, abs=0.02)


def test_slices_have_checks_of_their_own() -> None:
    checks = override_drift(window(3, 0.02), window(4, 0.02), by=["language"])
    assert {(c.what[:6], c.value) for c in checks} == {
        (w, v) for w in ("passed", "action") for v in ("", "en", "zh")
    }


def test_a_slice_of_one_window_alone_is_told_and_not_tested() -> None:
    people, labels = window(5, 0.02)
    checks = override_drift(
        (people, labels), (people.with_columns(language=pl.lit("en")), labels), by=["language"]
    )
    gone = found(checks, "passed", "zh")
    assert gone.p is None
    assert gone.note == "only 0 labels in one window"


@pytest.mark.parametrize("answers", ["none", "no", "yes"])
def test_degenerate_labels(answers: str) -> None:
    people, labels = window(6, 0.02, items=2_000)
    labels = labels.clear() if answers == "none" else labels.with_columns(violates=pl.lit(answers == "yes"))
    for check in override_drift((people, labels), (people, labels)):
        assert check.p in (None, 1.0)


def test_one_label_is_told_and_not_tested() -> None:
    people, labels = window(6, 0.02, items=2_000)
    assert all(check.p is None for check in override_drift((people, labels), (people, labels.head(1))))


def test_the_order_of_items_and_labels_does_not_matter() -> None:
    before, now = window(1, 0.02), window(2, 0.06)
    shuffled = tuple(frame.sample(fraction=1, shuffle=True, seed=1) for frame in now)
    for one, two in zip(
        override_drift(before, now), override_drift(before, (shuffled[0], shuffled[1])), strict=True
    ):
        assert (one.what, one.now, one.p) == (two.what, pytest.approx(two.now), pytest.approx(two.p))


def test_p_is_the_error_at_which_the_interval_just_excludes_zero() -> None:
    # Normal limits of two rates with standard errors .03 and .04: the difference has .05.
    low, high = (
        [np.array([q + side * s * z for z in Z]) for q, s in ((0.3, 0.03), (0.4, 0.04))] for side in (-1, 1)
    )
    assert recovered_p((0.3, 0.4), low, high) == pytest.approx(0.0455, abs=0.002)


def test_a_change_smaller_than_what_matters_is_no_drift() -> None:
    before, now = window(1, 0.02), window(2, 0.06)
    p = [
        found(override_drift(before, now, at_least=at_least), "passed").p or 0.0
        for at_least in (0.0, 0.005, 0.03, 0.2)
    ]
    assert p == sorted(p)
    assert p[1] < 0.005
    assert p[3] == 1.0


def test_p_against_what_matters_is_that_of_the_rest() -> None:
    low, high = (
        [np.array([q + side * s * z for z in Z]) for q, s in ((0.3, 0.03), (0.5, 0.04))] for side in (-1, 1)
    )
    assert recovered_p((0.3, 0.5), low, high, 0.1) == pytest.approx(0.0455, abs=0.002)
    assert recovered_p((0.3, 0.5), low, high, 0.2) == 1.0


@pytest.mark.slow
def test_nothing_changed_is_called_a_change_in_at_most_one_report_of_twenty() -> None:
    alarms = 0
    for seed in range(300):
        checks = override_drift(
            window(2 * seed, 0.01, items=5_000, drawn=0.2), window(2 * seed + 1, 0.01, items=5_000, drawn=0.1)
        )
        alarms += any(c.p is not None and c.p <= 0.05 / 2 for c in checks)
    assert alarms <= 25  # 15 expected at most, and three standard deviations
