"""Which reviewer is of which group, from a file: a team, a vendor, a shift."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import polars as pl

from tidegate.errors import InputError, Where
from tidegate.tables import Column, Table
from tidegate.warehouse.columns import LABEL_ALIASES, missing
from tidegate.warehouse.conform import conform
from tidegate.warehouse.formats import open_reader
from tidegate.warehouse.rows import MAX_FIELD_BYTES
from tidegate.warehouse.sources import identify

GROUPS = Table(
    "groups",
    "Which reviewer is of which group.",
    (
        Column("labeller", pl.String, "The reviewer, as labels name them.", nullable=False),
        Column("group", pl.String, "Their group.", nullable=False),
    ),
)


def read_groups(path: Path | str) -> pl.DataFrame:
    """labeller and group of a CSV, JSON Lines or Parquet file, one row per reviewer.

    Raises:
        InputError: the file cannot be read, a column or a cell is missing, or a reviewer comes twice.
    """
    source = identify(path)
    found, seen = [GROUPS.empty()], set[str]()
    with closing(open_reader(source, GROUPS, aliases=LABEL_ALIASES, columns={})) as reader:
        for name in GROUPS.names:
            if name not in reader.wanted:
                raise missing(name, reader.names, source.name, "Groups need the columns labeller and group.")
        for rows in reader.rows({}):
            people, problems = conform(rows, GROUPS, MAX_FIELD_BYTES)
            for problem in sorted(problems, key=lambda problem: problem.row)[:1]:
                where = Where(source.name, line=rows.numbers[problem.row], field=problem.field)
                raise InputError(problem.what, where=where, remedy=problem.remedy)
            for line, labeller, group in zip(rows.numbers, people["labeller"], people["group"], strict=True):
                if labeller is None or group is None:
                    raise InputError(
                        "a reviewer or their group is missing",
                        where=Where(source.name, line=line, field="labeller" if group else "group"),
                        remedy="Fill it in, or leave the row out.",
                    )
                if labeller in seen:
                    raise InputError(
                        f"'{labeller}' comes twice",
                        where=Where(source.name, line=line, field="labeller"),
                        remedy="Give each reviewer one group.",
                    )
                seen.add(labeller)
            found.append(people)
    return pl.concat(found)
