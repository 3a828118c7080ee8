"""How far verdicts agree with known answers, each figure with its interval; and two judges case by case.

Arrays in, figures out. Cases without a verdict count against recall, as they stop nothing by themselves, but
not against precision; how many there are is told beside every figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]

DRAWS = 2_000
"""Resamples of a bootstrap: its limits are then sure to about a tenth of their distance."""


@dataclass(frozen=True)
class Figure:
    """An estimate with the limits of its interval, and the cases behind it; NaN where there are none."""

    estimate: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Agreement:
    """Verdicts against truth. `confusion` counts truth and verdict: yes-yes, yes-no, no-yes, no-no;
    `unanswered` cases are in none of them."""

    precision: Figure
    recall: Figure
    f1: Figure
    kappa: Figure
    confusion: tuple[int, int, int, int]
    unanswered: int


@dataclass(frozen=True)
class Paired:
    """Two judges on the same cases: what only one of them got right, the difference in the share that is
    right (second less first) with its interval, and the exact p-value of no difference."""

    first_only: int
    second_only: int
    difference: Figure
    p_value: float


def agreement(
    truth: Bools, verdict: Bools, answered: Bools, *, confidence: float = 0.95, seed: int = 0
) -> Agreement:
    """Precision, recall, F1 and Cohen's κ of n verdicts.

    Args:
        truth, verdict: n each; `verdict` is read only where `answered`.

    Precision and recall have the exact interval of C. J. Clopper and E. S. Pearson (1934); F1 and κ (J. Cohen
    1960) a percentile bootstrap over cases. κ is of the answered cases alone.
    """
    said = verdict & answered
    both, missed = int((truth & said).sum()), int((truth & answered & ~said).sum())
    wrong, fine = int((~truth & said).sum()), int((~truth & answered & ~said).sum())
    chance = np.random.default_rng(seed)
    n = len(truth)
    f1s, kappas = [], []
    for _ in range(DRAWS if n else 0):
        drawn = chance.integers(0, n, n)
        f1s.append(_f1(truth[drawn], said[drawn]))
        kappas.append(_kappa(truth[drawn][answered[drawn]], said[drawn][answered[drawn]]))
    return Agreement(
        precision=share(both, both + wrong, confidence),
        recall=share(both, int(truth.sum()), confidence),
        f1=_resampled(_f1(truth, said), f1s, n, confidence),
        kappa=_resampled(_kappa(truth[answered], said[answered]), kappas, int(answered.sum()), confidence),
        confusion=(both, missed, wrong, fine),
        unanswered=int((~answered).sum()),
    )


def paired(first: Bools, second: Bools, *, confidence: float = 0.95, seed: int = 0) -> Paired:
    """Two judges compared, from whether each got each of n cases right.

    The p-value is the exact one of Q. McNemar (1947): of cases that one alone got right, as many should be
    either's. The interval resamples cases.
    """
    from scipy.stats import binomtest

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n = len(first)
    gain = second.astype(float) - first.astype(float)
    chance = np.random.default_rng(seed)
    draws = [float(gain[chance.integers(0, n, n)].mean()) for _ in range(DRAWS if n else 0)]
    apart = only_first + only_second
    p = 1.0 if apart == 0 else float(binomtest(only_first, apart, 0.5).pvalue)
    return Paired(
        only_first, only_second, _resampled(float(gain.mean()) if n else np.nan, draws, n, confidence), p
    )


def share(hits: int, cases: int, confidence: float = 0.95) -> Figure:
    """A share with its Clopper–Pearson interval; NaN, within 0 and 1, of no cases."""
    from scipy.special import betaincinv

    if cases == 0:
        return Figure(float("nan"), 0.0, 1.0, 0)
    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, cases - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, cases - hits, 1 - tail)) if hits < cases else 1.0
    return Figure(hits / cases, low, high, cases)


def _f1(truth: Bools, said: Bools) -> float:
    both = int((truth & said).sum())
    total = int(truth.sum()) + int(said.sum())
    return 2 * both / total if total else float("nan")


def _kappa(truth: Bools, said: Bools) -> float:
    """Agreement beyond what two who decide independently at these rates would have."""
    if not len(truth):
        return float("nan")
    seen = float((truth == said).mean())
    by_chance = float(truth.mean() * said.mean() + (1 - truth.mean()) * (1 - said.mean()))
    return (seen - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def _resampled(estimate: float, draws: list[float], cases: int, confidence: float) -> Figure:
    told = np.array([one for one in draws if not np.isnan(one)])
    if not len(told):
        return Figure(estimate, float("nan"), float("nan"), cases)
    low, high = np.quantile(told, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Figure(estimate, float(low), float(high), cases)
