"""Labels that a design saves: how many more a fixed rate would need for an interval as narrow.

1,000,000 items whose calibrated score separates the classes with a given AUC; audits in proportion to √risk
with the floor that the engine chooses. `python -m benchmarks.measure.bench_designs [repetitions]` prints the
table of docs/measurement/designs.md.
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
    truth: float

    @property
    def at_a_fixed_rate(self) -> float:
        """Labels of a simple random sample whose exact interval is as wide on average, by bisection."""
        few, many = 10.0, float(ITEMS)
        while many / few > 1.0005:
            middle = np.sqrt(few * many)
            few, many = (
                (middle, many) if simple_width(middle, self.prevalence) > self.limits.width else (few, middle)
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
                limits = rates(people, list(audits(rng, people, repetitions)))
                share = float(people.p.min()) * ITEMS / labels
                yield Saving(prevalence, auc, labels, share, limits, people.truth)


def run(repetitions: int = REPETITIONS) -> Iterator[Figure]:
    for one in savings(repetitions):
        name = f"measure: labels at {one.prevalence:.1%}, AUC {one.auc:.2f}, {one.labels:,} by √risk"
        ratio = one.at_a_fixed_rate / one.labels
        yield Figure(name, one.at_a_fixed_rate, "labels at a fixed rate", "√risk, same width", ratio)


def table(repetitions: int) -> Iterator[str]:
    yield (
        "| prevalence | AUC | labels | floor ÷ fixed rate | width | coverage "
        "| as narrow at a fixed rate | saving |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in savings(repetitions):
        fixed = one.at_a_fixed_rate
        yield (
            f"| {one.prevalence:.1%} | {one.auc:.2f} | {one.labels:,} | {one.floor_share:.2f} "
            f"| {one.limits.width:.3%} | {one.limits.coverage(one.truth):.3f} "
            f"| {fixed:,.0f} | {fixed / one.labels:.1f}× |"
        )


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
