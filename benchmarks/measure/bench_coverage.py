"""Coverage and width of the intervals: prevalence × labels × design × weight, against the usual ones.

Every setting is one population of 100,000 items, audited many times. A nominal 95 % interval should hold the
truth in at least 94 % of audits. `python -m benchmarks.measure.bench_coverage [repetitions] [page]` prints
the table, and writes it into a page if one is named; `make coverage` does, for docs/measurement/coverage.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.simulate import (
    ALPHA,
    Limits,
    Numbers,
    World,
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
REPETITIONS = 1000
BATCH = 1250
"""Audits that are held in memory at a time."""
FEW = 200
"""Audits that the slow `ppi_py` and `glide` see: they go over all items each time."""

START, END = "<!-- coverage: start -->", "<!-- coverage: end -->"
COVERS = 0.94


@dataclass(frozen=True)
class Design:
    """`auc` and `kind` as for `simulate.world`."""

    name: str
    auc: float | None
    kind: str
    weight: str


DESIGNS = (
    Design("fixed rate", None, "", "item"),
    Design("score, AUC 0.80", 0.80, "score", "item"),
    Design("strata, AUC 0.90", 0.90, "strata", "item"),
    Design("√risk, AUC 0.80", 0.80, "risk", "item"),
    Design("√risk, AUC 0.90", 0.90, "risk", "item"),
    Design("√risk, AUC 0.96", 0.96, "risk", "item"),
    Design("√risk, AUC 0.99", 0.99, "risk", "item"),
    Design("by views", 0.0, "", "view"),
    Design("fixed rate", None, "", "view"),
)


@dataclass(frozen=True)
class Setting:
    """Ours beside others, on the same audits; Clopper–Pearson and Wilson only where they apply."""

    design: Design
    prevalence: float
    labels: int
    truth: float
    limits: dict[str, Limits]
    simple: float
    """Mean width of Clopper–Pearson, had as many labels been drawn at a fixed rate and counted by item."""

    def coverage(self, method: str) -> float:
        return self.limits[method].coverage(self.truth)

    def narrowest(self) -> tuple[str, float] | None:
        """Which of the others that cover is narrowest, and our width against its."""
        covering = {
            name: limits.width
            for name, limits in self.limits.items()
            if name != "tidegate" and self.coverage(name) >= COVERS
        }
        if not covering:
            return None
        name = min(covering, key=covering.__getitem__)
        return name, self.limits["tidegate"].width / covering[name]


def settings(repetitions: int) -> Iterator[Setting]:
    rng = np.random.default_rng(20261123)
    for design in DESIGNS:
        for prevalence in PREVALENCES:
            for labels in LABELS:
                people = world(
                    rng,
                    ITEMS,
                    prevalence,
                    labels,
                    design.auc,
                    views=design.weight == "view",
                    kind=design.kind,
                )
                limits = _limits(people, audits(rng, people, repetitions), design)
                alike = rng.binomial(labels, prevalence, repetitions).astype(float)
                simple = clopper_pearson(alike, np.full(repetitions, float(labels))).width
                yield Setting(design, prevalence, labels, people.truth, limits, simple)


def _limits(people: World, samples: Iterator[Numbers], design: Design) -> dict[str, Limits]:
    batches: list[dict[str, Limits]] = []
    while batch := list(islice(samples, BATCH)):
        limits = {"tidegate": rates(people, batch), "CLT": normal(people, batch)}
        if design.auc is None and design.weight == "item":
            found, drawn = counts(people, batch)
            limits["Clopper–Pearson"] = clopper_pearson(found, drawn)
            limits["Wilson"] = wilson(found, drawn)
        if design.weight == "item" and not batches:
            limits |= _installed(people, batch[:FEW])
        batches.append(limits)
    return {name: _joined([one[name] for one in batches if name in one]) for name in batches[0]}


def _joined(parts: Sequence[Limits]) -> Limits:
    return Limits(np.concatenate([one.low for one in parts]), np.concatenate([one.high for one in parts]))


def _installed(people: World, samples: Sequence[Numbers]) -> dict[str, Limits]:
    """The intervals of those of the two libraries that are installed, with the score as prediction."""
    found = {}
    for name, interval in (("ppi_py", _ppi), ("glide", _glide)):
        try:
            found[name] = Limits(*np.array([interval(people, drawn) for drawn in samples]).T)
        except ImportError:
            continue
    return found


def _ppi(people: World, drawn: Numbers) -> tuple[float, float]:
    """PPI++ (A. N. Angelopoulos, J. C. Duchi and T. Zrnic, 2023), weighted where probabilities differ."""
    from ppi_py import ppi_mean_ci

    assert people.score is not None
    weight = 1.0 / people.p[drawn]
    low, high = ppi_mean_ci(
        people.y[drawn].astype(float),
        people.score[drawn],
        people.score,
        alpha=ALPHA,
        w=weight / weight.mean() if np.ptp(weight) else None,
    )
    return float(np.squeeze(low)), float(np.squeeze(high))


def _glide(people: World, drawn: Numbers) -> tuple[float, float]:
    """Active statistical inference (T. Zrnic and E. J. Candès, 2024)."""
    from glide.estimators import ASIMeanEstimator

    labels = np.full(len(people.y), np.nan)
    labels[drawn] = people.y[drawn]
    if not people.y[drawn].any():
        # It refuses labels that are all alike; the textbook interval is then the point 0.
        return 0.0, 0.0
    found = ASIMeanEstimator().estimate(labels, people.score, people.p, confidence_level=1 - ALPHA)
    interval = found.confidence_interval
    return float(interval.lower_bound), float(interval.upper_bound)


def run(repetitions: int = REPETITIONS) -> Iterator[Figure]:
    found = list(settings(repetitions))
    for design in DESIGNS:
        these = [one for one in found if one.design == design]
        name = f"measure: {design.name}, per {design.weight}"
        worst, usual = (min(one.coverage(method) for one in these) for method in ("tidegate", "CLT"))
        yield Figure(f"{name}, worst coverage", worst, "of audits", "normal interval", worst / usual)
        ratio = np.median([one.limits["tidegate"].width / one.simple for one in these])
        width = np.mean([one.limits["tidegate"].width for one in these])
        against = "Clopper–Pearson at a fixed rate, by item"
        yield Figure(f"{name}, mean width", float(width), "of 1", against, float(ratio))


def table(repetitions: int) -> Iterator[str]:
    others = ("CLT", "Wilson", "ppi_py", "glide")
    yield (
        "| design | weight | prevalence | labels | coverage | width | width ÷ simple | "
        + " | ".join(others)
        + " | narrowest other that covers: ours ÷ its width |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |" + " --- |" * (len(others) + 1)
    for one in settings(repetitions):
        ours, narrowest = one.limits["tidegate"], one.narrowest()
        beside = [f"{one.coverage(name):.3f}" if name in one.limits else "" for name in others]
        yield (
            f"| {one.design.name} | {one.design.weight} | {one.prevalence:.2%} | {one.labels} "
            f"| {one.coverage('tidegate'):.3f} | {ours.width:.2%} | {ours.width / one.simple:.2f} | "
            + " | ".join(beside)
            + f" | {f'{narrowest[0]}: {narrowest[1]:.2f}' if narrowest else 'none covers'} |"
        )


def write(page: Path, lines: Sequence[str]) -> None:
    """Put the table between the two marks of the page."""
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text("\n".join([before + START, *lines, END + after]))


if __name__ == "__main__":
    rows = []
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
        rows.append(line)
    if len(sys.argv) > 2:
        write(Path(sys.argv[2]), rows)
