"""Tables of a run, read by their exact path: readers take a folder called `run [1]` for a pattern."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq


def scan_table(path: Path) -> pl.LazyFrame:
    """A Parquet file, read as far as it is needed."""
    return pl.scan_parquet(path, glob=False)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A Parquet file, or some of its columns, in the order given."""
    return pl.read_parquet(path, columns=None if columns is None else list(columns), glob=False)


def read_part(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of an Arrow file."""
    return pl.scan_ipc(path, glob=False).select(columns).collect()


def table_schema(path: Path) -> dict[str, pl.DataType]:
    """The columns of a Parquet file and their types."""
    return dict(pl.from_arrow(pq.read_schema(path).empty_table()).schema)  # type: ignore[union-attr]


def as_pattern(path: Path) -> str:
    """The path as DuckDB's readers, which know patterns only, are to be given it."""
    return glob.escape(str(path))
