"""docs/tables.md and docs/input.md say what the code says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tidegate.signals import language
from tidegate.tables import ITEM_SIGNALS, TABLES, Catalog, SignalType, Table, signals_table
from tidegate.warehouse.columns import ALIASES

DOCS = Path(__file__).parents[2] / "docs"
TYPES = {
    pl.String: "text",
    pl.Boolean: "true or false",
    pl.Int64: "whole number (64 bits)",
    pl.Float64: "number (64 bits)",
    pl.Datetime("us", "UTC"): "time",
}
SIGNALS = signals_table(Catalog.of(language.SPEC))
KINDS = {SignalType.NUMBER: "number", SignalType.TEXT: "text"}


def described(table: Table) -> str:
    """The table of columns that docs/tables.md must hold for `table`."""
    lines = ["| column | type | unit | may be null | meaning |", "| --- | --- | --- | --- | --- |"]
    for column in table.columns:
        null = "yes" if column.nullable else "no"
        lines.append(
            f"| `{column.name}` | {TYPES[column.dtype]} | {column.unit or ''} | {null} | {column.doc} |"
        )
    return "\n".join(lines)


@pytest.mark.parametrize("table", [*TABLES, SIGNALS], ids=lambda table: table.name)
def test_every_column_of_every_table_is_described_as_the_code_has_it(table):
    section = (DOCS / "tables.md").read_text(encoding="utf-8").partition(f"\n## {table.name}\n")[2]
    section = section.partition("\n## ")[0]
    assert table.doc in section
    assert described(table) in section, f"docs/tables.md should hold:\n\n{described(table)}"


def test_every_signal_of_the_item_itself_is_listed():
    page = (DOCS / "tables.md").read_text(encoding="utf-8")
    for signal in ITEM_SIGNALS.fields:
        assert f"| `item.{signal.name}` | {KINDS[signal.type]} | {signal.doc} |" in page


def test_every_alias_is_listed():
    page = (DOCS / "input.md").read_text(encoding="utf-8")
    for ours, names in ALIASES.items():
        assert f"| `{ours}` | {', '.join(f'`{name}`' for name in names)} |" in page
