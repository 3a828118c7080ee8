"""Labels for the difference of two arms: where the arms disagree, by risk, or at a fixed rate.

20,000 items, 2 % of which violate; the arms differ in the threshold of one calibrated score, so that they
disagree on about one item in 200. `python -m benchmarks.measure.bench_differences [repetitions]` prints the
table of docs/measurement/designs.md. Does the interval hold however rare the harm? That is in
`bench_disagreement`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figure import Figure
from tidegate.measure import differences, disagreement, fixed_rate, risk_proportional

ITEMS, PREVALENCE, APART = 20_000, 0.02, 2.5
LABELS = 800
REPETITIONS = 60
MEASURES = ("leakage_rate", "overkill_rate", "leakage_share")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One design and one measure: share of audits whose interval held, and the mean width."""

    design: str
    measure: str
    coverage: float
    width: float


def results(repetitions: int) -> Iterator[Result]:
    rng = np.random.default_rng(0)
    violates = rng.random(ITEMS) < PREVALENCE
    x = rng.normal(size=ITEMS) + APART * violates
    score = 1 / (1 + np.exp(-(np.log(PREVALENCE / (1 - PREVALENCE)) + APART * x - APART**2 / 2)))
    before, after = (np.where(score > cut, "actioned", "passed") for cut in (0.5, 0.35))
    designs = {
        "fixed rate": fixed_rate(ITEMS, LABELS / ITEMS),
        "proportional to √risk": risk_proportional(score, None, LABELS),
        "disagreement": disagreement(before, after, None, LABELS, scores=np.sqrt(score)),
    }
    truth = [_rates(violates, after)[i] - _rates(violates, before)[i] for i in range(len(MEASURES))]
    frame = pl.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(ITEMS)],
            "outcome_before": before,
            "outcome_after": after,
            "violates": violates,
        }
    )
    for name, p in designs.items():
        intervals = np.array([_audit(frame, p, rng.random(ITEMS) < p) for _ in range(repetitions)])
        for i, measure in enumerate(MEASURES):
            low, high = intervals[:, i].T
            holds = (low <= truth[i] + 1e-9) & (truth[i] - 1e-9 <= high)
            yield Result(name, measure, float(holds.mean()), float((high - low).mean()))


def _rates(violates: npt.NDArray[np.bool_], outcome: npt.NDArray[np.str_]) -> tuple[float, float, float]:
    passed = outcome == "passed"
    return (
        float(violates[passed].mean()),
        float((~violates[~passed]).mean()),
        float(violates[passed].sum() / violates.sum()),
    )


def _audit(frame: pl.DataFrame, p: Floats, drawn: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    population = frame.with_columns(
        audit_probability=pl.Series(p), audited=pl.Series(drawn), views=pl.lit(1.0)
    )
    labels = frame.filter(pl.Series(drawn)).select("item_id", "violates")
    found = differences(population, labels).filter(weight="item")
    rows = {row["measure"]: (row["low"], row["high"]) for row in found.iter_rows(named=True)}
    return [rows[measure] for measure in MEASURES]


def run() -> Iterator[Figure]:
    found = list(results(REPETITIONS))
    at_fixed_rate = {one.measure: one.width for one in found if one.design == "fixed rate"}
    for one in found:
        name = f"measure: change of {one.measure}, {one.design}, mean width"
        yield Figure(name, one.width, "of 1", "fixed rate", one.width / at_fixed_rate[one.measure])


def table(repetitions: int) -> Iterator[str]:
    yield "| design | change of | coverage | mean width |"
    yield "| --- | --- | --- | --- |"
    for one in results(repetitions):
        measure = one.measure.replace("_", " ")
        yield f"| {one.design} | {measure} | {one.coverage:.3f} | {100 * one.width:.3f} pp |"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS):
        print(line, flush=True)
