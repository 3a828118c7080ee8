"""From labels to one answer per item: several people may have looked, and the majority counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tidegate.errors import MeasureError, Where


@dataclass(frozen=True)
class Votes:
    """`answers` has item_id and y, one row per item that has an answer; `tied` items have none."""

    answers: pl.DataFrame
    tied: int


def ballots(labels: pl.DataFrame) -> pl.DataFrame:
    """Labels with the columns item_id, violates, policy and voter; rows without an item or an answer are left out.

    Rows of one labeller on one item are one vote. Where no labeller is named, each row is a vote of its own,
    except that rows which name different policies are read as one person going through the policies.
    """
    for name in ("item_id", "violates"):
        if name not in labels.columns:
            raise MeasureError(
                f"the labels have no column '{name}'",
                where=Where(field=name),
                remedy="Labels need item_id and violates; see docs/tables.md.",
            )
    optional = [
        pl.col(name).cast(pl.String) if name in labels.columns else pl.lit(None, pl.String).alias(name)
        for name in ("policy", "labeller")
    ]
    rows = labels.select(pl.col("item_id").cast(pl.String), pl.col("violates").cast(pl.Boolean), *optional)
    anonymous = pl.int_range(pl.len()).over("item_id", "policy", "labeller").cast(pl.String)
    unnamed = pl.concat_str(pl.when(pl.col("policy").is_null()).then(pl.lit("row ")).otherwise(pl.lit("pass ")), anonymous)
    return rows.drop_nulls(["item_id", "violates"]).with_columns(
        voter=pl.when(pl.col("labeller").is_null()).then(unnamed).otherwise(pl.lit("by ") + pl.col("labeller"))
    )


def on_any_policy(rows: pl.DataFrame) -> Votes:
    """Whether each item violates at all: a voter says yes who says so for any policy."""
    return _majority(rows.group_by("item_id", "voter").agg(vote=pl.col("violates").any()))


def on_policy(rows: pl.DataFrame, policy: str) -> Votes:
    """Whether each item violates this policy.

    A voter who spoke of this policy is taken at their word. One who named another policy as violated, or said
    that the item violates none, says no to this one. One who said that it violates without saying what, or who
    cleared it of another policy only, says nothing of this one.
    """
    this = pl.col("policy") == policy
    other = pl.col("policy") != policy
    clears = (pl.col("violates") & other) | (~pl.col("violates") & pl.col("policy").is_null())
    vote = (
        pl.when(this.fill_null(False).any())
        .then((pl.col("violates") & this).fill_null(False).any())
        .when(clears.fill_null(False).any())
        .then(False)
    )
    return _majority(rows.group_by("item_id", "voter").agg(vote=vote).drop_nulls("vote"))


def _majority(votes: pl.DataFrame) -> Votes:
    counted = votes.group_by("item_id").agg(share=pl.col("vote").mean())
    decided = counted.filter(pl.col("share") != 0.5).select("item_id", y=pl.col("share") > 0.5)
    return Votes(decided, len(counted) - len(decided))
