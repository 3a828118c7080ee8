"""Scores and mix: unchanged windows are left in peace, shifts are found, and what does not matter is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure.drift import Check, mix_drift, score_drift
from tidegate.measure.drift.scores import largest_change, share_check


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.check: check for check in checks}


def test_a_shift_is_found_and_said_in_shares_of_items() -> None:
    rng = np.random.default_rng(1)
    found = by_name(score_drift("risk", rng.beta(2, 8, 5_000), rng.beta(3, 8, 4_000)))["scores"]
    assert found.p is not None
    assert found.p < 1e-6
    assert found.what.startswith("risk ≥ 0.")
    assert found.change is not None
    assert found.change > 0.1


def test_a_rare_mode_is_seen_at_the_top() -> None:
    rng = np.random.default_rng(2)
    before, now = (
        np.where(rng.random(20_000) < share, 0.97, rng.beta(1, 20, 20_000)) for share in (0.004, 0.01)
    )
    found = by_name(score_drift("risk", before, now, at_least=0.01))
    assert found["top scores"].p is not None
    assert found["top scores"].p < 1e-6
    assert found["scores"].p == pytest.approx(1.0)  # six items in a thousand are less than one in a hundred


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
def test_the_top_is_looked_at_wherever_the_rare_mode_begins(share: float) -> None:
    rng = np.random.default_rng(7)
    before, now = (
        np.where(rng.random(60_000) < s, 0.9 + 0.1 * rng.random(60_000), rng.beta(1, 20, 60_000))
        for s in (share, share + 6 * np.sqrt(share / 60_000) + 0.0005)
    )
    top = by_name(score_drift("risk", before, now))["top scores"]
    assert top.p is not None
    assert top.p < 0.01
    assert top.looks == 6


def test_a_look_at_six_places_sees_less_than_at_one() -> None:
    rng = np.random.default_rng(8)
    top = by_name(score_drift("risk", rng.random(500), rng.random(500)))["top scores"]
    alone = replace(top, looks=1)
    assert (top.smallest(0.05) or 0) == alone.smallest(0.05 / 6)
    assert (top.smallest(0.05) or 0) > (alone.smallest(0.05) or 1)


def test_what_changes_less_than_matters_is_no_drift_however_many_items_there_are() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.beta(2, 8, 400_000), rng.beta(2.01, 8, 400_000)
    exact, tolerant = (by_name(score_drift("risk", before, now, at_least=d))["scores"] for d in (0.0, 0.01))
    assert exact.p is not None
    assert exact.p < 0.01
    assert tolerant.p == pytest.approx(1.0)


def test_missing_scores_are_a_finding_of_their_own() -> None:
    rng = np.random.default_rng(4)
    before, now = rng.random(1_000), rng.random(1_000)
    now[:400] = np.nan
    missing, *_ = score_drift("risk", before, now)
    assert (missing.what, missing.before, missing.now) == ("risk is missing", 0.0, 0.4)
    assert missing.p is not None
    assert missing.p < 1e-12


@pytest.mark.parametrize("few", [np.empty(0), np.full(19, 0.5), np.full(50, np.nan)])
def test_too_few_scores_are_told_and_not_tested(few: np.ndarray) -> None:
    last = score_drift("risk", np.linspace(0, 1, 500), few)[-1]
    assert last.p is None
    assert "only" in last.note
    assert last.smallest(0.05) is None


def test_a_constant_score_is_no_drift() -> None:
    found = score_drift("risk", np.full(300, 0.5), np.full(200, 0.5))
    assert [check.p for check in found] == [1.0, 1.0]


@pytest.mark.slow
def test_nothing_changed_is_called_a_change_at_the_top_in_at_most_one_of_twenty() -> None:
    rng = np.random.default_rng(9)
    for shape in (1.0, 20.0):
        p = [
            by_name(score_drift("risk", rng.beta(1, shape, 900).round(2), rng.beta(1, shape, 400).round(2)))
            for _ in range(600)
        ]
        for check in ("scores", "top scores"):
            flagged = np.mean([(one[check].p or 0.0) <= 0.05 for one in p])
            assert flagged <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@given(
    before=st.lists(st.floats(0, 1, width=16), min_size=20, max_size=60),
    now=st.lists(st.floats(0, 1, width=16), min_size=20, max_size=60),
    seed=st.integers(0, 9),
)
def test_order_and_scale_change_nothing(before: list[float], now: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = np.array(before), np.array(now)
    plain = score_drift("risk", old, new)
    shuffled = score_drift("risk", rng.permutation(old), rng.permutation(new))
    scaled = score_drift("risk", 1e9 * old, 1e9 * new)
    assert [c.p for c in plain] == [c.p for c in shuffled] == [c.p for c in scaled]
    assert all(0 <= c.p <= 1 for c in plain if c.p is not None)


def test_the_largest_change_is_where_it_is() -> None:
    at, shares = largest_change(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.3, 0.4, 0.4]))
    assert (at, shares) == (0.3, (0.5, 1.0))


def test_values_that_are_new_or_gone_are_in_the_mix() -> None:
    checks = {
        c.value: c
        for c in mix_drift(
            "language", np.array(["en"] * 90 + ["de"] * 10), np.array(["en"] * 80 + ["zh"] * 20)
        )
    }
    assert (checks["de"].now, checks["zh"].before) == (0.0, 0.0)
    assert all(c.p is not None and c.p < 0.01 for c in (checks["de"], checks["zh"]))


@given(m=st.integers(1, 60), n=st.integers(1, 60), data=st.data())
def test_shares_are_symmetric_in_the_windows(m: int, n: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    for at_least in (0.0, 0.05):
        there = share_check("mix", "", (x, m), (y, n), "", "", at_least)
        back = share_check("mix", "", (y, n), (x, m), "", "", at_least)
        assert there.p == pytest.approx(back.p, abs=1e-6)
        assert there.change == pytest.approx(-(back.change or 0.0))
