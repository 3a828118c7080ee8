"""Speed: an interval for each of 200 slices of a million items, and those of all eight measures, on one core.

And of a million labels, which an audit of 1.25 million items draws. Labels come in the order of the items, as
a filled-in audit sheet has them.

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

AUDITS = ((1_000_000, 50_000), (1_000_000, 500_000), (1_250_000, 1_000_000))
SLICES = 200
RUNS = 3


def frames(items: int, labels: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A population of scored items, and the labels of an audit in proportion to √risk."""
    rng = np.random.default_rng(0)
    violates = rng.random(items) < 0.02
    score = 1 / (1 + np.exp(-(2.5 * (rng.normal(size=items) + 2.5 * violates) - 6)))
    p = risk_proportional(score, None, labels)
    audited = rng.random(items) < p
    population = pl.DataFrame(
        {
            "item_id": [f"post-{i}" for i in range(items)],
            "outcome": np.select([score > 0.6, score > 0.4], ["actioned", "held"], "passed").tolist(),
            "views": rng.integers(1, 500, items),
            "market": [f"market-{i}" for i in rng.integers(0, SLICES, items)],
            "audit_probability": p,
            "audited": audited,
        }
    )
    ids = population.filter("audited").select("item_id")
    return population, ids.with_columns(violates=pl.Series(violates[audited]))


def run() -> Iterator[Figure]:
    one, all_ = (MEASURES[:1], WEIGHTS[:1]), (MEASURES, WEIGHTS)
    for (items, labels), (measures, weights) in product(AUDITS, (one, all_)):
        population, answers = frames(items, labels)
        seconds = []
        for _ in range(RUNS):
            start = time.process_time()
            found = estimate(population, answers, by=["market"], measures=measures, weights=weights)
            seconds.append(time.process_time() - start)
        name = f"measure: {len(found):,} intervals of {SLICES} slices, {items:,} items, {labels:,} labels"
        yield Figure(name, min(seconds), "seconds")


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value:.2f} {figure.unit}")
