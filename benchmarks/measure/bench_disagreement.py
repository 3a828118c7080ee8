"""Coverage of the change between two arms, labels drawn where they disagree: prevalence × labels.

Either arm stops the 2 % of 100,000 items with the highest score of its own; the scores are independent given
the truth, so that the arms disagree on about one item in thirty. `python -m
benchmarks.measure.bench_disagreement [repetitions] [page]` prints the table, and writes it into a page if one
is named (docs/measurement/designs.md). A nominal 95 % interval should hold the truth in at least 94 %.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figure import Figure
from benchmarks.measure.bench_coverage import write
from tidegate.measure import differences, disagreement
from tidegate.measure.cells import Cell, Numbers, Seen, Whole, cell
from tidegate.measure.differences import SIDES, Change, _intervals, _rate_change, true_differences
from tidegate.measure.grouping import Key, _wholes
from tidegate.measure.population import checked

ITEMS, STOPPED, APART = 100_000, 0.02, 2.5
PREVALENCES = (0.02, 0.005, 0.002, 0.0005)
LABELS = (500, 2000)
MEASURES = ("leakage_rate", "overkill_rate")
ELSEWHERE = 0.5
"""Of the labels, as `disagreement` advises where shares and overkill rates are wanted too."""
REPETITIONS = 200
BATCH = 250
"""Audits whose limits are sought together."""

ALPHA = 0.05
HELD = 1e-9
"""The truth is compared with limits to this."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """One measure in one population: the share of audits whose interval held, and the mean width."""

    prevalence: float
    labels: int
    disagreements: int
    measure: str
    truth: float
    coverage: float
    width: float


@dataclass(frozen=True)
class Arms:
    """The items with both outcomes, and which of them violate."""

    frame: pl.DataFrame
    violates: Bools
    p: Floats


def settings(repetitions: int) -> Iterator[Setting]:
    for prevalence in PREVALENCES:
        for labels in LABELS:
            rng = np.random.default_rng([20261127, round(1e4 * prevalence), labels])
            arms = two_arms(rng, prevalence, labels)
            yield from _audited(rng, arms, prevalence, labels, repetitions)


def two_arms(rng: np.random.Generator, prevalence: float, labels: int) -> Arms:
    """A population that two arms of the same quality decide by scores of their own."""
    violates = rng.permutation(np.arange(ITEMS) < round(prevalence * ITEMS))
    outcomes = []
    for _ in SIDES:
        score = rng.normal(size=ITEMS) + APART * violates
        outcomes.append(np.where(score > np.quantile(score, 1 - STOPPED), "actioned", "passed"))
    p = disagreement(*outcomes, None, labels, elsewhere=ELSEWHERE)
    frame = pl.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(ITEMS)],
            **dict(zip(SIDES, outcomes, strict=True)),
            "audit_probability": p,
            "audited": False,
            "views": 1.0,
        }
    )
    return Arms(frame, violates, p)


def _audited(
    rng: np.random.Generator, arms: Arms, prevalence: float, labels: int, repetitions: int
) -> Iterator[Setting]:
    known = arms.frame.select("item_id").with_columns(violates=arms.violates)
    truth = {
        row["measure"]: row["truth"]
        for row in true_differences(arms.frame, known).filter(weight="item").iter_rows(named=True)
    }
    frame = checked(arms.frame, (), SIDES)
    groups = (Groups.of(frame, SIDES), Groups.of(frame, SIDES[:1]))
    limits: list[Floats] = []
    while (done := sum(map(len, limits))) < repetitions:
        drawn = [np.flatnonzero(rng.random(ITEMS) < arms.p) for _ in range(min(BATCH, repetitions - done))]
        limits.append(_limits(groups, arms, drawn))
        if len(limits) == 1:
            _hold_against_differences(arms, drawn[0], limits[0][0])
    low, high = np.concatenate(limits).transpose(2, 0, 1)
    sides = [arms.frame[name] for name in SIDES]
    for k, measure in enumerate(MEASURES):
        held = (low[:, k] <= truth[measure] + HELD) & (truth[measure] - HELD <= high[:, k])
        width = float((high[:, k] - low[:, k]).mean())
        changed = int((sides[0] != sides[1]).sum())
        yield Setting(prevalence, labels, changed, measure, truth[measure], float(held.mean()), width)


@dataclass(frozen=True)
class Groups:
    """The items by the values of some sides: names, the group of each item, and what is known of all."""

    names: list[Key]
    number: Numbers
    wholes: list[Whole]

    @classmethod
    def of(cls, frame: pl.DataFrame, sides: Sequence[str]) -> Groups:
        values = frame.select(pl.col(sides).cast(pl.String)).rows()
        names = sorted(set(values))
        place = {name: k for k, name in enumerate(names)}
        number = np.array([place[value] for value in values])
        return cls(names, number, list(_wholes(frame, number, len(names), "item")))

    def cells(self, drawn: Numbers, violates: Bools, p: Floats) -> dict[Key, Cell]:
        """As `grouping.sampled` makes them, of a sample of which every item has an answer."""
        group = self.number[drawn]
        found = {}
        for k, (name, whole) in enumerate(zip(self.names, self.wholes, strict=True)):
            here = drawn[group == k]
            seen = Seen(violates[here], np.ones(len(here)), p[here])
            found[name] = cell(replace(whole, audited=len(here)), seen, ALPHA)
        return found


def _limits(groups: tuple[Groups, Groups], arms: Arms, drawn: list[Numbers]) -> Floats:
    """(audits, measures, 2): the limits of `differences`, sought for all audits at once."""
    changes: list[Change] = []
    for sample in drawn:
        both, before = (group.cells(sample, arms.violates, arms.p) for group in groups)
        changes += [
            _rate_change(measure, "item", both, before, measure.partition("_")[0]) for measure in MEASURES
        ]
    rows = [(one["low"], one["high"]) for one in _intervals(changes, ALPHA)]
    return np.array(rows, dtype=np.float64).reshape(len(drawn), len(MEASURES), 2)


def _hold_against_differences(arms: Arms, drawn: Numbers, limits: Floats) -> None:
    """What the shortcut gives is what users get."""
    audited = np.isin(np.arange(ITEMS), drawn)
    population = arms.frame.with_columns(audited=pl.Series(audited))
    labels = arms.frame[drawn].select("item_id").with_columns(violates=arms.violates[drawn])
    found = differences(population, labels).filter(weight="item")
    for k, measure in enumerate(MEASURES):
        row = found.row(by_predicate=pl.col("measure") == measure, named=True)
        assert np.allclose(limits[k], (row["low"], row["high"]), atol=1e-9)


def run() -> Iterator[Figure]:
    found = list(settings(REPETITIONS))
    for measure in MEASURES:
        worst = min(one.coverage for one in found if one.measure == measure)
        yield Figure(f"measure: change of {measure}, disagreement, worst coverage", worst, "of audits")


def table(repetitions: int) -> Iterator[str]:
    yield "| prevalence | labels | disagreements | change of | true change | coverage | mean width |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in settings(repetitions):
        measure = one.measure.replace("_", " ")
        yield (
            f"| {one.prevalence:.2%} | {one.labels:,} | {one.disagreements:,} | {measure} "
            f"| {100 * one.truth:+.3f} pp | {one.coverage:.3f} | {100 * one.width:.3f} pp |"
        )


if __name__ == "__main__":
    rows = []
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
        rows.append(line)
    if len(sys.argv) > 2:
        write(Path(sys.argv[2]), rows)
