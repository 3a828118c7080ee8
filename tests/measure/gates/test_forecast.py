"""Forecasts: futures that look like the labels so far, and decide nothing."""

from __future__ import annotations

import numpy as np
import pytest

from tidegate.measure.gates import Criterion
from tidegate.measure.gates.evidence import Evidence
from tidegate.measure.gates.forecast import forecast_paths, futures, play
from tidegate.measure.gates.scale import stakes

PLAN = stakes(Criterion("overkill_rate", 0.05), 20.0)


def test_futures_are_drawn_around_the_rate_so_far() -> None:
    x = np.array([1.0] * 30 + [0.0] * 270)
    coming, weights = futures(np.random.default_rng(1), x, np.ones(300), 500, 400)
    rates = coming.mean(axis=1)
    assert rates.mean() == pytest.approx(30.5 / 301, abs=0.003)
    posterior = np.sqrt(0.1 * 0.9 / 302 + 0.1 * 0.9 / 400)
    assert rates.std() == pytest.approx(posterior, rel=0.15)
    assert (weights == 1).all()


def test_weights_come_with_their_labels() -> None:
    x, a = np.array([1.0] * 200 + [0.0] * 200), np.array([0.1] * 200 + [1.0] * 200)
    coming, weights = futures(np.random.default_rng(2), x, a, 200, 300)
    assert (weights[coming == 1] == 0.1).mean() > 0.98


def test_the_closer_to_an_answer_the_sooner_it_is_forecast() -> None:
    def median(n: int) -> float:
        answers = forecast_paths(
            PLAN, np.zeros(n), np.ones(n), within=2_000, to_advance=20, to_roll_back=20, seed=1
        )
        return float(np.median(answers.first))

    assert median(10) > median(60) > median(90)


def test_a_path_is_answered_once_and_may_be_watched_on() -> None:
    x = np.array([0.0] * 150 + [1.0] * 30)
    once = play(Evidence(PLAN), ((x[i : i + 1], np.ones(1)) for i in range(180)), 20, 20)
    assert once.advance[0] < 150
    assert np.isinf(once.roll_back[0])
    watched = play(
        Evidence(PLAN), ((x[i : i + 1], np.ones(1)) for i in range(180)), 20, 20, after_advance=True
    )
    assert watched.advance[0] == once.advance[0]
    assert 150 < watched.roll_back[0] < 180


def test_no_future_is_no_answer() -> None:
    answers = forecast_paths(PLAN, np.zeros(5), np.ones(5), within=0, to_advance=20, to_roll_back=20, seed=1)
    assert np.isinf(answers.first).all()
