"""A strategy as one SQL query in a warehouse's own dialect, with the meaning that the other evaluators have.

sqlglot writes the dialects. What it cannot know is settled here: the border, the collation of texts,
functions that ignore NULL in some warehouses only, and what a column with a dot in its name is called.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

from sqlglot import exp

from tidegate.errors import TidegateError, Where
from tidegate.names import nearest
from tidegate.strategy.expressions import condition_sql, quoted_column
from tidegate.strategy.model import Rule, Strategy
from tidegate.tables import SignalType

DIALECTS = ("duckdb", "postgres", "spark", "bigquery", "snowflake", "clickhouse", "trino")
IGNORE_NULLS = ("duckdb", "postgres", "spark")
"""Dialects whose greatest() and least() pass over NULLs, as the language has it."""
ENDS_BEFORE_A_BREAK = ("spark", "trino")
"""Dialects whose `$`, as Java has it, also stands before a line break that ends the text."""
_DOLLAR = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
"""An escaped character, a class, or the end of the text."""
COLUMNS = ("action", "rule", "policy", "queue")


def to_sql(strategy: Strategy, dialect: str, *, table: str = "signals") -> str:
    """The strategy as one query over a table of signals: item_id, action, rule, policy, queue.

    The table has `item_id` and a column per signal, named `detector.field`; in BigQuery, where no name may
    hold a dot, a STRUCT column per detector. Every signal counts as known: NULL is NULL.

    Raises:
        TidegateError: the dialect is not one of `DIALECTS`.
    """
    if dialect not in DIALECTS:
        raise TidegateError(
            f"no SQL is written for '{dialect}'",
            where=Where(field="dialect"),
            remedy=f"{nearest(dialect, DIALECTS)}There are {', '.join(DIALECTS)}.",
        )
    alias = _struct_alias if dialect == "bigquery" else quoted_column
    source = exp.to_table(table, dialect=dialect)
    border = exp.select("item_id", *(_border(name, kind, dialect) for name, kind in strategy.types.items()))
    decided = exp.select("item_id", exp.alias_(_adapted(_case(strategy, alias), dialect), "place"))
    query = (
        exp.select("item_id", *(_column(name, strategy.rules) for name in COLUMNS))
        .from_("decided")
        .with_("border", as_=border.from_(source))
        .with_("decided", as_=decided.from_("border"))
    )
    return query.sql(dialect=dialect, pretty=True)


def _struct_alias(name: str) -> exp.Expr:
    return quoted_column(name.replace(".", "__"))


def _border(name: str, kind: SignalType, dialect: str) -> exp.Expr:
    """One signal as rules may read it: a finite double, a text ordered by code point, a boolean."""
    column: exp.Expr = quoted_column(name)
    label = name
    if dialect == "bigquery":
        detector, _, field = name.partition(".")
        column = exp.column(exp.to_identifier(field, quoted=True), exp.to_identifier(detector, quoted=True))
        label = name.replace(".", "__")
    if kind is SignalType.NUMBER:
        double = exp.cast(column, exp.DataType.Type.DOUBLE)
        largest = exp.Literal.number(repr(sys.float_info.max))
        finite = exp.Between(this=double, low=exp.Neg(this=largest.copy()), high=largest)
        column = exp.Case().when(finite, double.copy())
    elif kind is SignalType.TEXT and dialect == "postgres":
        column = exp.Collate(this=column, expression=exp.to_identifier("C", quoted=True))
    return exp.alias_(column, label, quoted=True)


def _case(strategy: Strategy, column: Callable[[str], exp.Expr]) -> exp.Expr:
    case = exp.Case()
    for index, rule in enumerate(strategy.rules):
        if rule.condition is None:
            literal = exp.Literal.number(index)
            return case.else_(literal, copy=False) if case.args.get("ifs") else literal
        case = case.when(condition_sql(rule.condition, column), exp.Literal.number(index), copy=False)
    return case


def _column(name: str, rules: Sequence[Rule]) -> exp.Expr:
    """An output column: which text it has after which rules."""
    places: dict[str, list[exp.Expr]] = {}
    for index, rule in enumerate(rules):
        text = {"action": rule.then, "rule": rule.id, "policy": rule.policy, "queue": rule.queue}[name]
        if text is not None:
            places.setdefault(text, []).append(exp.Literal.number(index))
    if not places:
        return exp.alias_(exp.cast(exp.Null(), exp.DataType.Type.TEXT), name)
    case = exp.Case()
    for text, members in places.items():
        case = case.when(
            exp.In(this=exp.column("place"), expressions=members), exp.Literal.string(text), copy=False
        )
    return exp.alias_(case, name)


def _adapted(tree: exp.Expr, dialect: str) -> exp.Expr:
    """The tree with what means something else in the dialect said in another way."""

    def adapt(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Greatest | exp.Least) and dialect not in IGNORE_NULLS:
            return _null_ignoring(node)
        if isinstance(node, exp.RegexpLike) and dialect in ENDS_BEFORE_A_BREAK:
            pattern = exp.Literal.string(_to_the_very_end(node.expression.name))
            return exp.RegexpLike(this=node.this, expression=pattern)
        if isinstance(node, exp.RegexpLike) and dialect == "snowflake":
            # REGEXP_LIKE must match the whole text there; INSTR looks for the pattern anywhere.
            found = exp.Anonymous(this="REGEXP_INSTR", expressions=[node.this, node.expression])
            return exp.Paren(this=exp.GT(this=found, expression=exp.Literal.number(0)))
        if isinstance(node, exp.Length) and dialect == "clickhouse":
            return exp.Anonymous(this="lengthUTF8", expressions=[node.this])
        return node

    return tree.transform(adapt)


def _to_the_very_end(pattern: str) -> str:
    r"""The pattern with `\z` for `$`, which stands for itself where it is escaped or in a class."""
    return _DOLLAR.sub(lambda found: r"\z" if found[0] == "$" else found[0], pattern)


def _null_ignoring(node: exp.Greatest | exp.Least) -> exp.Expr:
    """Each argument falls back on the others, so that the result is NULL only where all are."""
    arguments = [node.this, *node.expressions]
    fallen = [
        exp.Coalesce(
            this=argument.copy(), expressions=[other.copy() for other in arguments if other is not argument]
        )
        for argument in arguments
    ]
    return type(node)(this=fallen[0], expressions=fallen[1:], ignore_nulls=False)
