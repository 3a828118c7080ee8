"""Fitting: the feature matrix, one masked logistic regression for all harms at once, and the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
from numpy.typing import NDArray

from tidegate.signals.quick_text.features import (
    batch_of,
    buckets,
    neighbour_hashes,
    piece_hashes,
    token_hashes,
    tokens_of,
)
from tidegate.signals.quick_text.model import WINDOW, chunks

Array = NDArray[np.float64]

LEAST_HARMFUL = 0.1
"""The least share of a harm's known texts, by weight, that are harmful: rarer ones are weighed up to it."""


INTERCEPT_SCALE = 0.1
"""Intercepts are fitted in these units, so that their curvature is of the order of the weights' own."""


def feature_counts(texts: Sequence[str], bits: int) -> scipy.sparse.csr_array:
    """n × 2^bits counts of the features of prepared texts (their first window), as the model would read
    them."""
    parts = []
    for chunk in chunks([text[:WINDOW] for text in texts]):
        batch = batch_of(chunk)
        tokens = tokens_of(batch)
        columns, rows = [buckets(token_hashes(tokens.hash), bits)], [tokens.text]
        for hashes, owner in piece_hashes(batch, tokens.start, tokens.length):
            columns.append(buckets(hashes, bits))
            rows.append(tokens.text[owner])
        for hashes, token in neighbour_hashes(tokens):
            columns.append(buckets(hashes, bits))
            rows.append(tokens.text[token])
        row, column = np.concatenate(rows), np.concatenate(columns)
        ones = np.ones(len(row), np.float32)
        parts.append(scipy.sparse.csr_array((ones, (row, column)), shape=(len(chunk), 1 << bits)))
    return scipy.sparse.vstack(parts, format="csr")


def inverse_frequencies(counts: Any) -> NDArray[np.float32]:
    """ln((1 + n) / (1 + texts with the feature)) + 1, per column."""
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    frequencies: NDArray[np.float32] = (np.log((1 + counts.shape[0]) / (1 + seen)) + 1).astype(np.float32)
    return frequencies


def scaled(counts: Any, frequency: NDArray[np.float32]) -> Any:
    """x_ij = count_ij f_j / √(Σ_j count_ij f_j²): what the model computes, written as a matrix."""
    norm = np.sqrt(counts @ (frequency**2))
    norm[norm == 0] = 1
    result = counts.copy()
    result.data *= frequency[counts.indices]
    result.data /= np.repeat(norm, np.diff(counts.indptr)).astype(np.float32)
    return result


def fit_weights(
    x: Any, labels: Array, weights: Array, sets: NDArray[np.int64], *, penalty: float, iterations: int
) -> NDArray[np.float32]:
    """Weights, columns × harms, of a logistic regression per harm with an intercept per set and a common one.

    Args:
        labels: n × harms, 0, 1 or NaN where unknown; unknown ones have no part in the loss.
        weights: n, how much each text counts.
        sets: n, the number of each text's set from 0, or -1 for texts with the common intercept only. Some of
            both labels should be among these, to hold that intercept in place.
    """
    harms = labels.shape[1]
    columns = x.shape[1]
    target = np.nan_to_num(labels).astype(np.float32)
    share = np.column_stack([with_floor(labels[:, h], weights, LEAST_HARMFUL) for h in range(harms)])
    share = (share / weights.sum()).astype(np.float32)
    # One column per set, and last the common intercept, which every text has. A set that shows only one side
    # of a harm gets none of its own, or that alone would explain its labels and its texts teach nothing.
    one_hot = scipy.sparse.csr_array(
        np.column_stack([sets[:, None] == np.arange(sets.max() + 1), np.ones(len(sets))]).astype(np.float32)
    )
    both = [(one_hot.T @ (labels == side) > 0).astype(np.float32) for side in (0.0, 1.0)]
    own = both[0] * both[1]
    own[-1] = 1
    own *= INTERCEPT_SCALE
    transposed, one_hot_transposed = x.T.tocsr(), one_hot.T.tocsr()
    size = columns * harms

    def log_loss(z: Array) -> tuple[float, Array]:
        value = float((share * (np.logaddexp(0, z) - target * z)).sum())
        return value, share * (1 / (1 + np.exp(-z)) - target)

    def loss(flat: Array) -> tuple[float, Array]:
        w = flat[:size].reshape(columns, harms).astype(np.float32)
        b = flat[size:].reshape(-1, harms).astype(np.float32)
        value, slope = log_loss(x @ w + one_hot @ (own * b))
        value += penalty / 2 * float(np.vdot(w, w)) + 1e-8 * float(np.vdot(b, b))
        of_w, of_b = transposed @ slope + penalty * w, own * (one_hot_transposed @ slope) + 2e-8 * b
        return value, np.concatenate([of_w.ravel(), of_b.ravel()]).astype(np.float64)

    def loss_of_intercepts(flat: Array) -> tuple[float, Array]:
        b = flat.reshape(-1, harms)
        value, slope = log_loss(one_hot @ (own * b))
        value += 1e-8 * float(np.vdot(b, b))
        return value, (own * (one_hot_transposed @ slope) + 2e-8 * b).ravel()

    # Against a mean loss the gradients are tiny from the start, so the usual tolerances would stop at once.
    limits = {"maxiter": iterations, "maxcor": 8, "gtol": 0.0, "ftol": 1e-9}
    # The intercepts first and alone, or the weights spend their first steps on being one.
    start = np.zeros(size + one_hot.shape[1] * harms)
    alone = scipy.optimize.minimize(
        loss_of_intercepts, start[size:], jac=True, method="L-BFGS-B", options=limits
    )
    start[size:] = alone.x
    found = scipy.optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options=limits)
    fitted: NDArray[np.float32] = found.x[:size].reshape(columns, harms).astype(np.float32)
    return fitted


def with_floor(labels: Array, weights: Array, least: float) -> Array:
    """One harm's weights, n: 0 where it is unknown; harmful texts together make up `least` or more."""
    known = np.where(np.isnan(labels), 0, weights)
    harmful = known[labels == 1].sum()
    harmless = known.sum() - harmful
    factor = least / (1 - least) * harmless / harmful if harmful else 1.0
    return known * np.where(labels == 1, max(1.0, factor), 1.0)


def fit_sigmoid(scores: Array, labels: Array, weights: Array) -> tuple[float, float]:
    """Slope and shift of Platt scaling, with his smoothed targets so that a perfect split stays finite."""
    positive = weights[labels == 1].sum()
    negative = weights[labels == 0].sum()
    per_text = (positive + negative) / len(labels)
    high = (positive / per_text + 1) / (positive / per_text + 2)
    low = 1 / (negative / per_text + 2)
    target = np.where(labels == 1, high, low)
    share = weights / weights.sum()

    def loss(parameters: Array) -> tuple[float, Array]:
        z = parameters[0] * scores + parameters[1]
        slope = share * (1 / (1 + np.exp(-z)) - target)
        value = float((share * (np.logaddexp(0, z) - target * z)).sum())
        return value, np.array([float(slope @ scores), float(slope.sum())])

    found = scipy.optimize.minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)]
    )
    return float(found.x[0]), float(found.x[1])
