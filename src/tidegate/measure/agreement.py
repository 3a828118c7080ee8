"""How far verdicts agree with known answers, each figure with its interval; and two judges case by case.

Arrays in, figures out. Intervals rest on exact ones of shares, so that a judge who has made no mistake yet is
not thereby proven to make none; resampling cases would say just that. Cases without a verdict count against
recall, as they stop nothing by themselves, but not against precision; how many there are is told beside every
figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """An estimate with the limits of its interval, and the cases behind it. Where nothing can be told the
    estimate is NaN, and the limits are the least and the most that there can be."""

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


def agreement(truth: Bools, verdict: Bools, answered: Bools, *, confidence: float = 0.95) -> Agreement:
    """Precision, recall, F1 and Cohen's κ of n verdicts.

    Args:
        truth, verdict: n each; `verdict` is read only where `answered`.

    Precision, recall and F1 have exact intervals (C. J. Clopper and E. S. Pearson 1934). That of κ (J. Cohen
    1960), which is of the answered cases alone, rests on one.
    """
    said = verdict & answered
    both, missed = int((truth & said).sum()), int((truth & answered & ~said).sum())
    wrong, fine = int((~truth & said).sum()), int((~truth & answered & ~said).sum())
    return Agreement(
        precision=share(both, both + wrong, confidence),
        recall=share(both, int(truth.sum()), confidence),
        f1=_f1(both, int((truth | said).sum()), len(truth), confidence),
        kappa=_kappa(both, missed, wrong, fine, confidence),
        confusion=(both, missed, wrong, fine),
        unanswered=int((~answered).sum()),
    )


def paired(first: Bools, second: Bools, *, confidence: float = 0.95) -> Paired:
    """Two judges compared, from whether each got each of n cases right.

    The p-value is the exact one of Q. McNemar (1947): of cases that one alone got right, as many should be
    either's. The difference p₂ - p₁ is that of the two shares of such cases. Its limits are those of R. G.
    Newcombe (1998, method 10: how far either share may be off, squared and added, with their correlation) on
    the exact limits of each (Clopper and Pearson) in place of Wilson's. They reach 0 where the p-value does
    not fall below 1 - confidence, so that the two never disagree.
    """
    from scipy.stats import binomtest

    n = len(first)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    apart = only_first + only_second
    p = 1.0 if apart == 0 else float(binomtest(only_first, apart, 0.5).pvalue)
    low, high = _of_difference(share(only_first, n, confidence), share(only_second, n, confidence))
    if p >= 1 - confidence:
        low, high = min(low, 0.0), max(high, 0.0)
    difference = (only_second - only_first) / n if n else float("nan")
    return Paired(only_first, only_second, Figure(difference, low, high, n), p)


def share(hits: int, cases: int, confidence: float = 0.95) -> Figure:
    """A share with its Clopper–Pearson interval; NaN, within 0 and 1, of no cases."""
    from scipy.special import betaincinv

    if cases == 0:
        return Figure(float("nan"), 0.0, 1.0, 0)
    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, cases - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, cases - hits, 1 - tail)) if hits < cases else 1.0
    return Figure(hits / cases, low, high, cases)


def _of_difference(first: Figure, second: Figure) -> tuple[float, float]:
    """Limits of second - first, of two shares of the same n cases that exclude one another."""
    if not first.cases:
        return -1.0, 1.0
    p, q = first.estimate, second.estimate
    odds = p * q
    correlation = -np.sqrt(odds / ((1 - p) * (1 - q))) if odds else 0.0

    def reach(down: float, up: float) -> float:
        return float(np.sqrt(down**2 + up**2 - 2 * correlation * down * up))

    low = q - p - reach(q - second.low, first.high - p)
    high = q - p + reach(second.high - q, p - first.low)
    return max(low, -1.0), min(high, 1.0)


def _f1(both: int, either: int, cases: int, confidence: float) -> Figure:
    """F1 of n cases, of which `either` violate or are called so, and `both` do both.

    F1 = 2J / (1 + J) rises with J = both / either (P. Jaccard 1901). Given how many are either, `both` is
    binomial for cases drawn alike, so the limits of J (Clopper and Pearson) give exact ones of F1.
    """
    jaccard = share(both, either, confidence)
    estimate, low, high = (2 * one / (1 + one) for one in (jaccard.estimate, jaccard.low, jaccard.high))
    return Figure(estimate, low, high, cases)


def _kappa(both: int, missed: int, wrong: int, fine: int, confidence: float) -> Figure:
    """κ = 1 - e / c: e is the share of cases on which the two differ, c what it would be if they decided
    independently at these rates. Where both say the same of all cases, c is 0, and nothing can be told.

    The limits are those of e (Clopper and Pearson) at the c that is seen. That c is uncertain as well is not
    allowed for: e and c rise together where verdicts are wrong, and exact limits have room to spare. It rests
    on enumeration, in `benchmarks/measure/bench_agreement.py`.
    """
    cases = both + missed + wrong + fine
    if not cases:
        return Figure(float("nan"), -1.0, 1.0, 0)
    violates, said = (both + missed) / cases, (both + wrong) / cases
    unlike = violates * (1 - said) + (1 - violates) * said
    if unlike == 0:
        return Figure(float("nan"), -1.0, 1.0, cases)
    differ = share(missed + wrong, cases, confidence)
    estimate, low, high = (1 - one / unlike for one in (differ.estimate, differ.high, differ.low))
    return Figure(estimate, max(low, -1.0), high, cases)
