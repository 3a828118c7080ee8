"""From rows to items: every column converted, and what an item as a whole must have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from tidegate.names import nearest
from tidegate.tables import ITEMS, KINDS, WRITTEN
from tidegate.warehouse.conform import conform
from tidegate.warehouse.rows import Problem, Rows
from tidegate.warehouse.seen import SeenIds
from tidegate.warehouse.values import PROSE


@dataclass(frozen=True)
class LongestText:
    """How many characters a text or its context may have, and what to do about a longer one."""

    characters: int
    remedy: str


def to_items(
    rows: Rows, seen: SeenIds, max_field_bytes: int, longest_text: LongestText | None = None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The rows as items, row by row, and at most one problem for each row.

    A row with a problem stands among the items too, but means nothing. Its id is not remembered in `seen`.
    """
    items, found = conform(rows, ITEMS, max_field_bytes)
    kind = pl.col("kind").str.strip_chars().str.to_lowercase().fill_null("text")
    items = items.with_columns(kind)
    problems: dict[int, Problem] = {}
    for problem in [
        *found,
        *_unknown_kinds(items),
        *_too_long(items, longest_text),
        *_without_substance(items),
    ]:
        problems.setdefault(problem.row, problem)
    for problem in _repeated(items, problems, seen):
        problems[problem.row] = problem
    return items, sorted(problems.values(), key=lambda problem: problem.row)


def _unknown_kinds(items: pl.DataFrame) -> Iterator[Problem]:
    unknown = ~items["kind"].is_in(KINDS)
    for row in unknown.arg_true():
        kind = items["kind"][row]
        yield Problem(
            row,
            "kind",
            f"there is no kind '{kind[:40]}'",
            f"{nearest(kind, KINDS)}Kinds are {', '.join(KINDS)}.",
        )


def _too_long(items: pl.DataFrame, longest: LongestText | None) -> Iterator[Problem]:
    if longest is None:
        return
    for name in PROSE:
        for row in (items[name].str.len_chars() > longest.characters).fill_null(False).arg_true():
            has = f"the text has {len(items[name][row]):,} characters"
            yield Problem(row, name, f"{has}, and at most {longest.characters:,} are read", longest.remedy)


def _without_substance(items: pl.DataFrame) -> Iterator[Problem]:
    for row in items["id"].is_null().arg_true():
        yield Problem(
            row, "id", "the id is empty", "Give every row an id, or number the rows with id=row_number."
        )
    bare = items["text"].is_null() & items["media"].is_null() & items["kind"].is_in(WRITTEN)
    for row in bare.arg_true():
        yield Problem(
            row, "text", "the item has neither text nor media", "Give it one, or leave the row out."
        )


def _repeated(items: pl.DataFrame, problems: dict[int, Problem], seen: SeenIds) -> list[Problem]:
    fine = pl.Series(range(len(items)), dtype=pl.Int64)
    if problems:
        fine = fine.filter(~fine.is_in(list(problems)))
    again = seen.add(items["id"].gather(fine))
    return [
        Problem(row, "id", "the id came before in this run", "Give every item an id of its own.")
        for row in fine.filter(again)
    ]
