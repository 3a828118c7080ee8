"""Labels from a file: what people found. A filled-in audit.csv is such a file.

Labels are few and each was paid for, so a row that cannot be read stops the reading. What two labels of one
item mean together is for `measure` to say.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import polars as pl

from tidegate.errors import InputError, Where
from tidegate.tables import LABELS
from tidegate.warehouse.columns import LABEL_ALIASES, missing
from tidegate.warehouse.conform import conform
from tidegate.warehouse.formats import open_reader
from tidegate.warehouse.rows import MAX_FIELD_BYTES, Problem, Rows
from tidegate.warehouse.sources import identify


def read_labels(path: Path | str) -> pl.DataFrame:
    """The labels of a CSV, JSON Lines or Parquet file, in the columns of `tables.LABELS`.

    Rows whose `violates` is blank are not labelled yet and are left out.

    Raises:
        InputError: the file cannot be read, a row cannot be understood, or no row is labelled.
    """
    source = identify(path)
    parts = []
    with closing(open_reader(source, LABELS, aliases=LABEL_ALIASES, columns={})) as reader:
        for name in ("item_id", "violates"):
            if name not in reader.wanted:
                raise missing(
                    name,
                    reader.names,
                    source.name,
                    f"Call the one that is meant {name}: labels need the columns item_id and violates.",
                )
        for rows in reader.rows({}):
            labels, problems = _labels(rows)
            for problem in sorted(problems, key=lambda problem: problem.row)[:1]:
                where = Where(source.name, line=rows.numbers[problem.row], field=problem.field)
                raise InputError(problem.what, where=where, remedy=problem.remedy)
            parts.append(labels.filter(pl.col("violates").is_not_null()))
    found = pl.concat(parts) if parts else LABELS.empty()
    if found.is_empty():
        raise InputError(
            "no row has a label yet",
            where=Where(path, field="violates"),
            remedy="Fill in the column violates: yes or no.",
        )
    return found


def _labels(rows: Rows) -> tuple[pl.DataFrame, list[Problem]]:
    labels, problems = conform(rows, LABELS, MAX_FIELD_BYTES)
    nameless = labels["item_id"].is_null() & labels["violates"].is_not_null()
    problems += [
        Problem(row, "item_id", "the label names no item", "Write the item's id.")
        for row in nameless.arg_true()
    ]
    return labels, problems
