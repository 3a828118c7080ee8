"""Calibration errors, the part of them that is chance, and the picture."""

from pathlib import Path

import numpy as np
import pytest

from tidegate.signals.reliability import bins_of, calibration_error, error_by_chance, reliability
from tidegate.signals.reliability_chart import write_reliability


def test_the_error_is_the_mean_gap_between_what_is_said_and_found() -> None:
    # Two bins: 0.15 is said of four texts, of which half are harmful, and 0.95 of one, which is not.
    p = np.array([0.15, 0.15, 0.15, 0.15, 0.95])
    y = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
    assert calibration_error(y, p) == pytest.approx((4 * 0.35 + 0.95) / 5)
    assert bins_of(np.array([0.0, 0.1, 0.95, 1.0])).tolist() == [0, 1, 9, 9]


def test_chance_alone_explains_the_error_of_exact_probabilities_and_no_other() -> None:
    chance = np.random.default_rng(1)
    beyond = {"exact": 0, "wrong": 0}
    for _ in range(200):
        p = chance.random(300)
        mean, most = error_by_chance(p)
        assert 0 < mean < most
        beyond["exact"] += calibration_error((chance.random(300) < p).astype(float), p) > most
        beyond["wrong"] += calibration_error((chance.random(300) < p**2).astype(float), p) > most
    assert beyond["exact"] <= 20
    assert beyond["wrong"] >= 190


def test_the_mean_by_chance_is_what_one_bin_would_have() -> None:
    # The mean absolute deviation of a binomial share, about sqrt(2 p (1 - p) / (pi n)).
    mean, _ = error_by_chance(np.full(400, 0.5))
    assert mean == pytest.approx(np.sqrt(2 * 0.25 / (np.pi * 400)), rel=0.05)


def test_bins_without_texts_have_no_row_and_exact_shares_lie_within() -> None:
    p = np.repeat([0.05, 0.55], 1_000)
    y = np.concatenate([np.arange(1_000) < 50, np.arange(1_000) < 900]).astype(float)
    rows = reliability(y, p)
    assert rows["texts"].to_list() == [1_000, 1_000]
    assert rows["found"].to_list() == pytest.approx([0.05, 0.9])
    # Nine of ten: 1.645 standard deviations either way.
    for row, share in ((0, 0.05), (1, 0.55)):
        wide = 1.645 * np.sqrt(share * (1 - share) / 1_000)
        assert rows["low"][row] == pytest.approx(share - wide, abs=0.003)
        assert rows["high"][row] == pytest.approx(share + wide, abs=0.003)


def test_the_picture_has_a_panel_per_harm_and_language(tmp_path: Path) -> None:
    pytest.importorskip("altair", reason="needs the extra `charts`")
    import polars as pl

    p = np.random.default_rng(0).random(100)
    rows = reliability((p > 0.5).astype(float), p)
    out = tmp_path / "reliability.svg"
    write_reliability(
        pl.concat([rows.with_columns(panel=pl.lit(name)) for name in ("hate, en", "hate, zh")]), out
    )
    drawn = out.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "hate, en" in drawn
    assert "hate, zh" in drawn
