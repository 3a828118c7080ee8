"""Rows as a file has them, before anyone has judged them: what the three formats have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from tidegate.warehouse.sources import Source

MAX_FIELD_BYTES = 16 << 20
"""A field may be this long by default: 16 MiB, so that ten million letters pass."""


@dataclass(frozen=True)
class Problem:
    """Why a row (by its place in `Rows`, from 0) cannot be used."""

    row: int
    field: str | None
    what: str
    remedy: str


@dataclass(frozen=True)
class Rows:
    """A stretch of rows of one source.

    `columns` holds the wanted columns under our names, in whatever type the file gives; `typed` the columns
    that an expression over the file reads, under the file's names. A row that could not be taken apart is
    all null and has a problem. `numbers` are lines of a text file or rows of a Parquet file, from 1;
    `raw(i)` is the row as it stands.
    """

    columns: pl.DataFrame
    typed: pl.DataFrame
    numbers: Sequence[int]
    raw: Callable[[int], str | bytes]
    problems: Sequence[Problem]
    share: float | None


def frame(columns: Sequence[pl.Series], height: int) -> pl.DataFrame:
    """The columns side by side; also where there are none."""
    return pl.DataFrame(columns) if columns else pl.DataFrame(height=height)


Match = Callable[[Sequence[str], Mapping[str, str]], Mapping[str, str]]
"""From a file's columns, and what is matched already, to our column → the file's (see `columns.resolve`)."""


class Reader(Protocol):
    """An open source: its columns, and its rows in order, once."""

    source: Source

    @property
    def names(self) -> Sequence[str]:
        """The file's columns."""

    @property
    def wanted(self) -> Mapping[str, str]:
        """Our column → the file's, as far as is known yet."""

    def types(self, wanted: Sequence[str]) -> Mapping[str, pl.DataType]:
        """The types of some of the file's columns: declared, or taken from its first rows."""

    def rows(self, typed: Mapping[str, pl.DataType]) -> Iterator[Rows]:
        """All rows: the wanted columns, and those that an expression reads."""

    def close(self) -> None:
        """Let go of the file."""
