"""What can be said of an item in one clause: "language is zh", "views ≥ 120", "the text has 'x'".

Predicates are the columns of a sparse matrix of items × predicates. Which of them exist is decided without
looking at an error, so that a search over them can be repeated on permuted errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from tidegate.errors import MeasureError, Where

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
WORD = "word"


@dataclass(frozen=True)
class Predicate:
    """One clause: a field, how it is compared (`is`, `≥`, `<`, `has`) and with what; None for missing."""

    field: str
    comparison: str
    value: str | float | bool | None

    def __str__(self) -> str:
        if self.comparison == "has":
            return f"the text has '{self.value}'"
        if self.value is None:
            return f"{self.field} is missing"
        shown = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.field} {self.comparison} {shown}"


@dataclass(frozen=True)
class Predicates:
    """`matrix` holds 1 where an item (row) is as the predicate (column) says; shape (items, predicates)."""

    clauses: tuple[Predicate, ...]
    matrix: sparse.csr_array


def predicates(
    items: pl.DataFrame,
    words: pl.Series | None = None,
    *,
    least: float = 0.003,
    most: float = 0.5,
    fewest: int = 10,
) -> Predicates:
    """Every clause that holds for neither too few nor too many of the items.

    Args:
        items: one column per field. Text and boolean columns give a clause per value, numbers give "at least"
            and "below" at some of their quantiles; nulls give "is missing".
        words: the words of each item, a list column, null where it has none.
        least: the share of items that a clause must hold for.
        most: the share of items that a word may occur in; of other clauses, 1 − least.
        fewest: the number of items that a clause must hold for.

    Clauses that hold for the same items are one clause: the first, in the order of the columns.

    Raises:
        MeasureError: `words` is not of the items, or a column cannot be read as text, number or boolean.
    """
    if words is not None and len(words) != len(items):
        raise MeasureError(
            f"there are {len(items):,} items and the words of {len(words):,}",
            where=Where(field=WORD),
            remedy="Give one list of words per item.",
        )
    smallest = max(fewest, int(np.ceil(least * len(items))))
    found: list[tuple[Predicate, NDArray[np.intp]]] = []
    for name in items.columns:
        clauses = _of_column(items[name])
        largest = len(items) - smallest
        found += [(clause, rows) for clause, rows in clauses if smallest <= len(rows) <= largest]
    if words is not None:
        found += _of_words(words, smallest, most * len(items))
    return _as_matrix(_without_twins(found), len(items))


def _of_column(column: pl.Series) -> list[tuple[Predicate, NDArray[np.intp]]]:
    missing = (Predicate(column.name, "is", None), np.flatnonzero(column.is_null().to_numpy()))
    if column.dtype.is_numeric():
        return [missing, *_of_numbers(column.cast(pl.Float64))]
    if column.dtype not in (pl.String, pl.Boolean):
        raise MeasureError(
            f"a {column.dtype} is neither text, number nor boolean",
            where=Where(field=column.name),
            remedy="Cast the column to one of these, or leave it out.",
        )
    groups = (
        pl.DataFrame({"value": column, "row": np.arange(len(column))})
        .drop_nulls("value")
        .group_by("value", maintain_order=True)
        .agg("row")
        .sort("value")
    )
    return [
        missing,
        *(
            (Predicate(column.name, "is", value), np.asarray(rows, dtype=np.intp))
            for value, rows in groups.iter_rows()
        ),
    ]


def _of_numbers(column: pl.Series) -> list[tuple[Predicate, NDArray[np.intp]]]:
    values = column.to_numpy()
    known = values[~np.isnan(values)]
    found = []
    for cut in np.unique(np.quantile(known, QUANTILES)) if len(known) else ():
        at = float(f"{cut:.4g}")
        found += [
            (Predicate(column.name, "≥", at), np.flatnonzero(values >= at)),
            (Predicate(column.name, "<", at), np.flatnonzero(values < at)),
        ]
    return found


def _of_words(words: pl.Series, smallest: int, largest: float) -> list[tuple[Predicate, NDArray[np.intp]]]:
    groups = (
        pl.DataFrame({"word": words, "row": np.arange(len(words))})
        .explode("word")
        .drop_nulls("word")
        .unique()
        .group_by("word")
        .agg(pl.col("row").sort())
        .filter(pl.col("row").list.len().is_between(smallest, largest))
        .sort("word")
    )
    return [
        (Predicate(WORD, "has", word), np.asarray(rows, dtype=np.intp)) for word, rows in groups.iter_rows()
    ]


def _without_twins(
    found: Sequence[tuple[Predicate, NDArray[np.intp]]],
) -> list[tuple[Predicate, NDArray[np.intp]]]:
    first: dict[bytes, tuple[Predicate, NDArray[np.intp]]] = {}
    for clause, rows in found:
        first.setdefault(rows.tobytes(), (clause, rows))
    return list(first.values())


def _as_matrix(found: Sequence[tuple[Predicate, NDArray[np.intp]]], items: int) -> Predicates:
    ends = np.cumsum([0, *(len(rows) for _, rows in found)])
    indices = np.concatenate([rows for _, rows in found]) if found else np.empty(0, dtype=np.intp)
    columns = sparse.csc_array(
        (np.ones(len(indices), dtype=np.int32), indices, ends), shape=(items, len(found))
    )
    return Predicates(tuple(clause for clause, _ in found), columns.tocsr())
