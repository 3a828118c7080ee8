"""From decided items and their labels to the rows that a gate judges, in the order in which they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tidegate.measure.draw import uniforms
from tidegate.measure.figures import BAD, TARGET
from tidegate.measure.gates.settings import CHANGES, RATES
from tidegate.measure.population import checked
from tidegate.measure.votes import ballots, on_any_policy

ROWS = {"item_id": pl.String, "measure": pl.String, "x": pl.Float64, "weight": pl.Float64}
ORDER_SEED = "the order of a gate"


@dataclass(frozen=True)
class Disagreement:
    """What is known of one change without any label: see `settings.Criterion` for `share` and `net`."""

    share: float
    net: float
    items: int


def rate_rows(population: pl.DataFrame, labels: pl.DataFrame, *, batch: Sequence[str] = ()) -> pl.DataFrame:
    """The rows for gates on `overkill_rate` and `leakage_rate`.

    Args:
        population: as for `measure.estimate`, its rows in the order in which they were decided.
        labels: `tables.LABELS`; those of items that were not drawn are left out.
        batch: columns of the population; items that are alike in them, and adjacent, were decided together.
            Among these the order is drawn by a hash of the id, so that a file that is sorted by language
            does not look like an arm that changes halfway.

    Returns:
        item_id, measure, x (1 for an error, 0 for none, null while awaited or tied), weight (1/probability).

    Raises:
        MeasureError: a column is missing or senseless.
    """
    drawn = _drawn(population, labels, ("outcome",), batch)
    parts = [
        drawn.filter(pl.col("outcome") == TARGET[_error(measure)]).select(
            "item_id",
            pl.lit(measure).alias("measure"),
            (pl.col("y") == bool(BAD[_error(measure)])).cast(pl.Float64).alias("x"),
            (1 / pl.col("p")).alias("weight"),
        )
        for measure in RATES
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema=ROWS)


def change_rows(
    population: pl.DataFrame, labels: pl.DataFrame, *, batch: Sequence[str] = ()
) -> tuple[pl.DataFrame, dict[str, Disagreement]]:
    """The rows for gates on `overkill_change` and `leakage_change`, and what is known without labels.

    Where both strategies give an item the same outcome they make the same errors, so only items that move
    into or out of the outcome in question have rows (McNemar 1947: nothing is learnt from the concordant).

    Args:
        population: as for `measure.differences`: outcome_before (the current strategy's) and outcome_after
            (the arm's); the audit columns say with which probability each item was drawn.
        labels, batch: as for `rate_rows`.

    Returns:
        item_id, measure, x ((d + 1)/2: 1 for an error that only the arm makes, 0 for one that only the
        current strategy makes, ½ for neither, null while awaited), weight; and per measure its disagreement.
    """
    sides = ("outcome_before", "outcome_after")
    drawn = _drawn(population, labels, sides, batch)
    parts, known = [], {}
    for measure in CHANGES:
        target, bad = TARGET[_error(measure)], bool(BAD[_error(measure)])
        moved = (pl.col(sides[1]) == target).cast(pl.Int8) - (pl.col(sides[0]) == target).cast(pl.Int8)
        change = population.select(moved=moved).to_series()
        items = int((change != 0).sum())
        share, net = (items / len(population), float(change.sum()) / items) if items else (0.0, 0.0)
        known[measure] = Disagreement(share, net, items)
        parts.append(
            drawn.with_columns(moved=moved)
            .filter(pl.col("moved") != 0)
            .select(
                "item_id",
                pl.lit(measure).alias("measure"),
                ((pl.col("moved") * (pl.col("y") == bad).cast(pl.Int8) + 1) / 2).alias("x"),
                (1 / pl.col("p")).alias("weight"),
            )
        )
    return pl.concat(parts), known


def _error(measure: str) -> str:
    return measure.partition("_")[0]


def _drawn(
    population: pl.DataFrame, labels: pl.DataFrame, outcomes: Sequence[str], batch: Sequence[str]
) -> pl.DataFrame:
    """The drawn items in the order in which they count, with `y`, null where there is no answer yet."""
    frame = checked(population, batch, outcomes)
    together = [pl.col(f"slice:{name}") for name in batch]
    group = pl.struct(together).rle_id() if together else pl.int_range(pl.len())
    drawn = frame.with_columns(group=group).filter("audited")
    answers = on_any_policy(ballots(labels).of(drawn)).answers
    turn = pl.Series("turn", uniforms(drawn["item_id"], ORDER_SEED), dtype=pl.Float64)
    return (
        drawn.with_columns(turn)
        .sort("group", "turn")
        .join(answers, on="item_id", how="left", maintain_order="left")
    )
