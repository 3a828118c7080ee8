"""Tables as files: Parquet, CSV, JSON Lines, Excel, Tableau's .hyper; whole or not at all, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from django.db import transaction

from tidegate.errors import RunError, Where
from tidegate.names import nearest
from tidegate.server.exports.tables import Export
from tidegate.server.exports.text import TEXTS, chunks
from tidegate.server.ledger.actions import Act, append
from tidegate.warehouse.sheets import FORMULA

SHEET_ROWS = 1_048_575
"""What fits on a sheet of Excel below the names of the columns; more rows go on to further sheets."""

CELL = 32_767
"""Characters that fit in a cell of Excel; a longer text is cut, and ends with …"""

_RISKY = re.compile(FORMULA)


def write_file(export: Export, zone: str, out: Path, *, actor: str) -> int:
    """Write a table to a file whose ending says the format, and record who took what out; how many rows.

    Raises:
        RunError: the ending says no format, the file is there, or the format's library is not installed.
    """
    form = out.suffix.removeprefix(".")
    if form not in WRITERS:
        raise RunError(
            f"'{out.suffix}' says no format",
            where=Where(out),
            remedy=f"{nearest(form, WRITERS)}Formats are {', '.join(WRITERS)}.",
        )
    if out.exists():
        raise RunError("there is a file already", where=Where(out), remedy="Choose another name.")
    aside = out.with_name(f".{out.stem}.part{out.suffix}")
    try:
        WRITERS[form](export, aside)
        aside.rename(out)
    except ImportError as error:
        extra = "excel" if form == "xlsx" else "tableau"
        raise RunError(
            f"what writes .{form} is not installed", remedy=f"Install it: pip install 'tidegate[{extra}]'."
        ) from error
    except OSError as error:
        raise RunError(f"it cannot be written: {error.strerror}", where=Where(out)) from error
    finally:
        aside.unlink(missing_ok=True)
    record(export, zone, form, actor=actor)
    return export.count


def record(export: Export, zone: str, form: str, *, actor: str) -> None:
    """Put on the record who takes a table out."""
    details = {"rows": export.count, "format": form}
    with transaction.atomic():
        append([Act(actor, "table.exported", zone, f"table:{export.table.name}", details)])


def _text(form: str) -> Callable[[Export, Path], None]:
    def write(export: Export, out: Path) -> None:
        with out.open("wb") as file:
            file.writelines(chunks(export, form))

    return write


def _parquet(export: Export, out: Path) -> None:
    import pyarrow.parquet as pq

    schema = export.table.empty().to_arrow().schema
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for frame in export.frames:
            writer.write_table(frame.to_arrow().cast(schema))


def _excel(export: Export, out: Path) -> None:
    import xlsxwriter

    # In constant memory each row is written as it comes. Nothing is taken for a formula or address. What
    # looks like a formula has Excel's own mark of a text, so that it stays one when its cell is edited.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {**options, "default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        text = book.add_format({"quote_prefix": True})
        sheet, place = _sheet(book, export.table.names), 0
        for frame in export.frames:
            for row in frame.with_columns(pl.selectors.datetime().dt.replace_time_zone(None)).iter_rows():
                if place == SHEET_ROWS:
                    sheet, place = _sheet(book, export.table.names), 0
                place += 1
                sheet.write_row(place, 0, map(_fitting, row))
                for column, value in enumerate(row):
                    if isinstance(value, str) and _RISKY.match(value):
                        sheet.write_string(place, column, _fitting(value), text)


def _sheet(book: Any, names: Sequence[str]) -> Any:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, names, book.add_format({"bold": True}))
    sheet.freeze_panes(1, 0)
    return sheet


def _fitting(value: object) -> object:
    return value[: CELL - 1] + "…" if isinstance(value, str) and len(value) > CELL else value


def _hyper(export: Export, out: Path) -> None:
    import pantab

    name = export.table.name
    pantab.frame_to_hyper(export.table.empty(), out, table=name)
    for frame in export.frames:
        pantab.frame_to_hyper(frame, out, table=name, table_mode="a")


WRITERS: dict[str, Callable[[Export, Path], None]] = {
    **{form: _text(form) for form in TEXTS},
    "parquet": _parquet,
    "xlsx": _excel,
    "hyper": _hyper,
}
