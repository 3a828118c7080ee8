"""CSV for people, who will open it in a spreadsheet.

A spreadsheet runs a cell that begins with =, +, - or @ as a formula (OWASP, CSV Injection), and posts are
written by strangers. Such a cell gets a leading apostrophe, which shows that it is text. Ids are left as
they are, because what people fill in is joined on them.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidegate.warehouse.whole import written_whole

FORMULA = r"^[=+\-@＝＋－＠\t\r\n]"
SLICE_ROWS = 50_000
IDS = ("id", "item_id", "author_id")


def write_csv_for_people(frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` to `path` as CSV in UTF-8 with a byte-order mark, without which Excel garbles Chinese.

    Raises:
        RunError: the disk is full. `path` is then as it was before.
    """
    text = pl.col(name for name, dtype in frame.schema.items() if dtype == pl.String and name not in IDS)
    risky = text.str.contains(FORMULA)
    guarded = frame.with_columns(pl.when(risky).then(pl.lit("'") + text).otherwise(text).name.keep())
    with written_whole(path) as aside, aside.open("w", encoding="utf-8-sig", newline="") as file:
        # Written by Python, whose errors carry a number: Polars says only in words that the disk is full.
        file.write(guarded.clear().write_csv())
        for rows in guarded.iter_slices(SLICE_ROWS):
            file.write(rows.write_csv(include_header=False))
