"""What labels call violating among the items of each outcome: the parts of which shares are made."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidegate.measure.estimate import estimate
from tidegate.measure.population import OUTCOMES
from tidegate.measure.reviewers.shares import Part

Slice = tuple[str | None, str | None]


def parts_by_outcome(
    population: pl.DataFrame, labels: pl.DataFrame, *, by: Sequence[str] = (), confidence: float = 0.95
) -> dict[Slice, dict[str, Part]]:
    """Per slice and value (None, None for everything) and outcome, the items and the share called violating.

    By `policy` it is the share called violating of that policy. Arguments as those of `measure.estimate`.
    """
    found: dict[Slice, dict[str, Part]] = {}
    for outcome in OUTCOMES:
        # Measured as leakage is, which is the share called violating of what passed.
        here = pl.when(pl.col("outcome") == outcome).then(pl.lit("passed")).otherwise(pl.lit("held"))
        rates = estimate(population.with_columns(outcome=here), labels, by=by, confidence=confidence)
        for row in rates.filter(measure="leakage_rate", weight="item").iter_rows(named=True):
            known = None if row["estimate"] is None else (row["estimate"], row["low"], row["high"])
            found.setdefault((row["slice"], row["value"]), {})[outcome] = Part(row["items"], known)
    return found


def fine(parts: dict[str, Part]) -> dict[str, Part]:
    """The same parts with the share called fine."""
    return {
        name: Part(part.items, None if part.apparent is None else _rest(*part.apparent))
        for name, part in parts.items()
    }


def _rest(estimate: float, low: float, high: float) -> tuple[float, float, float]:
    return 1 - estimate, 1 - high, 1 - low
