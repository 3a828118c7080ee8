"""The frame of labels that a gate judges, checked, and turned into arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.settings import Criterion, GateSettings

Floats = npt.NDArray[np.float64]


def checked(settings: GateSettings, labels: pl.DataFrame) -> pl.DataFrame:
    """The columns x (NaN where awaited), weight and measure.

    Raises:
        MeasureError: a column is missing, or holds what it must not.
    """
    if "x" not in labels.columns:
        raise MeasureError(
            "the labels have no column 'x'",
            where=Where(field="x"),
            remedy=f"Give 1 for an error, 0 for none, and null while awaited. There is {labels.columns}.",
        )
    only = settings.criteria[0].measure if len(settings.criteria) == 1 else None
    if "measure" not in labels.columns and only is None:
        raise MeasureError(
            "it is not said for which criterion each label counts",
            where=Where(field="measure"),
            remedy="Add the column measure.",
        )
    frame = labels.select(
        pl.col("x").cast(pl.Float64).fill_nan(None),
        pl.col("weight").cast(pl.Float64) if "weight" in labels.columns else pl.lit(1.0).alias("weight"),
        pl.col("measure").cast(pl.String) if "measure" in labels.columns else pl.lit(only).alias("measure"),
    )
    if not frame["x"].drop_nulls().is_between(0, 1).all():
        raise MeasureError(
            "a label is not between 0 and 1",
            where=Where(field="x"),
            remedy="Give 1 for an error, 0 for none, and null while awaited.",
        )
    weight = frame["weight"]
    if weight.null_count() or not (weight.is_finite() & (weight >= 0)).all():
        raise MeasureError(
            "a weight is missing, below 0 or not finite",
            where=Where(field="weight"),
            remedy="The weight of a label is 1 / the probability with which its item was drawn.",
        )
    return frame.with_columns(pl.col("x").fill_null(float("nan")))


def weights(criterion: Criterion, weight: Floats) -> Floats:
    """(n,) weights in units of the heaviest.

    Raises:
        MeasureError: one is heavier than the criterion says that any can be, or it does not say: the heaviest
            label so far is no bound for those to come.
    """
    if not len(weight):
        return weight
    if criterion.heaviest is None and not np.isin(weight, (0.0, 1.0)).all():
        raise MeasureError(
            "labels have weights, and it is not said how heavy one can be",
            where=Where(field="heaviest"),
            remedy="Set heaviest to 1 / the smallest probability of the audit design.",
        )
    heaviest = criterion.heaviest or float(weight.max())
    if weight.max() > heaviest * (1 + 1e-9):
        raise MeasureError(
            f"a label weighs {weight.max():g}, more than the heaviest of {heaviest:g} that was set",
            where=Where(field="weight"),
            remedy="Set heaviest to 1 / the smallest probability of the audit design.",
        )
    return np.minimum(weight / heaviest, 1.0) if heaviest > 0 else np.zeros_like(weight)
