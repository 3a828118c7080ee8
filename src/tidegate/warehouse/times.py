"""Points in time as people write them: ISO 8601, or a number since 1970 in seconds or finer."""

from __future__ import annotations

import polars as pl

from tidegate.tables import TIMESTAMP

FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%dT%H%M%S%.f%#z",
    "%Y%m%dT%H%M%S%.f",
    "%Y%m%d",
)
"""ISO 8601, with T or a space or neither, with or without a zone. A time without a zone is UTC."""

NUMBER = r"^\s*-?\d+(\.\d+)?\s*$"

FEWEST_SECONDS = 1e8
"""Up to March 1973 nobody posted anything: what is smaller is a date without dashes, or no time at all."""

SECONDS_BELOW = 1e11
MILLISECONDS_BELOW = 1e14
MICROSECONDS_BELOW = 1e17
"""A number below the first is seconds since 1970 (until the year 5138), below the second milliseconds."""


def parse_times(series: pl.Series) -> pl.Series:
    """`series` (text, numbers, dates or times) as UTC times; null where it cannot be read as one."""
    if series.dtype == pl.String:
        return _from_text(series)
    if series.dtype.is_integer():
        return _from_text(series.cast(pl.String))
    if series.dtype.is_numeric():
        return _from_numbers(series.cast(pl.Float64))
    if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone is not None:
        return series.dt.convert_time_zone("UTC").cast(TIMESTAMP)
    return series.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _from_text(series: pl.Series) -> pl.Series:
    text = series.str.strip_chars()
    numbers = text.str.contains(NUMBER)
    found = _from_numbers(pl.select(pl.when(numbers).then(text).cast(pl.Float64)).to_series())
    for format in FORMATS:
        open_rows = found.is_null() & text.is_not_null()
        if not open_rows.any():
            break
        zone = "UTC" if format.endswith("z") else None
        times = text.str.to_datetime(format, time_unit="us", time_zone=zone, strict=False)
        times = times.cast(TIMESTAMP) if zone else times.dt.replace_time_zone("UTC")
        found = found.zip_with(~open_rows, times)
    return found


def _from_numbers(numbers: pl.Series) -> pl.Series:
    size = numbers.abs()
    factor = (
        pl.when(size < FEWEST_SECONDS)
        .then(None)
        .when(size < SECONDS_BELOW)
        .then(1e6)
        .when(size < MILLISECONDS_BELOW)
        .then(1e3)
        .when(size < MICROSECONDS_BELOW)
        .then(1.0)
    )
    microseconds = pl.select((pl.lit(numbers) * factor).round().cast(pl.Int64, strict=False)).to_series()
    return microseconds.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
