"""The border: what values look like before any rule reads them.

Numbers are finite doubles; NaN and infinities become NULL here, once, so that no evaluator meets them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from tidegate.tables import SignalType


def clean_frame(signals: pl.DataFrame, types: Mapping[str, SignalType]) -> pl.DataFrame:
    """The columns of `types`, in its order and in their declared types, border-clean.

    Raises:
        KeyError: a column is missing.
        TypeError: a column holds another type of value.
    """
    columns = []
    for name, kind in types.items():
        if name not in signals.columns:
            raise KeyError(f"the frame has no column '{name}'")
        columns.append(_clean_column(signals[name], kind))
    return pl.DataFrame(columns)


def _clean_column(column: pl.Series, kind: SignalType) -> pl.Series:
    dtype = column.dtype
    fits = dtype.is_numeric() if kind is SignalType.NUMBER else dtype in (pl.String, pl.Categorical, pl.Enum)
    if kind is SignalType.BOOLEAN:
        fits = dtype == pl.Boolean
    if not fits and dtype != pl.Null:
        raise TypeError(f"the column '{column.name}' is {dtype}, not a {kind}")
    column = column.cast(kind.dtype)
    if kind is not SignalType.NUMBER:
        return column
    # One NaN or infinity makes the sum no finite number; a sum that overflows costs only the slower path.
    total = column.sum()
    if total is None or math.isfinite(total):
        return column
    return (
        column.to_frame()
        .select(pl.when(pl.first().is_finite()).then(pl.first()).alias(column.name))
        .to_series()
    )


def clean_value(value: object, kind: SignalType) -> float | str | bool | None:
    """One value, border-clean.

    Raises:
        TypeError: it is of another type.
    """
    if value is None:
        return None
    if kind is SignalType.TEXT and isinstance(value, str):
        return value
    # NumPy's scalars are no bool or float of Python's; .item() makes them so.
    plain = value.item() if hasattr(value, "item") else value
    if kind is SignalType.BOOLEAN and isinstance(plain, bool):
        return plain
    if kind is SignalType.NUMBER and isinstance(plain, int | float) and not isinstance(plain, bool):
        try:
            number = float(plain)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    raise TypeError(f"{value!r} is not a {kind}")
