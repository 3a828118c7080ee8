"""A head of your own: the transformer stays, and what it makes of a text is weighed anew on your labels.

Adapting starts from the weights there are and pays for leaving them: the loss of harm h is the mean logistic
loss plus λ ‖w_h - w_h⁰‖² / 2. From scratch, w⁰ is zero. λ is the one that does best on texts set aside for
tuning, on which the probabilities are calibrated too. Whether the new head is better is told on texts that
neither has seen, by the difference in average precision with a paired bootstrap interval (Efron and
Tibshirani 1993, §13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from tidegate.signals.quick_text.fit import Array, fit_sigmoid, with_floor
from tidegate.signals.text_risk.calibration import COMMON_SHARE, thresholds
from tidegate.signals.text_risk.model import Floats, Head

FEWEST = 20
"""Harmful, and harmless, texts of a harm that each of training, tuning and testing needs; other harms
stay."""

PENALTIES = tuple(10.0**power for power in range(-5, 1))
THRESHOLD_RANGE = (0.1, 0.9)
"""Of the adapted harms' thresholds, in the mix with a third of harm that they are calibrated for."""

RESAMPLES = 2_000


@dataclass(frozen=True)
class Part:
    """n texts of one split: `features` of the first window (n × width), `labels` (n × harms, NaN unknown)."""

    features: Floats
    labels: Array


@dataclass(frozen=True)
class Comparison:
    """Average precision of one harm on test texts before and after; the difference with its interval."""

    harm: str
    harmful: int
    harmless: int
    before: float
    after: float
    low: float
    high: float

    @property
    def better(self) -> bool:
        return self.low > 0


def adapted(head: Head, train: Part, tune: Part, *, from_scratch: bool = False) -> Head:
    """The head fitted anew for every harm that has labels enough."""
    start = np.zeros_like(head.weights) if from_scratch else head.weights
    weights, bias = head.weights.copy(), head.bias.copy()
    slope, shift, threshold = head.slope.copy(), head.shift.copy(), head.threshold.copy()
    decision = head.decision.copy()
    for h in np.flatnonzero(enough(train, tune)):
        known, asked = ~np.isnan(train.labels[:, h]), ~np.isnan(tune.labels[:, h])
        x, y = train.features[known].astype(float), train.labels[known, h]
        at = tune.features[asked].astype(float)
        fits = [_fit(x, y, start[h], penalty) for penalty in PENALTIES]
        losses = [
            _loss_of_best_sigmoid(np.asarray(at @ w + b, float), tune.labels[asked, h]) for w, b in fits
        ]
        weights[h], bias[h] = fits[int(np.argmin(losses))]
        scores = at @ weights[h] + bias[h]
        slope[:, h], shift[:, h] = _sigmoid(scores, tune.labels[asked, h])
        decision[:, h] = -shift[:, h] / slope[:, h]
        chances = 1 / (1 + np.exp(-(slope[0, h] * scores + shift[0, h])))
        threshold[h] = thresholds(
            chances[:, None].astype(np.float32), tune.labels[asked, h][:, None], THRESHOLD_RANGE
        )[0]
    return replace(
        head, weights=weights, bias=bias, slope=slope, shift=shift, decision=decision, threshold=threshold
    )


def enough(*parts: Part) -> NDArray[np.bool_]:
    """Which harms have `FEWEST` texts of both kinds in every part."""
    counts = [(part.labels == side).sum(axis=0) for part in parts for side in (0, 1)]
    found: NDArray[np.bool_] = np.min(counts, axis=0) >= FEWEST
    return found


def compared(
    before: Head, after: Head, test: Part, harms: Sequence[int], *, confidence: float = 0.95, seed: int = 0
) -> list[Comparison]:
    """How both heads rank the test texts, harm by harm. The intervals hold for all of the harms together
    (Bonferroni)."""
    tail = (1 - confidence) / 2 / max(1, len(harms))
    found = []
    for h in harms:
        known = ~np.isnan(test.labels[:, h])
        y = test.labels[known, h]
        old, new = (head.scores(test.features[known])[:, h] for head in (before, after))
        chance = np.random.default_rng(seed)
        harmful, harmless = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
        differences = []
        for _ in range(RESAMPLES):
            drawn = np.concatenate([chance.choice(side, len(side)) for side in (harmful, harmless)])
            differences.append(
                average_precision(y[drawn], new[drawn]) - average_precision(y[drawn], old[drawn])
            )
        low, high = np.quantile(differences, [tail, 1 - tail])
        figures = average_precision(y, old), average_precision(y, new), float(low), float(high)
        found.append(Comparison(before.harms[h], len(harmful), len(harmless), *figures))
    return found


def average_precision(y: Array, scores: NDArray[np.floating]) -> float:
    """Σ precision at each harmful text / harmful texts; equal scores share the precision at their end."""
    order = np.argsort(-scores, kind="stable")
    found, sorted_scores = np.cumsum(y[order]), scores[order]
    last = np.flatnonzero(np.append(sorted_scores[1:] != sorted_scores[:-1], True))
    gained = np.diff(found[last], prepend=0)
    return float((gained * found[last] / (last + 1)).sum() / max(1.0, y.sum()))


def _fit(x: Array, y: Array, start: Floats, penalty: float) -> tuple[Floats, np.float32]:
    weight = with_floor(y, np.ones(len(y)), COMMON_SHARE) / len(y)
    origin = start.astype(float)

    def loss(flat: Array) -> tuple[float, Array]:
        z = x @ flat[:-1] + flat[-1]
        away = flat[:-1] - origin
        value = float((weight * (np.logaddexp(0, z) - y * z)).sum()) + penalty / 2 * float(away @ away)
        slope = weight * (1 / (1 + np.exp(-z)) - y)
        return value, np.append(x.T @ slope + penalty * away, slope.sum())

    found = scipy.optimize.minimize(
        loss, np.append(origin, 0.0), jac=True, method="L-BFGS-B", options={"maxiter": 200}
    )
    return found.x[:-1].astype(np.float32), np.float32(found.x[-1])


def _sigmoid(scores: Array, y: Array) -> tuple[float, float]:
    return fit_sigmoid(scores, y, with_floor(y, np.ones(len(y)), COMMON_SHARE))


def _loss_of_best_sigmoid(scores: Array, y: Array) -> float:
    slope, shift = _sigmoid(scores, y)
    z = slope * scores + shift
    return float((with_floor(y, np.ones(len(y)), COMMON_SHARE) * (np.logaddexp(0, z) - y * z)).mean())
