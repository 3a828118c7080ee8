"""From labels to one answer per item: several people may have looked, and the majority counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import nearest


@dataclass(frozen=True)
class Votes:
    """`answers` has item_id and y, one row per item that has an answer; `tied` items have none."""

    answers: pl.DataFrame
    tied: int


@dataclass(frozen=True)
class Ballots:
    """Labels ready to be counted: item_id, violates, policy, voter. `single`: no item has two rows."""

    rows: pl.DataFrame
    single: bool

    @property
    def policies(self) -> list[str]:
        return sorted(self.rows["policy"].drop_nulls().unique())

    def of(self, items: pl.DataFrame) -> Ballots:
        """Those of these items alone; where no item has two, in the order of the items."""
        ids = items.select("item_id")
        if self.rows["item_id"].equals(items["item_id"]):  # a filled-in audit sheet, as a rule
            return self
        if self.single:
            return Ballots(ids.join(self.rows, on="item_id", maintain_order="left"), single=True)
        return Ballots(self.rows.join(ids, on="item_id", how="semi"), single=False)


def ballots(labels: pl.DataFrame) -> Ballots:
    """Labels as votes; rows without an item or an answer are left out.

    Rows of one labeller on one item are one vote, of which only the latest count (see `latest`). Where no
    labeller is named, each row is a vote of its own, except that rows which name different policies are read
    as one person going through the policies.

    Raises:
        MeasureError: a column is missing.
    """
    for name in ("item_id", "violates"):
        if name not in labels.columns:
            raise MeasureError(
                f"the labels have no column '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, labels.columns)}Labels need item_id and violates.",
            )
    optional = [
        pl.col(name).cast(pl.String) if name in labels.columns else pl.lit(None, pl.String).alias(name)
        for name in ("policy", "labeller")
    ]
    given = [name for name in ("labelled_at",) if name in labels.columns]
    rows = labels.select(
        pl.col("item_id").cast(pl.String), pl.col("violates").cast(pl.Boolean), *optional, *given
    ).drop_nulls(["item_id", "violates"])
    if rows["item_id"].n_unique() == len(rows):
        return Ballots(rows.with_columns(voter=pl.lit("")), single=True)
    rows = latest(rows)
    nth = pl.int_range(pl.len()).over("item_id", "policy", "labeller").cast(pl.String)
    kind = pl.when(pl.col("policy").is_null()).then(pl.lit("row ")).otherwise(pl.lit("pass "))
    named = pl.lit("by ") + pl.col("labeller")
    return Ballots(rows.with_columns(voter=pl.coalesce(named, kind + nth)), single=False)


def latest(labels: pl.DataFrame) -> pl.DataFrame:
    """Labels without what the same labeller took back later.

    Of a labeller's rows on one item and policy only those of the latest `labelled_at` remain, and none that
    is older than their latest word that the item violates nothing (a no that names no policy). Rows without a
    time or a labeller remain: nobody can tell which came first, or that one person gave them.

    Args:
        labels: item_id and violates, and policy, labeller and labelled_at where they are known.
    """
    if not {"labeller", "labelled_at"} <= set(labels.columns):
        return labels
    said_at, whose = pl.col("labelled_at"), ["item_id", "labeller"]
    policy = pl.col("policy") if "policy" in labels.columns else pl.lit(None, pl.String)
    nothing = policy.is_null() & ~pl.col("violates")
    last = said_at.max().over(*whose, policy)
    cleared = said_at.filter(nothing).max().over(*whose)
    stands = (said_at == last) & (cleared.is_null() | (said_at >= cleared))
    return labels.filter(pl.col("labeller").is_null() | said_at.is_null() | stands)


def on_any_policy(labels: Ballots) -> Votes:
    """Whether each item violates at all: a voter says yes who says so for any policy."""
    if labels.single:
        return Votes(labels.rows.select("item_id", y="violates"), 0)
    return _majority(labels.rows.group_by("item_id", "voter").agg(vote=pl.col("violates").any()))


def on_policy(labels: Ballots, policy: str) -> Votes:
    """Whether each item violates this policy; see `words_on`."""
    words = words_on(labels, policy)
    if labels.single:
        return Votes(words.select("item_id", y="vote"), 0)
    return _majority(words)


def words_on(labels: Ballots, policy: str) -> pl.DataFrame:
    """What each voter says of this policy: item_id, voter, vote.

    A voter who spoke of this policy is taken at their word. One who named another policy as violated, or said
    that the item violates none, says no to this one. One who said that it violates without saying what, or
    who cleared it of another policy only, says nothing of this one.
    """
    # A row's word on this policy; null where it has none.
    this, named = pl.col("policy") == policy, pl.col("policy").is_not_null()
    silent = pl.col("violates") != named
    word = pl.when(named & this).then(pl.col("violates")).when(~silent).then(False)
    rows = labels.rows.select("item_id", "voter", word=word, direct=(named & this))
    if labels.single:
        return rows.select("item_id", "voter", vote="word").drop_nulls()
    direct = pl.col("word").filter("direct").any()
    vote = pl.when(pl.col("direct").any()).then(direct).otherwise(pl.col("word").drop_nulls().first())
    return rows.group_by("item_id", "voter", maintain_order=True).agg(vote=vote).drop_nulls("vote")


def _majority(votes: pl.DataFrame) -> Votes:
    counted = votes.group_by("item_id").agg(share=pl.col("vote").mean())
    decided = counted.filter(pl.col("share") != 0.5).select("item_id", y=pl.col("share") > 0.5)
    return Votes(decided, len(counted) - len(decided))
