"""What the change does to leakage and overkill: paired differences, from labels or from the run's truth."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidegate.measure import differences, true_differences
from tidegate.runs.backtest_flips import Sides, outcomes
from tidegate.runs.measuring import labels_of
from tidegate.runs.population import truth_labels
from tidegate.runs.summary import as_labels
from tidegate.warehouse.exact import read_table

KEYS = ("measure", "weight")


def differences_of(table: Sides, labels: Path | None, confidence: float) -> pl.DataFrame | None:
    """The columns of `measure.differences`, and `truth` (null where the run has none).

    It speaks of the items that the new strategy determines. Without a file of labels, those of the audit
    sample are taken from the run's truth; the exact difference is in `truth`, which the estimate never saw.

    Returns:
        None where there are neither labels nor truth.

    Raises:
        InputError: the labels cannot be read.
    """
    known = truth_labels(table.trial.folder)
    if labels is not None:
        said = labels_of(table.trial.folder, labels)
    elif known is None:
        return None
    else:
        said = as_labels(known, read_table(table.trial.folder.table("decisions"), columns=["audited"]))
    population = outcomes(table)
    if labels is None and known is not None:
        # Both sides speak of the items whose truth is known.
        there = known.drop_nulls("violates").select("item_id")
        population = population.join(there, on="item_id", how="semi", maintain_order="left")
    found = differences(population, said, confidence=confidence)
    if known is None or (labels is not None and known["violates"].null_count()):
        return found.with_columns(truth=pl.lit(None, pl.Float64))
    exact = true_differences(population, known).select(*KEYS, "truth")
    return found.join(exact, on=KEYS, how="left", maintain_order="left")
