"""Known truth as an SQL expression over the file's own columns, evaluated by DuckDB, batch by batch.

The expression says of a row, by itself, whether it violates (and another one, under which policy). It cannot
reach anything else: no other table, no file, no setting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from tidegate.errors import InputError, Where
from tidegate.names import nearest
from tidegate.tables import TRUTH
from tidegate.warehouse.sources import Source

REFUSED: Mapping[type[Any], str] = {
    exp.Query: "a subquery",
    exp.AggFunc: "an aggregate over rows",
    exp.Window: "a window over rows",
    exp.Explode: "unnest, which makes more rows",
    exp.Unnest: "unnest, which makes more rows",
    exp.Star: "a star",
    exp.Placeholder: "a placeholder",
    exp.Parameter: "a parameter",
    **dict.fromkeys((exp.Rand, exp.Uuid), "chance"),
    **dict.fromkeys(
        (
            *(exp.CurrentDate, exp.CurrentDatetime, exp.CurrentTime, exp.CurrentTimestamp),
            *(exp.Localtime, exp.Localtimestamp),
        ),
        "the time of asking",
    ),
}
SETTINGS = "set threads = 1; set enable_external_access = false; set lock_configuration = true"


@dataclass(frozen=True)
class TruthExpressions:
    """The two expressions: whether a row violates, and the policy it violates (None where not asked for)."""

    violates: str
    policy: str | None = None

    @property
    def named(self) -> dict[str, str]:
        return {"truth": self.violates} | ({"truth_policy": self.policy} if self.policy else {})


def columns_read(truth: TruthExpressions, names: Sequence[str]) -> list[str]:
    """Which of the file's columns the expressions read.

    Raises:
        InputError: an expression is not one SQL expression about a single row.
    """
    mentioned = set()
    for option, text in truth.named.items():
        mentioned |= {name.casefold() for name in _mentioned(option, text)}
    return [name for name in names if name.casefold() in mentioned]


def _mentioned(option: str, text: str) -> set[str]:
    where = Where(field=option)
    try:
        parsed = [one for one in sqlglot.parse(text, dialect="duckdb") if one is not None]
    except sqlglot.errors.SqlglotError as error:
        raise InputError(
            f"'{text}' is not an SQL expression",
            where=where,
            remedy="Write a condition over the file's columns, such as label <> 'neither'.",
        ) from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Condition):
        raise InputError(
            f"'{text}' is not one SQL expression",
            where=where,
            remedy="Write one condition over the file's columns, such as label <> 'neither'.",
        )
    for kind, name in REFUSED.items():
        if parsed[0].find(kind):
            raise InputError(
                f"'{text}' holds {name}",
                where=where,
                remedy="Let it speak of one row at a time, by its columns.",
            )
    for call in parsed[0].find_all(exp.Anonymous):
        if call.name.casefold() in _unsteady():
            raise InputError(
                f"'{text}' holds {call.name}(), which answers otherwise each time",
                where=where,
                remedy="Truth is the same whenever it is asked: let it speak of the row's columns alone.",
            )
    return {part.name for column in parsed[0].find_all(exp.Column) for part in column.parts}


@cache
def _unsteady() -> frozenset[str]:
    """The database's functions whose answer depends on more than their arguments."""
    query = (
        "select function_name from duckdb_functions() "
        "where stability <> 'CONSISTENT' and function_type = 'scalar'"
    )
    with duckdb.connect(":memory:") as connection:
        return frozenset(name.casefold() for (name,) in connection.execute(query).fetchall())


class TruthReader:
    """The expressions bound to the columns of one source."""

    def __init__(
        self, truth: TruthExpressions, types: Mapping[str, pl.DataType], names: Sequence[str], source: Source
    ) -> None:
        """Bind the expressions to the columns that they read (`types`) among all that the file has (`names`).

        Raises:
            InputError: a column is not in the file, or an expression has the wrong type.
        """
        self._truth = truth
        self._names = names
        self._source = source
        self._connection = duckdb.connect(":memory:")
        self._connection.execute(SETTINGS)
        self._check(types)

    def read(self, typed: pl.DataFrame, ids: pl.Series, numbers: Sequence[int]) -> pl.DataFrame:
        """The truth of the rows, in the columns of `tables.TRUTH`; `numbers` are their places in the file.

        Raises:
            InputError: an expression fails on some row.
        """
        try:
            found = self._evaluate(typed)
        except duckdb.Error as error:
            option, message = self._culprit(typed, error)
            raise InputError(
                f"the expression fails on a row between {numbers[0]} and {numbers[-1]}: {message}",
                where=Where(self._source.name, field=option),
                remedy="Use try_cast where a column holds different things.",
            ) from error
        return found.select(item_id=pl.lit(ids), violates="truth", policy="policy").cast(
            {column.name: column.dtype for column in TRUTH.columns}
        )

    def _check(self, types: Mapping[str, pl.DataType]) -> None:
        empty = pl.DataFrame(schema=dict(types))
        for (option, text), wanted in zip(self._truth.named.items(), (pl.Boolean, pl.String), strict=False):
            try:
                found = self._select(empty, [f"({text}\n) as found"])["found"].dtype
            except duckdb.Error as error:
                raise self._unbound(option, text, error) from error
            if found not in (wanted, pl.Null):
                raise InputError(
                    f"'{text}' gives {found}, not {wanted}",
                    where=Where(self._source.name, field=option),
                    remedy="Compare it with something: label = 1."
                    if wanted == pl.Boolean
                    else "Let it give the policy's id, as text.",
                )

    def _evaluate(self, typed: pl.DataFrame) -> pl.DataFrame:
        policy = self._truth.policy or "null"
        return self._select(
            typed, [f"({self._truth.violates}\n) as truth", f"({policy}\n)::varchar as policy"]
        )

    def _culprit(self, typed: pl.DataFrame, error: duckdb.Error) -> tuple[str, str]:
        for option, text in self._truth.named.items():
            try:
                self._select(typed, [f"({text}\n) as found"])
            except duckdb.Error as own:
                return option, _first_line(own)
        return "truth", _first_line(error)

    def _select(self, rows: pl.DataFrame, selected: Sequence[str]) -> pl.DataFrame:
        # A table needs a column, also where the expression reads none. And DuckDB promises no order where it
        # turns a long list of values into a join.
        self._connection.register("rows", rows.with_row_index(" row").to_arrow())
        try:
            found = self._connection.sql(f'select {", ".join(selected)}, " row" from rows').pl()
            answer: pl.DataFrame = found.sort(" row").drop(" row")
            return answer
        finally:
            self._connection.unregister("rows")

    def _unbound(self, option: str, text: str, error: duckdb.Error) -> InputError:
        known = {name.casefold() for name in self._names}
        unknown = [name for name in sorted(_mentioned(option, text)) if name.casefold() not in known]
        guess = next(filter(None, (nearest(name, self._names) for name in unknown)), "")
        return InputError(
            f"'{text}' cannot be evaluated: {_first_line(error)}",
            where=Where(self._source.name, field=option),
            remedy=f"{guess}The file's columns are {', '.join(self._names)}.",
        )


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]
