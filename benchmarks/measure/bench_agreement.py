"""Do the intervals of `tidegate policy eval` hold: F1, κ, and the difference of two judges on the same cases?

`python -m benchmarks.measure.bench_agreement` prints, beside a percentile bootstrap over cases (what is usual
for these figures), the worst coverage of a 95 % interval over the settings and its mean width. Nothing is
drawn: every table of so many cases is weighed with its probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlogy

from benchmarks.figure import Figure
from tidegate.measure.agreement import agreement, paired

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CASES = (20, 40)
PAIRED_CASES = (20, 40, 100)
PREVALENCES = (0.1, 0.3, 0.5)
SKILLS = ((1.0, 1.0), (0.98, 0.99), (0.9, 0.95), (0.8, 0.8), (0.5, 0.95), (0.3, 0.3))
ALONE = (0.0, 0.005, 0.02, 0.05, 0.1, 0.3)
"""Of a pair of judges, the share of cases that one alone gets right."""
RESAMPLES = 1_000


@dataclass(frozen=True)
class Limits:
    """Per table, ours and those of the bootstrap."""

    ours: Floats
    resampled: Floats


@dataclass(frozen=True)
class Held:
    """Over settings of so many cases: worst coverage and mean width, ours and the bootstrap's."""

    name: str
    cases: int
    settings: int
    worst: float
    width: float
    worst_resampled: float
    width_resampled: float


def tables(cases: int, cells: int) -> Ints:
    """Every way in which so many cases fall into so many cells."""
    if cells == 1:
        return np.array([[cases]])
    return np.concatenate(
        [np.insert(tables(cases - first, cells - 1), 0, first, axis=1) for first in range(cases + 1)]
    )


def weights(counts: Ints, chances: Floats) -> Floats:
    """The multinomial probability of every table."""
    n = counts.sum(axis=1)
    return np.asarray(
        np.exp(gammaln(n + 1) - gammaln(counts + 1).sum(axis=1) + xlogy(counts, chances).sum(axis=1))
    )


def f1(counts: Ints | Floats) -> Floats:
    """Of tables of found, missed, wrong and fine."""
    found, missed, wrong, _ = counts.T
    return np.asarray(2 * found / (2 * found + missed + wrong))


def kappa(counts: Ints | Floats) -> Floats:
    found, missed, wrong, fine = counts.T / counts.sum(axis=1)
    unlike = (found + missed) * (missed + fine) + (wrong + fine) * (found + wrong)
    return np.asarray(1 - (missed + wrong) / unlike)


def difference(counts: Ints | Floats) -> Floats:
    """Of tables of first alone, second alone, and the others."""
    return np.asarray((counts[:, 1] - counts[:, 0]) / counts.sum(axis=1))


FIGURES = {"F1": f1, "κ": kappa, "difference": difference}


def resampled(name: str, counts: Ints) -> Floats:
    """Percentile limits; NaN where no resample has the figure."""
    rng, n = np.random.default_rng(0), counts.sum(axis=1)[0]
    found = np.full((2, len(counts)), np.nan)
    for at, row in enumerate(counts):
        told = FIGURES[name](rng.multinomial(n, row / n, RESAMPLES))
        if not np.isnan(told).all():
            found[:, at] = np.nanquantile(told, [0.025, 0.975])
    return found


@cache
def of_tables(cases: int) -> tuple[Ints, dict[str, Limits]]:
    counts = tables(cases, 4)
    ours = np.empty((2, 2, len(counts)))
    answered = np.ones(cases, dtype=bool)
    for at, row in enumerate(counts):
        truth, said = np.repeat([True, True, False, False], row), np.repeat([True, False, True, False], row)
        told = agreement(truth, said, answered)
        ours[:, :, at] = [[one.low, one.high] for one in (told.f1, told.kappa)]
    return counts, {name: Limits(ours[at], resampled(name, counts)) for at, name in enumerate(("F1", "κ"))}


@cache
def of_pairs(cases: int) -> tuple[Ints, dict[str, Limits]]:
    counts = tables(cases, 3)
    ours = np.empty((2, len(counts)))
    for at, row in enumerate(counts):
        first, second = np.repeat([True, False, True], row), np.repeat([False, True, True], row)
        told = paired(first, second).difference
        ours[:, at] = told.low, told.high
    return counts, {"difference": Limits(ours, resampled("difference", counts))}


def held(name: str, cases: int, counts: Ints, limits: Limits, settings: Sequence[Floats]) -> Held:
    truths = [float(FIGURES[name](chances[None, :])[0]) for chances in settings]
    worst, width = [], []
    for low, high in (limits.ours, limits.resampled):
        covered, wide = [], []
        for chances, truth in zip(settings, truths, strict=True):
            chance = weights(counts, chances)
            # Where nothing can be told there is nothing to be wrong about; both are left off alike.
            told = np.where(np.isnan(FIGURES[name](counts)), 0.0, chance)
            told /= told.sum()
            covered.append(float(told @ ((low <= truth + 1e-9) & (truth - 1e-9 <= high))))
            wide.append(float(told @ np.nan_to_num(high - low)))
        worst.append(min(covered))
        width.append(float(np.mean(wide)))
    return Held(name, cases, len(settings), worst[0], width[0], worst[1], width[1])


def every() -> Iterator[Held]:
    judges = [
        np.array([p * hit, p * (1 - hit), (1 - p) * (1 - spare), (1 - p) * spare])
        for p, (hit, spare) in product(PREVALENCES, SKILLS)
    ]
    pairs = [np.array([one, other, 1 - one - other]) for one, other in product(ALONE, ALONE) if one <= other]
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, cases in product(("F1", "κ"), CASES):
            counts, limits = of_tables(cases)
            yield held(name, cases, counts, limits[name], judges)
        for cases in PAIRED_CASES:
            counts, limits = of_pairs(cases)
            yield held("difference", cases, counts, limits["difference"], pairs)


def run() -> Iterator[Figure]:
    for one in every():
        yield Figure(f"agreement: worst coverage, {one.name}, {one.cases} cases", one.worst, "of audits")


def main() -> None:
    print("| figure | cases | settings | worst coverage | mean width | bootstrap: worst | its width |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for one in every():
        print(
            f"| {one.name} | {one.cases} | {one.settings} | {one.worst:.3f} | {one.width:.3f} "
            f"| {one.worst_resampled:.3f} | {one.width_resampled:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
