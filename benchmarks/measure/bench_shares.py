"""Coverage and width of all measures, and of their changes, where views are heavily spread and labels few.

`python -m benchmarks.measure.bench_shares [repetitions]` prints, for each measure and for its change under
other rules, the share of audits whose 95 % interval holds the truth, and its mean width: with everything
stopped audited, with half of it, and with a tenth of the labels, some eighty. Each audit is of a platform of
its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figure import Figure
from tidegate.measure import differences, estimate, true_differences, truth

ITEMS = 1_500
REPETITIONS = 400
BEFORE, AFTER = "outcome_before", "outcome_after"
SETTINGS = {"all stopped": (1.0, 1.0), "half": (0.5, 1.0), "few labels": (0.1, 0.1)}
"""The chance to be audited if actioned, and what the chances of the others, 0.1 to 1, are multiplied by."""


def audited_platform(seed: int, stopped: float, share: float = 1.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A population of which 3 % violates, decided twice and drawn once, and its truth."""
    rng = np.random.default_rng(seed)
    violates = rng.random(ITEMS) < 0.03
    passed = rng.random(ITEMS) < np.where(violates, 0.4, 0.97)
    p = np.where(passed, share * np.clip(rng.random(ITEMS), 0.1, 1.0), stopped)
    views = np.ceil(np.exp(rng.normal(4, 1.5, ITEMS))).astype(np.int64)
    drawn = rng.random(ITEMS) < p
    population = pl.DataFrame(
        {
            "item_id": [f"i{number}" for number in range(ITEMS)],
            "outcome": np.where(passed, "passed", "actioned"),
            "audit_probability": p,
            "views": views,
            "audited": drawn,
        }
    ).with_columns(pl.col("outcome").alias(BEFORE), pl.Series(AFTER, _decided_anew(rng, passed, violates)))
    return population, population.select("item_id", violates=pl.Series(violates))


def _decided_anew(
    rng: np.random.Generator, passed: npt.NDArray[np.bool_], violates: npt.NDArray[np.bool_]
) -> npt.NDArray[np.str_]:
    """Other rules let a fifth of what was stopped pass, hold a tenth of it, and find half of what leaked."""
    chance = rng.random(len(passed))
    of_stopped = np.where(chance < 0.2, "passed", np.where(chance < 0.3, "held", "actioned"))
    of_passed = np.where(chance < np.where(violates, 0.5, 0.02), "actioned", "passed")
    return np.where(passed, of_passed, of_stopped)


def audits(repetitions: int, stopped: float, share: float = 1.0) -> Iterator[dict[str, object]]:
    keys = ["measure", "weight"]
    for seed in range(repetitions):
        population, known = audited_platform(seed, stopped, share)
        labels = known.filter(population["audited"])
        yield from estimate(population, labels).join(truth(population, known), on=keys).to_dicts()
        changes = differences(population, labels).join(true_differences(population, known), on=keys)
        yield from changes.with_columns(measure="change of " + pl.col("measure")).to_dicts()


def results(repetitions: int) -> Iterator[pl.DataFrame]:
    """Per setting: measure, weight, covers (share of audits), width (its mean), in the order of measures."""
    for name, (stopped, share) in SETTINGS.items():
        rows = pl.DataFrame(list(audits(repetitions, stopped, share)), infer_schema_length=None)
        # Where the true measure has nothing to divide by there is no truth to be held.
        held = pl.col("truth").is_between(pl.col("low") - 1e-9, pl.col("high") + 1e-9)
        yield (
            rows.drop_nulls("truth")
            .group_by("measure", "weight", maintain_order=True)
            .agg(covers=held.mean(), width=(pl.col("high") - pl.col("low")).mean())
            .with_columns(setting=pl.lit(name))
        )


def run() -> Iterator[Figure]:
    for table in results(100):
        setting, worst = table["setting"][0], float(table["covers"].min())  # type: ignore[arg-type]
        yield Figure(f"measure: rates, shares and changes by spread views, {setting}", worst, "of audits")


def main(repetitions: int) -> None:
    print("audited      measure                   per   covers  width")
    for table in results(repetitions):
        for row in table.iter_rows(named=True):
            print(
                f"{row['setting']:11}  {row['measure']:24}  {row['weight']:4}  {row['covers']:6.1%}  "
                f"{row['width']:.4f}"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS)
