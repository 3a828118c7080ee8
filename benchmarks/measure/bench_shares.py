"""Coverage and width of the intervals of all measures where views are heavily spread, shares above all.

`python -m benchmarks.measure.bench_shares [repetitions]` prints, for each measure, the share of audits whose
95 % interval holds the truth, and its mean width: once with everything stopped audited, once with half of it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import polars as pl

from tidegate.measure import estimate, truth

ITEMS = 1_500
REPETITIONS = 400


def audited_platform(seed: int, stopped: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A population of which 3 % violates, drawn once, and its truth; `stopped` is the chance if actioned."""
    rng = np.random.default_rng(seed)
    violates = rng.random(ITEMS) < 0.03
    passed = rng.random(ITEMS) < np.where(violates, 0.4, 0.97)
    p = np.where(passed, np.clip(rng.random(ITEMS), 0.1, 1.0), stopped)
    views = np.ceil(np.exp(rng.normal(4, 1.5, ITEMS))).astype(np.int64)
    population = pl.DataFrame(
        {
            "item_id": [f"i{number}" for number in range(ITEMS)],
            "outcome": np.where(passed, "passed", "actioned"),
            "audit_probability": p,
            "views": views,
            "audited": rng.random(ITEMS) < p,
        }
    )
    return population, population.select("item_id", violates=pl.Series(violates))


def audits(repetitions: int, stopped: float) -> Iterator[dict[str, object]]:
    for seed in range(repetitions):
        population, known = audited_platform(seed, stopped)
        found = estimate(population, known.filter(population["audited"]))
        yield from found.join(truth(population, known), on=["measure", "weight"]).to_dicts()


def main(repetitions: int) -> None:
    print("stopped audited  measure         per   covers  width")
    for stopped in (1.0, 0.5):
        rows = defaultdict(list)
        for row in audits(repetitions, stopped):
            rows[row["measure"], row["weight"]].append(row)
        for (measure, weight), found in rows.items():
            table = pl.DataFrame(found, infer_schema_length=None)
            covers = (
                table.select(pl.col("truth").is_between(pl.col("low") - 1e-9, pl.col("high") + 1e-9))
                .mean()
                .item()
            )
            width = table.select(pl.col("high") - pl.col("low")).mean().item()
            print(f"{stopped:15.0%}  {measure:14}  {weight:4}  {covers:6.1%}  {width:.4f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)
