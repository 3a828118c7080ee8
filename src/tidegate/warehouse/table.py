"""A frame as a Parquet file, whole or not at all; fast to write, since runs join such files soon."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from tidegate.warehouse.join import written_whole


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` to `path`.

    Raises:
        RunError: the disk is full. `path` is then as it was before.
    """
    # Polars reports a full disk as a fault of the file format; bytes written by Python keep the error number.
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="lz4")
    with written_whole(path) as aside:
        aside.write_bytes(buffer.getbuffer())
