"""Sample-ratio mismatch: found where it is, seldom where it is not, whenever one looks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, multinomial

from tidegate.errors import MeasureError
from tidegate.measure.gates.ratio import log_evidence, mismatch

HALVES = {"new": 0.5, "current": 0.5}


def test_on_average_the_evidence_against_a_right_split_is_one() -> None:
    split = np.array([0.2, 0.3, 0.5])
    counts = np.array([(i, j, 9 - i - j) for i in range(10) for j in range(10 - i)], dtype=float)
    chance = multinomial.pmf(counts, 9, split)
    assert chance @ np.exp(log_evidence(counts, split)) == pytest.approx(1.0)


def test_a_small_loss_is_found_and_the_largest_evidence_so_far_counts() -> None:
    wrong = pl.DataFrame({"new": [4_800] * 5, "current": [5_200] * 5})
    assert mismatch(wrong, HALVES) > np.log(100)
    righted = pl.concat([wrong, pl.DataFrame({"new": [7_000], "current": [5_000]})])
    assert mismatch(righted, HALVES) >= mismatch(wrong, HALVES)


def test_nothing_is_found_without_traffic() -> None:
    assert mismatch(pl.DataFrame({"new": [], "current": []}), HALVES) == 0.0
    assert mismatch(pl.DataFrame({"new": [0], "current": [0]}), HALVES) == pytest.approx(0.0, abs=1e-6)


def test_an_arm_without_any_traffic_is_a_mismatch() -> None:
    assert mismatch(pl.DataFrame({"current": [1_000]}), HALVES) > np.log(100)


def test_order_within_a_batch_and_names_do_not_matter() -> None:
    traffic = pl.DataFrame({"new": [40, 60], "current": [160, 140]})
    split = {"new": 0.25, "current": 0.75}
    backwards = dict(reversed(split.items()))
    assert mismatch(traffic.select("current", "new"), backwards) == pytest.approx(mismatch(traffic, split))


def test_false_mismatches_are_rare_over_many_looks() -> None:
    rng = np.random.default_rng(1)
    arm = np.cumsum(rng.binomial(50, 0.5, (3_000, 100)), axis=1).astype(float)
    counts = np.stack([arm, 50 * np.arange(1, 101) - arm], axis=-1)
    over = log_evidence(counts, np.array([0.5, 0.5])) >= np.log(20)
    assert over.any(axis=1).mean() <= binom.ppf(0.999, 3_000, 0.05) / 3_000


@pytest.mark.parametrize("split", [{}, {"new": 1.0}, {"new": 0.5, "current": 0.6}, {"new": 0.0, "b": 1.0}])
def test_a_split_that_is_none_is_refused(split: dict[str, float]) -> None:
    with pytest.raises(MeasureError, match="no split"):
        mismatch(pl.DataFrame({"new": [1]}), split)


def test_traffic_of_an_arm_that_the_split_does_not_name_is_refused() -> None:
    with pytest.raises(MeasureError, match="'third'"):
        mismatch(pl.DataFrame({"new": [1], "third": [1]}), HALVES)
