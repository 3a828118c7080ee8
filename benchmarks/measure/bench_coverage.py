"""Coverage and width of the intervals: prevalence × labels × design × weight, against the usual ones.

Every setting is one population of 100,000 items, audited many times. A nominal 95 % interval should hold the
truth in at least 94 % of audits. `python -m benchmarks.measure.bench_coverage [repetitions] [page]` prints
the table, and writes it into a page if one is named; `make coverage` does, for docs/measurement/coverage.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.simulate import (
    ALPHA,
    Limits,
    Numbers,
    World,
    Z,
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
CHECKED = 5
"""Audits on which our sums are held against `ppi_py` and `glide` themselves."""
UNKNOWN = 0.1
"""Share of the violations that are of a kind which the score does not know, in the second table."""

START, END = "<!-- coverage: start -->", "<!-- coverage: end -->"
UNKNOWN_MARKS = "<!-- unknown kinds: start -->", "<!-- unknown kinds: end -->"
COVERS = 0.94
OURS = ("tidegate", "labels alone")


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
    Design("√risk, AUC 0.90", 0.90, "risk", "item"),
    Design("√risk, AUC 0.96", 0.96, "risk", "item"),
    Design("√risk, AUC 0.99", 0.99, "risk", "item"),
    Design("stream, AUC 0.90", 0.90, "stream", "item"),
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
            if name not in OURS and self.coverage(name) >= COVERS
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
        limits = {"labels alone": rates(people.without_score(), batch), "CLT": normal(people, batch)}
        # With a score ours is given it as a prediction, as the two libraries are.
        limits["tidegate"] = limits["labels alone"] if people.score is None else rates(people, batch)
        if design.auc is None and design.weight == "item":
            found, drawn = counts(people, batch)
            limits["Clopper–Pearson"] = clopper_pearson(found, drawn)
            limits["Wilson"] = wilson(found, drawn)
        if people.score is not None:
            limits["glide"] = active_inference(people, batch)
            limits["ppi_py"] = prediction_powered(people, batch)
        batches.append(limits)
    return {name: _joined([one[name] for one in batches]) for name in batches[0]}


def _is_installed(name: str) -> bool:
    return find_spec(name) is not None


def _joined(parts: Sequence[Limits]) -> Limits:
    return Limits(np.concatenate([one.low for one in parts]), np.concatenate([one.high for one in parts]))


def prediction_powered(people: World, samples: Sequence[Numbers]) -> Limits:
    """What `ppi_py` gives, PPI++ weighted by 1/probability (A. N. Angelopoulos, J. C. Duchi and T. Zrnic,
    2023), from sums.

    `ppi_py` goes over all items for each audit. The first audits with a violation are held against it, where
    it is installed.
    """
    assert people.score is not None
    big, mean_f, var_f = len(people.y), people.score.mean(), people.score.var()
    found = []
    for drawn in samples:
        y, f, n = people.y[drawn].astype(float), people.score[drawn], len(drawn)
        w = 1 / people.p[drawn]
        w = w / w.mean()
        first = mean_f + (w * (y - f)).mean()
        of_label, of_score = w * (y - first), w * (f - first)
        covariance = (of_label * of_score).mean() - of_label.mean() * of_score.mean()
        total = of_score.sum() + big * (mean_f - first)
        squares = (of_score**2).sum() + big * (var_f + (mean_f - first) ** 2)
        variance = (squares - total**2 / (n + big)) / (n + big - 1)
        slope = np.clip(covariance / ((1 + n / big) * variance), 0.0, 1.0)
        rectifier = w * (y - slope * f)
        half = Z * np.sqrt(slope**2 * var_f / big + rectifier.var() / n)
        middle = slope * mean_f + rectifier.mean()
        found.append((middle - half, middle + half))
    if _is_installed("ppi_py"):
        _hold_against(_ppi, people, samples, found)
    return Limits(*np.array(found).T)


def _ppi(people: World, drawn: Numbers) -> tuple[float, float]:
    from ppi_py import ppi_mean_ci

    assert people.score is not None
    low, high = ppi_mean_ci(
        people.y[drawn].astype(float), people.score[drawn], people.score, alpha=ALPHA, w=1.0 / people.p[drawn]
    )
    return float(np.squeeze(low)), float(np.squeeze(high))


def _glide(people: World, drawn: Numbers) -> tuple[float, float]:
    from glide.estimators import ASIMeanEstimator

    labels = np.full(len(people.y), np.nan)
    labels[drawn] = people.y[drawn]
    found = ASIMeanEstimator().estimate(labels, people.score, people.p, confidence_level=1 - ALPHA)
    interval = found.confidence_interval
    return float(interval.lower_bound), float(interval.upper_bound)


def active_inference(people: World, samples: Sequence[Numbers]) -> Limits:
    """What `glide` gives, active statistical inference (T. Zrnic and E. J. Candès, 2024), from sums.

    `glide` goes over all items for each audit. The first audits with a violation are held against it, where
    it is installed.
    """
    assert people.score is not None
    n, sum_f, sum_ff = len(people.y), people.score.sum(), (people.score**2).sum()
    found = []
    for drawn in samples:
        y, f, p = people.y[drawn], people.score[drawn], people.p[drawn]
        rectifier, label = f * (1 / p - 1), y / p
        mean = np.array([(f / p).sum() - sum_f, label.sum()]) / n
        # An item that was not drawn has the rectifier −f.
        squares = [(rectifier**2 - f * f).sum() + sum_ff, (label**2).sum(), (rectifier * label).sum()]
        of_rectifier, of_label, of_both = (
            (total - n * product) / (n - 1)
            for total, product in zip(squares, [mean[0] ** 2, mean[1] ** 2, mean[0] * mean[1]], strict=True)
        )
        slope = of_both / of_rectifier
        half = Z * np.sqrt(max(of_label - slope * of_both, 0.0) / n)
        found.append((mean[1] - slope * mean[0] - half, mean[1] - slope * mean[0] + half))
    if _is_installed("glide"):
        _hold_against(_glide, people, samples, found)
    return Limits(*np.array(found).T)


def _hold_against(
    library: Callable[[World, Numbers], tuple[float, float]],
    people: World,
    samples: Sequence[Numbers],
    found: Sequence[tuple[float, float]],
) -> None:
    some = [i for i, drawn in enumerate(samples[:CHECKED]) if people.y[drawn].any()]
    for i in some:
        assert np.allclose(found[i], library(people, samples[i]), rtol=1e-6, atol=1e-9)


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
        "| design | weight | prevalence | labels | coverage | width | width ÷ simple | labels alone | "
        + " | ".join(others)
        + " | narrowest other that covers: ours ÷ its width |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |" + " --- |" * (len(others) + 1)
    for one in settings(repetitions):
        ours, narrowest = one.limits["tidegate"], one.narrowest()
        beside = [f"{one.coverage(name):.3f}" if name in one.limits else "" for name in others]
        yield (
            f"| {one.design.name} | {one.design.weight} | {one.prevalence:.2%} | {one.labels} "
            f"| {one.coverage('tidegate'):.3f} | {ours.width:.2%} | {ours.width / one.simple:.2f} "
            f"| {one.coverage('labels alone'):.3f}; {one.limits['labels alone'].width / one.simple:.2f} | "
            + " | ".join(beside)
            + f" | {f'{narrowest[0]}: {narrowest[1]:.2f}' if narrowest else 'none covers'} |"
        )


def unknown_kinds(repetitions: int) -> Iterator[str]:
    """The same where a tenth of the violations have the scores of fine items: a kind that is new, say."""
    others = ("CLT", "ppi_py", "glide")
    yield f"| design | prevalence | labels | coverage | width | {' | '.join(others)} |"
    yield "| --- | --- | --- | --- | --- |" + " --- |" * len(others)
    rng = np.random.default_rng(20261130)
    for design in (one for one in DESIGNS if one.kind == "risk"):
        for prevalence in PREVALENCES[:2]:
            for labels in LABELS:
                people = world(
                    rng, ITEMS, prevalence, labels, design.auc, views=False, kind="risk", unknown=UNKNOWN
                )
                limits = _limits(people, audits(rng, people, repetitions), design)
                ours = limits["tidegate"]
                beside = [f"{limits[name].coverage(people.truth):.3f}" for name in others]
                yield (
                    f"| {design.name} | {prevalence:.2%} | {labels} | {ours.coverage(people.truth):.3f} "
                    f"| {ours.width:.2%} | {' | '.join(beside)} |"
                )


def write(page: Path, lines: Sequence[str], start: str = START, end: str = END) -> None:
    """Put the table between the two marks of the page."""
    before, _, rest = page.read_text().partition(start)
    _, _, after = rest.partition(end)
    page.write_text("\n".join([before + start, *lines, end + after]))


def printed(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        print(line, flush=True)
        yield line


if __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS
    usual, new_kinds = list(printed(table(given))), list(printed(unknown_kinds(given)))
    if len(sys.argv) > 2:
        write(Path(sys.argv[2]), usual)
        write(Path(sys.argv[2]), new_kinds, *UNKNOWN_MARKS)
