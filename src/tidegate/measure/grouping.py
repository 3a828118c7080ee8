"""From frames to cells: one pass over the population per slice and weight.

`sampled` keeps all that an interval needs; `exact` is for full truth, where there is nothing to infer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.measure.cells import BAND, CERTAIN, Cell, Seen, Whole, cell

Key = tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """A population (`population.checked`), its rows that have an answer `y`, and how many have a tie."""

    frame: pl.DataFrame
    labelled: pl.DataFrame
    tied: int = 0


def sampled(sample: Sample, keys: Sequence[str], weight: str, alpha: float) -> dict[Key, Cell]:
    """Every cell of the population by the values of `keys`, with what its labels say."""
    a = pl.col(weight) / pl.col("p")
    # Weightless items lie below all others.
    band = pl.when(a > 0).then((a.log() / np.log(BAND)).floor()).otherwise(-(10.0**6)).cast(pl.Int64)
    bands = (
        sample.frame.lazy()
        .group_by(*keys, band.alias("band"), (pl.col("p") >= CERTAIN).alias("sure"), maintain_order=True)
        .agg(
            pl.col(weight).sum().alias("weight"),
            # One after the other: a parallel sum of fractions differs from run to run in its last digit.
            pl.col("p").cum_sum().last().alias("chance"),
            a.max().alias("heaviest"),
            pl.len().alias("items"),
            pl.col("audited").sum(),
            pl.col("p").min().alias("least"),
            pl.col("p").max().alias("most"),
        )
        .sort("band", "sure", *keys)
        .group_by(*keys, maintain_order=True)
        .agg(
            pl.col("weight", "chance", "heaviest", "sure"),
            pl.col("items", "audited").sum(),
            pl.col("least").min(),
            pl.col("most").max(),
        )
        .collect()
    )
    seen = sample.labelled.select(*keys, "y", "p", w=weight).partition_by(*keys, as_dict=True)
    nothing = Seen(np.zeros(0, bool), np.zeros(0), np.zeros(0))
    found = {}
    for row in bands.iter_rows(named=True):
        key = tuple(row[name] for name in keys)
        whole = Whole(
            weight=np.array(row["weight"]),
            chance=np.array(row["chance"]),
            heaviest=np.array(row["heaviest"]),
            sure=np.array(row["sure"]),
            items=row["items"],
            audited=row["audited"],
            one_probability=row["least"] == row["most"],
        )
        found[key] = cell(whole, _seen(seen[key]) if key in seen else nothing, alpha)
    return found


def exact(sample: Sample, keys: Sequence[str], weight: str) -> dict[Key, Cell]:
    """Every cell of a population whose labels are all known."""
    sums = (
        sample.labelled.lazy()
        .group_by(*keys, maintain_order=True)
        .agg(
            items=pl.len(),
            count=pl.col("y").sum(),
            fine=pl.col(weight).filter(~pl.col("y")).sum(),
            violating=pl.col(weight).filter(pl.col("y")).sum(),
        )
        .collect()
    )
    found = {}
    for row in sums.iter_rows(named=True):
        pair = (row["fine"], row["violating"])
        found[tuple(row[name] for name in keys)] = Cell(
            items=row["items"],
            audited=row["items"],
            labels=row["items"],
            weight=sum(pair),
            found=(row["items"] - row["count"], row["count"]),
            labelled=pair,
            expanded=pair,
            known=pair,
            terms=(np.empty((0, 2)), np.empty((0, 2))),
            either=0.0,
            unseen=0.0,
            one_probability=True,
        )
    return found


def _seen(rows: pl.DataFrame) -> Seen:
    return Seen(*(rows[name].to_numpy() for name in ("y", "w", "p")))
