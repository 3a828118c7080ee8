"""The exact leakage and overkill, where the truth of every item is known: what the estimates are to be held to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tidegate.measure.estimates import Policies, errors_of
from tidegate.measure.labelled import bring_together, views
from tidegate.tables import LABELS

SCHEMA = {
    "measure": pl.String,
    "weight": pl.String,
    "slice": pl.String,
    "value": pl.String,
    "truth": pl.Float64,
    "items": pl.Int64,
}


def as_labels(truth: pl.DataFrame) -> pl.DataFrame:
    """Truth (columns of `tables.TRUTH`) as labels; items whose truth is not known have none."""
    return truth.filter(pl.col("violates").is_not_null()).select(
        "item_id",
        "violates",
        "policy",
        labeller=pl.lit("truth"),
        labelled_at=pl.lit(None, dtype=LABELS["labelled_at"].dtype),
    )


def truth(population: pl.DataFrame, known: pl.DataFrame, *, by: Sequence[str] = ()) -> pl.DataFrame:
    """The measures of `estimate` from the truth of every item; items whose truth is not known are set aside."""
    everybody = population.with_columns(audited=pl.lit(True), audit_probability=pl.lit(1.0))
    labels = as_labels(known)
    together = bring_together(everybody, labels)
    by_policy = Policies.of(population, labels) if "policy" in by else None
    rows = []
    for error, base, key in errors_of(population, together, by, by_policy):
        for weight, weights in (("item", np.ones(len(population))), ("view", views(population))):
            property_ = base.labelled & (base.violates == error.violating)
            part = weights[error.rows & property_].sum()
            for kind, whole in (
                ("rate", weights[error.rows & base.labelled].sum()),
                ("share", weights[error.among & property_].sum()),
            ):
                value = float(part / whole) if whole > 0 else None
                scope = error.rows if kind == "rate" else error.among
                rows.append((f"{error.name}_{kind}", weight, *key, value, int(scope.sum())))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


