"""Population and labels brought together: what the estimators need, as plain arrays.

The rules of who counts are here: only items drawn for the audit sample, one verdict per item, missing labels as missing
at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import MeasureError, Where
from tidegate.measure.intervals import Domain
from tidegate.names import nearest

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTCOMES = ("passed", "actioned", "held")
NEEDED = ("item_id", "audit_probability", "audited")


@dataclass(frozen=True)
class Labelled:
    """Every decided item, in order.

    weights: (n,) items or views. probabilities: (n,) of being drawn. drawn, labelled, violates: (n,) booleans;
    `violates` speaks only where `labelled`. notes: what a reader of the figures must know.
    """

    weights: Floats
    probabilities: Floats
    drawn: Bools
    labelled: Bools
    violates: Bools
    notes: tuple[str, ...] = ()

    def weighted(self, weights: Floats) -> Labelled:
        return replace(self, weights=weights)

    def domain(self, rows: Bools, *, violating: bool = True) -> Domain:
        """The items of `rows`, with violating (or else fine) as the property.

        Where not all drawn items are labelled, the rest are taken as missing at random: each item's chance of a
        label is its chance of being drawn times the share of drawn items that are labelled.
        """
        labelled = self.labelled & rows
        drawn = int((self.drawn & rows).sum())
        response = labelled.sum() / drawn if drawn else 1.0
        place = np.cumsum(rows) - 1
        return Domain(
            weights=self.weights[rows],
            probabilities=self.probabilities[rows] * max(response, np.finfo(float).tiny),
            seen=place[labelled],
            found=self.violates[labelled] == violating,
        )

    def note(self, rows: Bools) -> str | None:
        """What a reader must know of figures over `rows`."""
        notes = list(self.notes)
        drawn, labelled = int((self.drawn & rows).sum()), int((self.labelled & rows).sum())
        if 0 < labelled < drawn:
            notes.append(
                f"{labelled:,} of {drawn:,} drawn items are labelled; the rest are taken as missing at random"
            )
        return "; ".join(notes) or None


def bring_together(population: pl.DataFrame, labels: pl.DataFrame) -> Labelled:
    """Verdicts of audited items beside the whole population; each item weighs 1.

    Raises:
        MeasureError: a column is missing, or a recorded probability is not above 0 and at most 1.
    """
    check(population)
    verdicts, tied = majority(labels)
    drawn = population["audited"].to_numpy().astype(bool)
    said = population.select("item_id").join(verdicts, on="item_id", how="left", maintain_order="left")["violates"]
    known = said.is_not_null().to_numpy()
    notes = []
    if (undrawn := int((known & ~drawn).sum())):
        notes.append(f"{undrawn:,} labels of items that were not drawn for the audit are left out")
    if tied:
        notes.append(f"{tied:,} items whose labels are tied are set aside: adjudicate them")
    return Labelled(
        weights=np.ones(len(population)),
        probabilities=population["audit_probability"].to_numpy().astype(np.float64),
        drawn=drawn,
        labelled=known & drawn,
        violates=said.fill_null(False).to_numpy().astype(bool),
        notes=tuple(notes),
    )


def majority(labels: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """One verdict per item (item_id, violates), and how many items were left without one by a tie.

    An item violates if more than half of those who labelled it found a violation, of whichever policy.
    """
    people = labels.with_columns(pl.col("labeller").fill_null(""))
    each = people.group_by("item_id", "labeller").agg(pl.col("violates").any())
    shares = each.group_by("item_id").agg(pl.col("violates").mean().alias("share"))
    clear = shares.filter(pl.col("share") != 0.5)
    return clear.select("item_id", violates=pl.col("share") > 0.5), len(shares) - len(clear)


def views(population: pl.DataFrame) -> Floats:
    """Views as weights; an item whose views are not known weighs nothing per view."""
    if "views" not in population.columns:
        return np.zeros(len(population))
    return population["views"].fill_null(0).to_numpy().astype(np.float64)


def slices(population: pl.DataFrame, by: Sequence[str]) -> list[tuple[str, str, Bools]]:
    """Slice, value and rows for each value of each column; a missing value is called (none).

    Raises:
        MeasureError: the population has no such column.
    """
    found = []
    for name in by:
        if name not in population.columns:
            raise MeasureError(
                f"there is no slice '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, population.columns)}Columns are {', '.join(population.columns)}.",
            )
        values = population[name].cast(pl.String).fill_null("(none)")
        codes = values.rank("dense").to_numpy()
        for value in sorted(values.unique().to_list()):
            code = codes[values.index_of(value)]
            found.append((name, value, codes == code))
    return found


def check(population: pl.DataFrame) -> None:
    for name in NEEDED:
        if name not in population.columns:
            raise MeasureError(
                f"the population has no column '{name}'", where=Where(field=name), remedy="See docs/measures.md."
            )
    p = population["audit_probability"]
    if len(p) and not p.is_between(0, 1, closed="right").all():
        raise MeasureError(
            "an audit probability is not above 0 and at most 1",
            where=Where(field="audit_probability"),
            remedy="Record the probability with which each decision could be drawn.",
        )
