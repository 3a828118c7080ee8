"""Fitting: unknown labels teach nothing, rare harms are weighed up, probabilities come out calibrated."""

import numpy as np
import pytest
import scipy.sparse

from tidegate.signals.quick_text.fit import fit_sigmoid, fit_weights, with_floor


def fitted(x: np.ndarray, labels: np.ndarray, sets: np.ndarray) -> np.ndarray:
    matrix = scipy.sparse.csr_array(x.astype(np.float32))
    return fit_weights(matrix, labels, np.ones(len(labels)), sets, penalty=1e-3, iterations=200)


def test_an_unknown_label_has_no_part_in_the_fit() -> None:
    x = np.eye(2)[[0, 0, 1, 1, 0, 1]]
    known = np.array([[1.0], [1.0], [0.0], [0.0], [np.nan], [np.nan]])
    sets = np.zeros(6, np.int64)
    np.testing.assert_allclose(
        fitted(x, known, sets) / fitted(x[:4], known[:4], sets[:4]), np.ones((2, 1)), rtol=0.2
    )


def test_a_feature_that_only_tells_the_set_apart_teaches_nothing() -> None:
    # Set 1 is mostly harmful and marked by feature 1; within each set, feature 0 tells.
    rng = np.random.default_rng(3)
    sets = np.repeat([0, 1], 2000)
    labels = (rng.random(4000) < np.where(sets == 1, 0.8, 0.2)).astype(float)
    tells = rng.random(4000) < np.where(labels == 1, 0.7, 0.3)
    weights = fitted(np.column_stack([tells, sets == 1]), labels[:, None], sets)
    assert weights[0, 0] > 1
    assert abs(weights[1, 0]) < 0.3


def test_a_set_of_one_side_teaches_by_its_features() -> None:
    sets = np.repeat([-1, 1], 100)
    labels = np.concatenate([np.tile([0.0, 1.0], 50), np.zeros(100)])
    x = np.column_stack([labels == 1, sets == 1])
    assert fitted(x, labels[:, None], sets)[1, 0] < -0.3


def test_rare_harm_is_weighed_up_to_the_least_share() -> None:
    labels = np.array([1.0] + [0.0] * 99 + [np.nan])
    weights = with_floor(labels, np.ones(101), 0.1)
    assert weights[0] / weights.sum() == pytest.approx(0.1)
    assert weights[-1] == 0
    assert with_floor(labels, np.ones(101), 0.001)[0] == 1


def test_platt_scaling_recovers_the_chance_behind_a_score() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=50_000)
    labels = (rng.random(50_000) < 1 / (1 + np.exp(-(2 * scores - 1)))).astype(float)
    slope, shift = fit_sigmoid(scores, labels, np.ones(50_000))
    assert slope == pytest.approx(2, abs=0.1)
    assert shift == pytest.approx(-1, abs=0.1)


def test_platt_scaling_of_a_perfect_split_stays_finite() -> None:
    slope, shift = fit_sigmoid(np.array([-1.0, 1.0] * 10), np.array([0.0, 1.0] * 10), np.ones(20))
    assert 0 < slope < 20
    assert abs(shift) < 1
