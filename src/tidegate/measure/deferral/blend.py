"""One score out of several: the weighted sum of a filter's signals that comes nearest to the judge's
verdicts.

A sum of probabilities is plain arithmetic, so that a rule can write it: the cascade stays a strategy that a
person can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PULL = 1.0
"""How strongly weights are held near 0, as one item's worth of evidence."""

STEPS = 100
DECIMALS = 3


@dataclass(frozen=True)
class Blend:
    """`weights` by signal; the score of an item is their sum, a missing signal counting 0."""

    signals: tuple[str, ...]
    weights: tuple[float, ...]

    def scores(self, values: Floats) -> Floats:
        """n scores of n × signals values."""
        scores: Floats = np.nan_to_num(values) @ np.array(self.weights)
        return scores

    def sql(self) -> str:
        """The score as an expression of the strategy language."""
        text = ""
        for name, weight in zip(self.signals, self.weights, strict=True):
            if weight:
                sign = "-" if weight < 0 else "+" if text else ""
                spaced = f" {sign} " if text else sign
                text += f"{spaced}{abs(weight):g} * coalesce({name}, 0)"
        return text or "0"


def fit_blend(signals: Sequence[str], values: Floats, judge: Bools) -> Blend:
    """Logistic regression of the judge's verdicts on n × k values, by Newton's method with an L2 pull.

    The intercept is left out of the score: thresholds take its place.
    """
    x = np.column_stack([np.nan_to_num(values), np.ones(len(values))])
    y = judge.astype(np.float64)
    weights = np.zeros(x.shape[1])
    pull = PULL * np.append(np.ones(x.shape[1] - 1), 1e-6)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (p - y) + pull * weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(pull + 1e-9)
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return Blend(tuple(signals), tuple(round(float(one), DECIMALS) for one in weights[:-1]))
