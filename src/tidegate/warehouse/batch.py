"""What the reader hands on: a batch of items, their known truth, and how far the input is read."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Batch:
    """Items that were read and found whole.

    `items` has exactly the columns of `tables.ITEMS`; `truth` those of `tables.TRUTH`, row by row beside the
    items, or is None where no truth was asked for. `rows_read` counts the rows of the input so far, rejected
    ones included; `share_read` is the share of its bytes (0 to 1), None where the size is not known.
    """

    items: pl.DataFrame
    truth: pl.DataFrame | None
    rows_read: int
    share_read: float | None
