"""Speed: an interval for each of 200 slices of a million items, and those of all eight measures, on one core.

`python -m benchmarks.measure.bench_slices` prints processor seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product

import numpy as np
import polars as pl

from benchmarks.figure import Figure
from tidegate.measure import estimate
from tidegate.measure.designs import risk_proportional
from tidegate.measure.figures import MEASURES
from tidegate.measure.population import WEIGHTS

ITEMS, SLICES = 1_000_000, 200
RUNS = 3


def frames(labels: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A population of a million scored items, and the labels of an audit in proportion to √risk."""
    rng = np.random.default_rng(0)
    violates = rng.random(ITEMS) < 0.02
    score = 1 / (1 + np.exp(-(2.5 * (rng.normal(size=ITEMS) + 2.5 * violates) - 6)))
    p = risk_proportional(score, None, labels)
    audited = rng.random(ITEMS) < p
    population = pl.DataFrame(
        {
            "item_id": [f"post-{i}" for i in range(ITEMS)],
            "outcome": np.select([score > 0.6, score > 0.4], ["actioned", "held"], "passed").tolist(),
            "views": rng.integers(1, 500, ITEMS),
            "market": [f"market-{i}" for i in rng.integers(0, SLICES, ITEMS)],
            "audit_probability": p,
            "audited": audited,
        }
    )
    ids = population.filter("audited").select("item_id")
    return population, ids.with_columns(violates=pl.Series(violates[audited]))


def run() -> Iterator[Figure]:
    one, all_ = (MEASURES[:1], WEIGHTS[:1]), (MEASURES, WEIGHTS)
    for labels, (measures, weights) in product((50_000, 500_000), (one, all_)):
        population, answers = frames(labels)
        seconds = []
        for _ in range(RUNS):
            start = time.process_time()
            found = estimate(population, answers, by=["market"], measures=measures, weights=weights)
            seconds.append(time.process_time() - start)
        name = f"measure: {len(found):,} intervals of {SLICES} slices, a million items, {labels:,} labels"
        yield Figure(name, min(seconds), "seconds")


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}")
