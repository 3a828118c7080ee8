"""CSV for people, who will open it in a spreadsheet.

A spreadsheet runs a cell that begins with =, +, - or @ as a formula (OWASP, CSV Injection), and posts are
written by strangers. Such a text gets a leading apostrophe, which shows that it is text; and so does one that
has apostrophes before such a character, so that a program can take exactly what was added off again.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from tidegate.warehouse.whole import written_whole

FORMULA = r"^'*[=+\-@＝＋－＠\t\r\n]"
GUARDED = r"^'('*[=+\-@＝＋－＠\t\r\n])"
SLICE_ROWS = 50_000
IDS = ("id", "item_id", "author_id")


def guarded(frame: pl.DataFrame, but: Collection[str] = ()) -> pl.DataFrame:
    """`frame` with no text, and no column's name, that a spreadsheet would run. Numbers are left as they are,
    and so are the columns named in `but`."""
    words = (pl.String, pl.Categorical, pl.Enum)
    texts = [name for name, dtype in frame.schema.items() if dtype in words and name not in but]
    safe = frame.with_columns(
        pl.col(name).cast(pl.String).str.replace(f"({FORMULA})", "'$1") for name in texts
    )
    names = pl.Series(frame.columns, dtype=pl.String)
    return safe.rename(dict(zip(names, names.str.replace(FORMULA, "'$0"), strict=True)))


def as_written(frame: pl.DataFrame) -> pl.DataFrame:
    """A guarded frame as it was before, whose texts are strings now."""
    names = pl.Series(frame.columns, dtype=pl.String)
    plain = frame.with_columns(pl.col(pl.String).str.replace(GUARDED, "$1"))
    return plain.rename(dict(zip(names, names.str.replace(GUARDED, "$1"), strict=True)))


def write_csv_for_people(frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` to `path` as CSV in UTF-8 with a byte-order mark, without which Excel garbles Chinese.

    Ids are left as they are, because what people fill in is joined on them.

    Raises:
        RunError: the disk is full. `path` is then as it was before.
    """
    safe = guarded(frame, but=IDS)
    with written_whole(path) as aside, aside.open("w", encoding="utf-8-sig", newline="") as file:
        # Written by Python, whose errors carry a number: Polars says only in words that the disk is full.
        file.write(safe.clear().write_csv())
        for rows in safe.iter_slices(SLICE_ROWS):
            file.write(rows.write_csv(include_header=False))
