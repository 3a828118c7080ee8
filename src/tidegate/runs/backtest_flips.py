"""What changes, counted: the run's decisions beside the new ones, in streaming aggregations by DuckDB.

A flip is an item whose action changes. Items that the new strategy leaves undetermined are no flips; they
have no action after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from tidegate.policy.ladder import Ladder, Outcome
from tidegate.runs.backtest_decide import CODE, order_of, ran
from tidegate.runs.backtest_sql import identifier, literal, lookup
from tidegate.runs.backtest_trial import Trial
from tidegate.runs.population import DECISION_SLICES, SLICES, check_slices
from tidegate.strategy.partial import DETECTOR_FAILED, FIRST_NEED
from tidegate.tables import Dtype

FAILED = "(a detector failed)"
"""Stands where a rule would, for items that went to review because a detector failed."""

NONE = "(none)"
MOST_VIEWED = 20


@dataclass(frozen=True)
class Change:
    """A quantity under the run's strategy and under the new one."""

    before: float
    after: float


@dataclass(frozen=True)
class Totals:
    """Sums over the run.

    flips: items whose action changes. other_rule: items that another rule decides, with the same action.
    undetermined: items without an action after. views, views_flipped: views of all items, and of the flips.
    reviews: items that go to people, undetermined ones left out on both sides.
    cost_ms, cost_money: as declared by the detectors, in milliseconds of one core and US dollars; `after` is
    what the new strategy's own cascade would have computed, what undetermined items wait for first included.
    """

    items: int
    flips: int
    other_rule: int
    undetermined: int
    views: int
    views_flipped: int
    reviews: Change
    cost_ms: Change
    cost_money: Change


@dataclass(frozen=True)
class Sides:
    """The run's tables beside the table of codes: see `sides`."""

    connection: duckdb.DuckDBPyConnection
    trial: Trial

    def ask(self, sql: str) -> pl.DataFrame:
        answer: pl.DataFrame = self.connection.sql(sql).pl()
        return answer

    def meanings(self) -> dict[str, str]:
        """Columns that follow from `action` and `after` alone, each as SQL.

        outcome is before; action_after, rule_after and outcome_after are null where undetermined, and needs
        is the detector that is missing then.
        """
        strategy = self.trial.bench.strategy
        rules = dict(enumerate(strategy.rules))
        actions = {k: rule.then for k, rule in rules.items()} | {DETECTOR_FAILED: strategy.ladder.review}
        return {
            "outcome": lookup("action", {a.name: a.outcome.value for a in self.trial.run.ladder}),
            "action_after": lookup(CODE, actions),
            "rule_after": lookup(CODE, {k: rule.id for k, rule in rules.items()} | {DETECTOR_FAILED: FAILED}),
            "outcome_after": lookup(CODE, {k: strategy.ladder[a].outcome.value for k, a in actions.items()}),
            "needs": lookup(CODE, {FIRST_NEED - k: name for k, name in enumerate(order_of(self.trial))}),
        }

    def with_meanings(self, relation: str) -> str:
        """A subquery of `relation`, which has `action` and `after`, with the meanings added.

        Groups are far fewer than rows, so it pays to add meanings after grouping.
        """
        added = ", ".join(f"{sql} AS {name}" for name, sql in self.meanings().items())
        return f"(SELECT *, {added} FROM {relation})"


def sides(connection: duckdb.DuckDBPyConnection, trial: Trial, by: Sequence[str]) -> Sides:
    """Make the view `sides` of decisions, items and codes: one row per item, in the order of the run.

    Columns: item_id, views, audited, audit_probability, cost_ms, cost_money, action, rule; after and
    `<detector>.ran`, as in `backtest_decide.codes_sql`; and the slices as `slice.<name>`.

    Raises:
        MeasureError: a slice is no column of items or decisions.
    """
    check_slices(by, SLICES)
    columns = [
        "decisions.item_id",
        "coalesce(items.views, 0) AS views",
        "audited",
        "audit_probability",
        "cost_ms",
        "cost_money",
        "action",
        f"coalesce(rule, {literal(FAILED)}) AS rule",
        "codes.*",
        *(f"{_slice(name)} AS {identifier('slice.' + name)}" for name in by),
    ]
    connection.execute(
        f"CREATE VIEW sides AS SELECT {', '.join(columns)} "
        "FROM decisions POSITIONAL JOIN items POSITIONAL JOIN codes"
    )
    return Sides(connection, trial)


def cells(table: Sides) -> pl.DataFrame:
    """Everything that adds up, per action and rule before and after.

    Columns: action, rule and after; items, views, cost_ms, cost_money and `<detector>.ran` (items for which
    it would be computed), as sums; and the meanings of `Sides`.
    """
    detectors = sorted(table.trial.bench.strategy.detectors)
    counts = "".join(f", count_if({identifier(ran(n))}) AS {identifier(ran(n))}" for n in detectors)
    grouped = (
        f"(SELECT action, rule, {CODE}, count(*) AS items, CAST(sum(views) AS BIGINT) AS views, "
        f"sum(cost_ms) AS cost_ms, sum(cost_money) AS cost_money{counts} FROM sides GROUP BY ALL)"
    )
    return table.ask(f"FROM {table.with_meanings(grouped)} ORDER BY action, rule, {CODE}")


def totals(cells: pl.DataFrame, trial: Trial) -> Totals:
    """The sums of `cells`."""
    specs = [trial.bench.catalog.detectors[name] for name in sorted(trial.bench.strategy.detectors)]
    asked = {spec: int(cells[ran(spec.name)].sum()) for spec in specs}
    same = (pl.col("action") == pl.col("action_after")) & (pl.col("rule") != pl.col("rule_after"))

    def of(column: str, rows: pl.Expr | None = None) -> int:
        return int((cells if rows is None else cells.filter(rows))[column].sum())

    held = Outcome.HELD.value
    return Totals(
        items=of("items"),
        flips=of("items", flipped()),
        other_rule=of("items", same),
        undetermined=of("items", pl.col("needs").is_not_null()),
        views=of("views"),
        views_flipped=of("views", flipped()),
        reviews=Change(
            of("items", (pl.col("outcome") == held) & pl.col("needs").is_null()),
            of("items", pl.col("outcome_after") == held),
        ),
        cost_ms=Change(
            float(cells["cost_ms"].sum()), float(sum(spec.cost_ms * n for spec, n in asked.items()))
        ),
        cost_money=Change(
            float(cells["cost_money"].sum()), float(sum(spec.cost_money * n for spec, n in asked.items()))
        ),
    )


def matrix(cells: pl.DataFrame, ladder: Ladder) -> pl.DataFrame:
    """action, action_after (null where undetermined), items, views; both in the ladder's order."""
    place = {name: k for k, name in enumerate(ladder.names)}
    return (
        cells.group_by("action", "action_after")
        .agg(pl.col("items").sum(), pl.col("views").sum())
        .sort(
            *(
                pl.col(c).replace_strict(place, default=len(place), return_dtype=pl.Int64)
                for c in ("action", "action_after")
            )
        )
    )


def flips_by_rule(cells: pl.DataFrame) -> pl.DataFrame:
    """rule, action, rule_after, action_after, items, views of the flips, most items first."""
    return (
        cells.filter(flipped())
        .select("rule", "action", "rule_after", "action_after", "items", "views")
        .sort("items", "views", "rule", "rule_after", descending=[True, True, False, False])
    )


def undetermined(cells: pl.DataFrame, trial: Trial) -> pl.DataFrame:
    """detector, items that wait for it first, and its declared cost_ms and cost_money for them."""
    specs = trial.bench.catalog.detectors
    waiting = (
        cells.filter(pl.col("needs").is_not_null()).group_by("needs").agg(pl.col("items").sum()).sort("needs")
    )
    return waiting.select(
        pl.col("needs").alias("detector"),
        "items",
        cost_ms=pl.Series([specs[n].cost_ms for n in waiting["needs"]], dtype=pl.Float64) * pl.col("items"),
        cost_money=pl.Series([specs[n].cost_money for n in waiting["needs"]], dtype=pl.Float64)
        * pl.col("items"),
    )


def by_slice(table: Sides, by: Sequence[str]) -> pl.DataFrame:
    """Per slice and value: items, flips, their views, reviews before and after; largest values first."""
    held = f"= {literal(Outcome.HELD.value)}"
    flips = "FILTER (action <> action_after)"
    parts = []
    for name in by:
        grouped = (
            f"(SELECT {identifier('slice.' + name)} AS value, action, {CODE}, "
            "count(*) AS n, sum(views) AS seen FROM sides GROUP BY ALL)"
        )
        parts.append(
            f"SELECT {literal(name)} AS slice, value, sum(n) AS items, coalesce(sum(n) {flips}, 0) AS flips, "
            f"sum(seen) AS views, coalesce(sum(seen) {flips}, 0) AS views_flipped, "
            f"coalesce(sum(n) FILTER (outcome {held} AND needs IS NULL), 0) AS reviews, "
            f"coalesce(sum(n) FILTER (outcome_after {held}), 0) AS reviews_after, "
            "coalesce(sum(n) FILTER (needs IS NOT NULL), 0) AS undetermined "
            f"FROM {table.with_meanings(grouped)} GROUP BY value"
        )
    if not parts:
        return pl.DataFrame(schema=SLICES_SCHEMA)
    found = pl.concat([table.ask(part).cast(pl.Schema(SLICES_SCHEMA)) for part in parts])
    return found.sort("slice", "items", "value", descending=[False, True, False], maintain_order=True)


SLICES_SCHEMA: dict[str, Dtype] = {
    "slice": pl.String,
    "value": pl.String,
    "items": pl.Int64,
    "flips": pl.Int64,
    "views": pl.Int64,
    "views_flipped": pl.Int64,
    "reviews": pl.Int64,
    "reviews_after": pl.Int64,
    "undetermined": pl.Int64,
}


def most_viewed(table: Sides, *, show_text: bool) -> pl.DataFrame:
    """The twenty most viewed flips: item_id, views, action and rule before and after; text if asked for."""
    columns = "item_id, views, action, rule, action_after, rule_after"
    found = table.ask(
        f"SELECT {columns} FROM {table.with_meanings('sides')} WHERE action <> action_after "
        f"ORDER BY views DESC, item_id LIMIT {MOST_VIEWED}"
    )
    if not show_text:
        return found
    ids = ", ".join(literal(item) for item in found["item_id"]) or "NULL"
    texts = table.ask(f"SELECT id AS item_id, text FROM items WHERE id IN ({ids})")
    return found.join(texts, on="item_id", how="left", maintain_order="left")


def outcomes(table: Sides) -> pl.DataFrame:
    """The population of `measure.differences`: the items whose outcome is known before and after."""
    return table.ask(
        "SELECT item_id, outcome AS outcome_before, outcome_after, views, audit_probability, audited "
        f"FROM {table.with_meanings('sides')} WHERE outcome_after IS NOT NULL"
    )


def flipped() -> pl.Expr:
    """Null after is undetermined, and no flip."""
    return (pl.col("action") != pl.col("action_after")).fill_null(False)


def _slice(name: str) -> str:
    table = "decisions" if name in DECISION_SLICES else "items"
    return f"coalesce(CAST({table}.{identifier(name)} AS VARCHAR), {literal(NONE)})"
