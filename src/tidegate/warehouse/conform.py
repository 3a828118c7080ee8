"""Rows brought into the columns of one of our tables, whichever format they come from."""

from __future__ import annotations

import polars as pl

from tidegate.tables import Table
from tidegate.warehouse.rows import Problem, Rows
from tidegate.warehouse.values import convert, kind_of


def conform(rows: Rows, table: Table, max_field_bytes: int) -> tuple[pl.DataFrame, list[Problem]]:
    """The rows in exactly the columns of `table`, null where the file has nothing, and all their problems."""
    columns = []
    problems = list(rows.problems)
    for column in table.columns:
        if column.name not in rows.columns.columns:
            empty = pl.Series(column.name, [None], dtype=column.dtype)
            columns.append(empty.new_from_index(0, len(rows.numbers)))
            continue
        series, objections = convert(kind_of(column), rows.columns[column.name], max_field_bytes)
        columns.append(series.alias(column.name))
        for objection in objections:
            problems += [
                Problem(row, column.name, objection.what, objection.remedy)
                for row in objection.rows.arg_true()
            ]
    return pl.DataFrame(columns), problems
