"""The five calls that a notebook needs: load a strategy, score a frame, decide, estimate, plot.

They are the command line's own steps, on frames instead of files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from tidegate.errors import InputError, MeasureError, Where
from tidegate.measure import draw, plot
from tidegate.measure import estimate as estimate_population
from tidegate.names import nearest, quoted
from tidegate.policy.ladder import LADDER, Ladder
from tidegate.runs.audit import day_of, probabilities
from tidegate.runs.bench import Bench, set_up
from tidegate.runs.population import ITEM_SLICES
from tidegate.strategy import cascade, decisions_frame
from tidegate.tables import ITEMS, KINDS

__all__ = ["decide", "estimate", "load_strategy", "plot", "score"]


def load_strategy(path: Path | str = "starter", *, let: Mapping[str, float] | None = None) -> Bench:
    """A strategy file, checked, together with the detectors of the workspace that it lies in.

    Raises:
        StrategyError: every problem of the file, each with its line and remedy.
    """
    return set_up(path, let=let)


def score(posts: pl.DataFrame, bench: Bench) -> pl.DataFrame:
    """Every signal of the strategy's detectors for every post: item_id, the signals, their statuses.

    `posts` needs the columns id and text; any other column of `tables.ITEMS` is used where it is there.
    """
    items = as_items(posts)
    answers = [bench.ask(name, items).drop("item_id") for name in sorted(bench.strategy.detectors)]
    return pl.concat([items.select(item_id="id"), *answers], how="horizontal")


def decide(posts: pl.DataFrame, signals: pl.DataFrame | None, bench: Bench) -> pl.DataFrame:
    """One decision per post, in the columns of `tables.DECISIONS`, the audit sample drawn.

    `signals`, as `score` gives them, may stand in any order and be of more posts than these. With `signals`
    None the cascade computes only what the decisions need.

    Raises:
        InputError: a post has no row of signals, or several.
    """
    items = as_items(posts)
    given = None if signals is None else _in_order(signals, items)
    result = cascade(bench.strategy, items, bench.ask, catalog=bench.catalog, given=given)
    decisions = decisions_frame(
        bench.strategy, result.resolution, result.signals, bench.catalog, ladder=bench.workspace.ladder
    )
    day = items.select(day_of(pl.col("created_at")))
    p = probabilities(
        bench.strategy, pl.concat([decisions, day, result.signals.drop("item_id")], how="horizontal")
    )
    audited = draw(decisions["item_id"], p, bench.workspace.audit_seed)
    return decisions.with_columns(audit_probability=pl.Series(p), audited=pl.Series(audited))


def estimate(
    decisions: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    by: Sequence[str] = (),
    posts: pl.DataFrame | None = None,
    ladder: Ladder = LADDER,
    confidence: float = 0.95,
) -> pl.DataFrame:
    """Leakage and overkill with intervals, from the labels of audited items: see `measure.estimate`.

    `posts` brings the views, and the columns of items that `by` names; without it figures are by item only.

    Raises:
        MeasureError: `by` names a column of the posts, and there are none; an action is not on the ladder;
            or the labels are not true or false.
    """
    outcomes = {action.name: action.outcome.value for action in ladder}
    if unknown := sorted(set(decisions["action"]) - set(outcomes)):
        raise MeasureError(
            f"the ladder has no action '{unknown[0]}'",
            where=Where(field="action"),
            remedy="Pass the workspace's own: estimate(…, ladder=strategy.workspace.ladder).",
        )
    if labels.schema["violates"] != pl.Boolean:
        raise MeasureError(
            f"the labels' violates is {labels.schema['violates']}, not true or false",
            where=Where(field="violates"),
            remedy="Say what it means: labels.with_columns(violates=pl.col('violates') == 'yes').",
        )
    population = decisions.with_columns(
        outcome=pl.col("action").replace_strict(outcomes, return_dtype=pl.String)
    )
    if posts is not None:
        items = as_items(posts).rename({"id": "item_id"})
        population = population.join(items, on="item_id", how="left")
        return estimate_population(population, labels, by=by, confidence=confidence)
    for name in by:
        if name in ITEM_SLICES:
            raise MeasureError(
                f"'{name}' is a column of the posts, and no posts were given",
                where=Where(field=name),
                remedy="Pass them: estimate(decisions, labels, by=[…], posts=posts).",
            )
    population = population.with_columns(views=pl.lit(None, ITEMS["views"].dtype))
    figures = estimate_population(population, labels, by=by, confidence=confidence)
    return figures.filter(pl.col("weight") == "item")


def as_items(posts: pl.DataFrame) -> pl.DataFrame:
    """`posts` in the columns of `tables.ITEMS`, missing ones empty.

    Raises:
        InputError: id or text is missing, an id is empty or comes twice, a column has the wrong type, a kind
            is unknown, or views are negative.
    """
    for name in ("id", "text"):
        if name not in posts.columns:
            raise InputError(
                f"the frame has no column '{name}'",
                where=Where(field=name),
                remedy=f"Rename it: posts.rename({{'your_column': '{name}'}}).",
            )
    columns = []
    for column in ITEMS.columns:
        if column.name in posts.columns:
            columns.append(pl.col(column.name).cast(column.dtype))
        else:
            columns.append(pl.lit(None, dtype=column.dtype).alias(column.name))
    try:
        items = posts.select(columns).with_columns(pl.col("kind").fill_null("text"))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"a column has the wrong type: {error}", remedy="See docs/tables.md.") from error
    if items["id"].null_count() or items["id"].is_duplicated().any():
        raise InputError(
            "an id is missing or comes twice",
            where=Where(field="id"),
            remedy="Give every post an id of its own.",
        )
    if unknown := sorted(set(items["kind"]) - set(KINDS)):
        raise InputError(
            f"there is no kind {quoted(unknown[0])}",
            where=Where(field="kind"),
            remedy=f"{nearest(unknown[0], KINDS)}Kinds are {', '.join(KINDS)}.",
        )
    if (items["views"] < 0).any():
        raise InputError(
            "a post has fewer than no views",
            where=Where(field="views"),
            remedy="Give a number from 0, or null where it is unknown.",
        )
    return items


def _in_order(signals: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The signals of these items, in their order."""
    if "item_id" not in signals.columns:
        raise InputError(
            "the signals have no column 'item_id'",
            where=Where(field="item_id"),
            remedy="Pass what `score` gives.",
        )
    if signals["item_id"].equals(items["id"]):
        return signals
    of_these = signals.filter(pl.col("item_id").is_in(items["id"].implode()))
    if len(of_these) != len(items) or of_these["item_id"].is_duplicated().any():
        raise InputError(
            f"{len(of_these):,} rows of signals belong to these {len(items):,} posts",
            where=Where(field="item_id"),
            remedy="Pass one row of signals for each post: score(posts, strategy).",
        )
    return items.select(item_id="id").join(of_these, on="item_id", how="left", maintain_order="left")
