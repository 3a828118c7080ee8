"""The file's own columns for expressions over them: their types, and values that do not fit these.

Parquet declares its types. In CSV and JSON Lines they are taken from the first rows; a later value that does
not fit makes its row a problem, so that an expression never sees a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from tidegate.warehouse.rows import Problem

TRUE_OR_FALSE = {"true": True, "false": False}


def infer(values: Sequence[Any]) -> pl.DataType:
    """The type of JSON values; text where they have none in common, or where all are null."""
    try:
        dtype = pl.Series(values, strict=True).dtype
    except (TypeError, OverflowError):
        numbers = all(type(value) in (int, float, type(None)) for value in values)
        return pl.Float64() if numbers else pl.String()
    return pl.String() if dtype in (pl.Null, pl.Object, pl.Int128, pl.UInt64) else dtype


def infer_text(column: pl.Series) -> pl.DataType:
    """The type of a CSV column, blanks aside: true/false, whole numbers, numbers, or text."""
    for dtype in (pl.Boolean(), pl.Int64(), pl.Float64()):
        if column.null_count() < len(column) and from_text(column, dtype).null_count() == column.null_count():
            return dtype
    return pl.String()


def from_text(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A text column as `dtype`; null where a value does not fit."""
    if dtype == pl.Boolean:
        return column.str.to_lowercase().replace_strict(TRUE_OR_FALSE, default=None, return_dtype=pl.Boolean)
    return column.cast(dtype, strict=False)


def typed_text(column: pl.Series, dtype: pl.DataType, problems: list[Problem]) -> pl.Series:
    """A text column as `dtype`; a row whose value does not fit gets a problem."""
    converted = from_text(column, dtype)
    misfits = (converted.is_null() & column.is_not_null()).arg_true()
    problems += [_misfit(row, column.name, dtype) for row in misfits]
    return converted


def typed_series(name: str, values: list[Any], dtype: pl.DataType, problems: list[Problem]) -> pl.Series:
    """JSON values as a column of `dtype`; a row whose value does not fit gets a problem."""
    try:
        return pl.Series(name, values, dtype=dtype, strict=True)
    except (TypeError, OverflowError):
        pass
    fitting = []
    for row, value in enumerate(values):
        try:
            fitting.append(pl.Series([value], dtype=dtype, strict=True)[0])
        except (TypeError, OverflowError):
            fitting.append(None)
            problems.append(_misfit(row, name, dtype))
    return pl.Series(name, fitting, dtype=dtype)


def _misfit(row: int, name: str, dtype: pl.DataType) -> Problem:
    return Problem(
        row,
        name,
        f"the value is not {dtype}, which the first rows of the file have here",
        "Write the column in one way throughout; the truth expression reads it.",
    )
