"""Labels that a design saves: how many more a fixed rate would need for an interval as narrow.

1,000,000 items whose calibrated score separates the classes with a given AUC; audits in proportion to √risk
with the floor that the engine chooses, without and with the score as a prediction. `python -m
benchmarks.measure.bench_designs [repetitions]` prints the table of docs/measurement/designs.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv
from scipy.stats import poisson

from benchmarks.figure import Figure
from benchmarks.measure.simulate import ALPHA, Limits, audits, rates, world

ITEMS = 1_000_000
PREVALENCES = (0.002, 0.005)
AUCS = (0.90, 0.96, 0.99)
LABELS = (2_000, 8_000, 20_000, 50_000)
REPETITIONS = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Saving:
    prevalence: float
    auc: float
    labels: int
    floor_share: float
    limits: Limits
    assisted: Limits
    truth: float

    def at_a_fixed_rate(self, limits: Limits) -> float:
        """Labels of a simple random sample whose exact interval is as wide on average, by bisection."""
        few, many = 10.0, float(ITEMS)
        while many / few > 1.0005:
            middle = np.sqrt(few * many)
            few, many = (
                (middle, many) if simple_width(middle, self.prevalence) > limits.width else (few, middle)
            )
        return many


def simple_width(labels: float, prevalence: float) -> float:
    """Mean width of Clopper and Pearson's interval, times √(1 − labels / items) for a finite population."""
    mean = labels * prevalence
    found = np.arange(int(max(0, mean - 8 * np.sqrt(mean) - 5)), int(mean + 8 * np.sqrt(mean) + 20))
    low = np.where(found == 0, 0.0, betaincinv(np.maximum(found, 0.5), labels - found + 1, ALPHA / 2))
    high = betaincinv(found + 1, labels - found, 1 - ALPHA / 2)
    width = float(poisson.pmf(found, mean) @ (high - low))
    return width * float(np.sqrt(1 - labels / ITEMS))


def savings(repetitions: int) -> Iterator[Saving]:
    rng = np.random.default_rng(20261123)
    for prevalence in PREVALENCES:
        for auc in AUCS:
            for labels in LABELS:
                people = world(rng, ITEMS, prevalence, labels, auc, views=False, kind="risk")
                samples = list(audits(rng, people, repetitions))
                alone, assisted = rates(people.without_score(), samples), rates(people, samples)
                share = float(people.p.min()) * ITEMS / labels
                yield Saving(prevalence, auc, labels, share, alone, assisted, people.truth)


def run(repetitions: int = REPETITIONS) -> Iterator[Figure]:
    for one in savings(repetitions):
        name = f"measure: labels at {one.prevalence:.1%}, AUC {one.auc:.2f}, {one.labels:,} by √risk"
        fixed = one.at_a_fixed_rate(one.limits)
        yield Figure(name, fixed, "labels at a fixed rate", "√risk, same width", fixed / one.labels)


def table(repetitions: int) -> Iterator[str]:
    yield (
        "| prevalence | AUC | labels | floor ÷ fixed rate | width | coverage "
        "| as narrow at a fixed rate | saving | with the prediction: coverage | saving |"
    )
    yield "|" + " --- |" * 10
    for one in savings(repetitions):
        fixed, beside = (one.at_a_fixed_rate(limits) for limits in (one.limits, one.assisted))
        yield (
            f"| {one.prevalence:.1%} | {one.auc:.2f} | {one.labels:,} | {one.floor_share:.2f} "
            f"| {one.limits.width:.3%} | {one.limits.coverage(one.truth):.3f} "
            f"| {fixed:,.0f} | {fixed / one.labels:.1f}× "
            f"| {one.assisted.coverage(one.truth):.3f} | {beside / one.labels:.1f}× |"
        )


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
