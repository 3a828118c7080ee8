"""The population that figures speak of, checked: one row per decided item."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import nearest

OUTCOMES = ("passed", "actioned", "held")
WEIGHTS = ("item", "view")
NONE = "(none)"
"""What a null in a slice column is called."""


def checked(
    population: pl.DataFrame,
    by: Sequence[str],
    outcomes: Sequence[str] = ("outcome",),
    prediction: str | None = None,
) -> pl.DataFrame:
    """The columns that measuring needs, with `item` (1) and `view` (views, null as 0) as weights in Float64.

    A prediction becomes the column `prediction`; where it is missing, the mean of the others takes its place.

    Raises:
        MeasureError: a column is missing or holds what it must not, or a slice is no column.
    """
    for name in ("item_id", *outcomes, "audit_probability", "audited"):
        if name not in population.columns:
            raise MeasureError(
                f"the population has no column '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, population.columns)}It has {', '.join(population.columns)}.",
            )
    for name in by:
        if name not in population.columns:
            raise MeasureError(
                f"there is no slice '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, population.columns)}Columns are {', '.join(population.columns)}.",
            )
    for name in outcomes:
        _check_outcome(population[name])
    _check_probability(population["audit_probability"].cast(pl.Float64))
    if population["item_id"].null_count() or population["item_id"].n_unique() < len(population):
        raise MeasureError(
            "an item id is missing or comes twice",
            where=Where(field="item_id"),
            remedy="Give the population one row per item.",
        )
    views = population["views"].cast(pl.Float64) if "views" in population.columns else None
    if views is not None and not ((views.drop_nulls() >= 0) & views.drop_nulls().is_finite()).all():
        raise MeasureError(
            "an item's views are below 0 or not finite",
            where=Where(field="views"),
            remedy="Views are ≥ 0; leave unknown ones empty.",
        )
    predictions = [] if prediction is None else [_prediction(population, prediction).alias("prediction")]
    return population.select(
        # A frame without rows may have a column without a type.
        pl.col("item_id").cast(pl.String),
        pl.col(*outcomes).cast(pl.Enum(OUTCOMES)),
        *predictions,
        p=pl.col("audit_probability").cast(pl.Float64),
        audited=pl.col("audited").cast(pl.Boolean),
        item=pl.lit(1.0),
        view=pl.lit(None, pl.Float64) if views is None else views,
        **{f"slice:{name}": pl.col(name).cast(pl.String).fill_null(NONE).cast(pl.Categorical) for name in by},
    ).with_columns(pl.col("view").fill_null(0.0), views_missing=pl.col("view").is_null())


def _prediction(population: pl.DataFrame, name: str) -> pl.Series:
    if name not in population.columns:
        raise MeasureError(
            f"there is no prediction '{name}'",
            where=Where(field=name),
            remedy=f"{nearest(name, population.columns)}Columns are {', '.join(population.columns)}.",
        )
    found = population[name].cast(pl.Float64).fill_nan(None)
    if found.null_count() == len(found) or not ((found.drop_nulls() >= 0) & (found.drop_nulls() <= 1)).all():
        raise MeasureError(
            f"'{name}' is no prediction of violations",
            where=Where(field=name),
            remedy="Give chances from 0 to 1 that were known before the labels.",
        )
    return found.fill_null(strategy="mean")


def _check_outcome(outcome: pl.Series) -> None:
    strange = outcome.cast(pl.String).fill_null("null").unique()
    strange = strange.filter(~strange.is_in(OUTCOMES))
    if len(strange):
        raise MeasureError(
            f"'{strange[0]}' is no outcome",
            where=Where(field=outcome.name),
            remedy=f"{nearest(strange[0], OUTCOMES)}Outcomes are {', '.join(OUTCOMES)}.",
        )


def _check_probability(p: pl.Series) -> None:
    if p.null_count() or not ((p > 0) & (p <= 1)).all():
        raise MeasureError(
            "an audit probability is missing or not in (0, 1]",
            where=Where(field=p.name),
            remedy="Every item needs the chance with which it could have been drawn.",
        )
