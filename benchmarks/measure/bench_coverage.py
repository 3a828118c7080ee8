"""Coverage and width of the intervals: prevalence × labels × design × weight, against the usual ones.

Every setting is one population of 100,000 items, audited many times. A nominal 95 % interval should hold the
truth in at least 94 % of audits. `python -m benchmarks.measure.bench_coverage [repetitions]` prints the table
of docs/measures.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.simulate import (
    Limits,
    audits,
    clopper_pearson,
    counts,
    normal,
    rates,
    wilson,
    world,
)

ITEMS = 100_000
PREVALENCES = (0.02, 0.005, 0.002, 0.0005)
LABELS = (500, 2000)
DESIGNS = {"fixed rate": None, "AUC 0.80": 0.80, "AUC 0.90": 0.90, "AUC 0.96": 0.96, "by views": 0.0}
WEIGHTS = dict.fromkeys(DESIGNS, ("item", "view")) | {"by views": ("view",)}
REPETITIONS = 1000


@dataclass(frozen=True)
class Setting:
    """Ours beside others, on the same audits; Clopper–Pearson and Wilson only where they apply."""

    design: str
    weight: str
    prevalence: float
    labels: int
    truth: float
    limits: dict[str, Limits]
    simple: float
    """Mean width of Clopper–Pearson, had as many labels been drawn at a fixed rate and counted by item."""

    def coverage(self, method: str) -> float:
        return self.limits[method].coverage(self.truth)


def settings(repetitions: int) -> Iterator[Setting]:
    rng = np.random.default_rng(20261123)
    for name, design in DESIGNS.items():
        for weight in WEIGHTS[name]:
            for prevalence in PREVALENCES:
                for labels in LABELS:
                    people = world(rng, ITEMS, prevalence, labels, design, views=weight == "view")
                    samples = list(audits(rng, people, repetitions))
                    limits = {"tidegate": rates(people, samples), "normal": normal(people, samples)}
                    if design is None and weight == "item":
                        found, drawn = counts(people, samples)
                        limits["Clopper–Pearson"] = clopper_pearson(found, drawn)
                        limits["Wilson"] = wilson(found, drawn)
                    alike = rng.binomial(labels, prevalence, repetitions).astype(float)
                    simple = clopper_pearson(alike, np.full(repetitions, float(labels))).width
                    yield Setting(name, weight, prevalence, labels, people.truth, limits, simple)


def run(repetitions: int = REPETITIONS) -> Iterator[Figure]:
    found = list(settings(repetitions))
    for design in DESIGNS:
        for weight in WEIGHTS[design]:
            these = [one for one in found if one.design == design and one.weight == weight]
            name = f"measure: {design}, per {weight}"
            worst, usual = (min(one.coverage(method) for one in these) for method in ("tidegate", "normal"))
            yield Figure(f"{name}, worst coverage", worst, "of audits", "normal interval", worst / usual)
            if "Clopper–Pearson" in these[0].limits:
                for other in ("Clopper–Pearson", "Wilson"):
                    ratio = np.mean([one.limits["tidegate"].width / one.limits[other].width for one in these])
                    width = np.mean([one.limits["tidegate"].width for one in these])
                    yield Figure(f"{name}, mean width", float(width), "of 1", other, float(ratio))
            else:
                ratio = np.median([one.limits["tidegate"].width / one.simple for one in these])
                width = np.mean([one.limits["tidegate"].width for one in these])
                against = "Clopper–Pearson at a fixed rate, by item"
                yield Figure(f"{name}, mean width", float(width), "of 1", against, float(ratio))


def table(repetitions: int) -> Iterator[str]:
    yield "| design | weight | prevalence | labels | coverage | width | normal: coverage | width ÷ simple |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in settings(repetitions):
        ours = one.limits["tidegate"]
        yield (
            f"| {one.design} | {one.weight} | {one.prevalence:.2%} | {one.labels} "
            f"| {one.coverage('tidegate'):.3f} | {ours.width:.2%} | {one.coverage('normal'):.3f} "
            f"| {ours.width / one.simple:.2f} |"
        )


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
