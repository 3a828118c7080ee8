"""From a file's values to ours, column by column: text, identifiers, counts and times, each with its
objections.

Works on whole columns. What a row as a whole must have is for `items` and `labels` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import polars as pl

from tidegate.tables import Column
from tidegate.warehouse.times import parse_times

MAX_COUNT = 2**53
"""Counts are whole numbers up to here, so that they survive spreadsheets and JSON."""


class Kind(Enum):
    """How a column is read. Its value says what a file may give for it, in words for messages."""

    PROSE = "text"
    WORD = "a short text without NUL characters"
    IDENTIFIER = "text or a whole number"
    COUNT = "a whole number from 0"
    TIME = "a time as ISO 8601, or seconds or milliseconds since 1970"
    VERDICT = "yes or no, true or false, 1 or 0, 是 or 否"


PROSE = ("text", "context")
IDENTIFIERS = frozenset({"id", "item_id", "author_id"})
VERDICTS = {
    **dict.fromkeys(("true", "t", "1", "1.0", "yes", "y", "是", "违规"), True),
    **dict.fromkeys(("false", "f", "0", "0.0", "no", "n", "否", "不违规"), False),
}

ACCEPTED: dict[Kind, frozenset[type]] = {
    Kind.PROSE: frozenset({str}),
    Kind.WORD: frozenset({str}),
    Kind.IDENTIFIER: frozenset({str, int}),
    Kind.COUNT: frozenset({str, int, float}),
    Kind.TIME: frozenset({str, int, float}),
    Kind.VERDICT: frozenset({str, int, float, bool}),
}
"""The JSON values that a column of a kind may have, besides null."""


def kind_of(column: Column) -> Kind:
    """How a column of ours is read."""
    if column.name in PROSE:
        return Kind.PROSE
    if column.name in IDENTIFIERS:
        return Kind.IDENTIFIER
    if column.dtype == pl.String:
        return Kind.WORD
    if column.dtype == pl.Boolean:
        return Kind.VERDICT
    return Kind.COUNT if column.dtype == pl.Int64 else Kind.TIME


def fits(kind: Kind, dtype: pl.DataType) -> bool:
    """Whether a typed column (Parquet) can be read as this kind at all."""
    textual = dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)
    if kind in (Kind.PROSE, Kind.WORD):
        return textual
    if kind is Kind.IDENTIFIER:
        return textual or dtype.is_integer()
    if kind is Kind.COUNT:
        return textual or dtype.is_numeric()
    if kind is Kind.TIME:
        return textual or dtype.is_numeric() or dtype in (pl.Datetime, pl.Date)
    return textual or dtype.is_numeric() or dtype == pl.Boolean


@dataclass(frozen=True)
class Objection:
    """Rows (Boolean, one per row) whose value cannot be taken, why, and the remedy."""

    rows: pl.Series
    what: str
    remedy: str


def convert(kind: Kind, series: pl.Series, max_bytes: int) -> tuple[pl.Series, Sequence[Objection]]:
    """`series` as our type, null where it is empty or objected to; the objections that hold for some row."""
    if kind is Kind.COUNT:
        return _counts(_blank_to_null(series))
    if kind is Kind.TIME:
        return _times(_blank_to_null(series))
    if kind is Kind.VERDICT:
        return _verdicts(_blank_to_null(series))
    return _texts(kind, _blank_to_null(series.cast(pl.String)), max_bytes)


def _blank_to_null(series: pl.Series) -> pl.Series:
    if series.dtype in (pl.Categorical, pl.Enum, pl.Null):
        series = series.cast(pl.String)
    if series.dtype != pl.String:
        return series
    blank = series == ""
    return series.set(blank, None) if blank.any() else series


def _texts(kind: Kind, series: pl.Series, max_bytes: int) -> tuple[pl.Series, Sequence[Objection]]:
    objections = []
    too_long = series.str.len_bytes() > max_bytes
    if too_long.any():
        objections.append(
            Objection(
                too_long, f"the value is longer than {max_bytes:,} bytes", "Shorten it, or split the item."
            )
        )
    nul = series.str.contains("\0", literal=True)
    if nul.any() and kind is Kind.PROSE:
        # A NUL shows as nothing and no database stores it: the item must still be judged.
        series = series.str.replace_all("\0", "", literal=True)
        series = _blank_to_null(series)
    elif nul.any():
        objections.append(Objection(nul, "the value holds a NUL character", "Take the NUL out of it."))
    return series, objections


def _counts(series: pl.Series) -> tuple[pl.Series, Sequence[Objection]]:
    text = series.dtype == pl.String
    exact = (series.str.strip_chars() if text else series).cast(pl.Float64, strict=False)
    whole = (exact >= 0) & (exact <= MAX_COUNT) & (exact == exact.floor())
    bad = series.is_not_null() & ~whole.fill_null(False)
    counts = pl.select(pl.when(~bad).then(pl.lit(exact)).cast(pl.Int64)).to_series()
    return counts, _objections(bad, Kind.COUNT)


def _times(series: pl.Series) -> tuple[pl.Series, Sequence[Objection]]:
    times = parse_times(series)
    return times, _objections(series.is_not_null() & times.is_null(), Kind.TIME)


def _verdicts(series: pl.Series) -> tuple[pl.Series, Sequence[Objection]]:
    if series.dtype == pl.Boolean:
        return series, ()
    words = series.cast(pl.String).str.strip_chars().str.to_lowercase()
    words = _blank_to_null(words)
    verdicts = words.replace_strict(VERDICTS, default=None, return_dtype=pl.Boolean)
    return verdicts, _objections(words.is_not_null() & verdicts.is_null(), Kind.VERDICT)


def _objections(bad: pl.Series, kind: Kind) -> Sequence[Objection]:
    if not bad.any():
        return ()
    return (Objection(bad, f"the value is not {kind.value}", f"Write {kind.value}, or leave it empty."),)
