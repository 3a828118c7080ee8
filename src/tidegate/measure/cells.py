"""Cells: parts of the population in which all items had the same outcome, and what sampling says of each.

A cell keeps what the whole population tells (weights, probabilities) apart from what the labels tell. It
decides, before looking at any label, which items are too heavy for their probability to be inferred about:
these *giants* count as known where labelled, and as "could be either" where not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

BAND = 1.05
"""Items whose weight/probability lies within this ratio share a band."""

_CERTAIN = 1 - 1e-9


@dataclass(frozen=True)
class Bands:
    """The whole cell by bands of a = weight / probability, lightest first; `sure` holds items of probability 1."""

    weight: Floats
    heaviest: Floats
    band: npt.NDArray[np.int64]
    sure: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cell:
    """One cell under one weight (item or view). Index 0 of a pair is "does not violate", 1 "violates".

    Attributes:
        items, audited, labels: numbers of items, of drawn items, and of drawn items with an answer.
        weight: total weight of all items.
        labelled: (2,) weight of the labelled items.
        expanded: (2,) the estimated total weight, Σ weight / probability.
        terms: per label, (terms, 2) scale and shape of gamma variables whose sum stands for the population
            behind the labelled items.
        known: (2,) weight of labelled items that stand for themselves alone.
        either: weight of unlabelled giants.
        unseen: the heaviest weight / probability that sampling could have missed.
        found: (2,) labelled items.
        one_probability: whether all items have the same probability.
    """

    items: int
    audited: int
    labels: int
    weight: float
    labelled: Floats
    expanded: Floats
    terms: tuple[Floats, Floats]
    known: Floats
    either: float
    unseen: float
    found: tuple[int, int]
    one_probability: bool

    @property
    def response(self) -> float:
        return self.labels / self.audited if self.audited else 1.0


def cells(frame: pl.DataFrame, labelled: pl.DataFrame, keys: Sequence[str], weight: str, alpha: float) -> dict[tuple[str, ...], Cell]:
    """Every cell of `frame`, by the values of `keys`.

    Args:
        frame: the population (`population.checked`).
        labelled: its rows that are audited and have an answer `y`.
        keys: columns whose values make a cell.
        weight: `item` or `view`.
        alpha: error of both limits together; it only steers which items are giants.
    """
    band = _band(pl.col(weight) / pl.col("p"))
    sure = pl.col("p") >= _CERTAIN
    histogram = (
        frame.lazy()
        .group_by(*keys, band.alias("band"), sure.alias("sure"))
        .agg(
            weight=pl.col(weight).sum(),
            heaviest=(pl.col(weight) / pl.col("p")).max(),
            items=pl.len(),
            audited=pl.col("audited").sum(),
            low=pl.col("p").min(),
            high=pl.col("p").max(),
        )
        .sort("band", nulls_last=False)
        .group_by(*keys, maintain_order=True)
        .agg(
            pl.col("weight", "heaviest", "band", "sure"),
            pl.col("items", "audited").sum(),
            pl.col("low").min(),
            pl.col("high").max(),
        )
        .collect()
    )
    seen = {
        key: part
        for key, part in labelled.select(*keys, "y", "p", w=weight, band=band).partition_by(
            *keys, as_dict=True
        ).items()
    }
    nothing = labelled.clear().select(*keys, "y", "p", w=weight, band=band)
    out = {}
    for row in histogram.iter_rows(named=True):
        key = tuple(row[name] for name in keys)
        bands = Bands(
            np.array(row["weight"]),
            np.array(row["heaviest"]),
            np.array(row["band"]),
            np.array(row["sure"]),
        )
        out[key] = _cell(bands, row, seen.get(key, nothing), alpha)
    return out


def _band(a: pl.Expr) -> pl.Expr:
    """Number of the band; weightless items lie below all others."""
    return pl.when(a > 0).then((a.log() / np.log(BAND)).floor()).otherwise(-1e6).cast(pl.Int64)


def _cell(bands: Bands, row: dict[str, object], seen: pl.DataFrame, alpha: float) -> Cell:
    items, audited = int(row["items"]), int(row["audited"])  # type: ignore[call-overload]
    y, w = seen["y"].to_numpy(), seen["w"].to_numpy()
    # Drawn items without an answer are taken as missing at random within the cell.
    response = len(seen) / audited if audited else 1.0
    weight = float(bands.weight.sum())
    p = seen["p"].to_numpy() * response
    labelled = np.array([w[~y].sum(), w[y].sum()])
    sure = p >= _CERTAIN
    missable = np.full(len(bands.weight), True) if response < 1 else ~bands.sure
    giant_band, unseen = _giants(bands, missable, response, alpha)
    giant = ~sure & (seen["band"].to_numpy() >= giant_band)
    itself = sure | giant
    giants = float(bands.weight[missable & (bands.band >= giant_band)].sum())
    sampled = ~itself & (w > 0)
    return Cell(
        items=items,
        audited=audited,
        labels=len(seen),
        weight=weight,
        labelled=labelled,
        expanded=np.array([(w / p)[~y].sum(), (w / p)[y].sum()]),
        terms=tuple(_gammas(w[sampled & (y == label)], p[sampled & (y == label)]) for label in (False, True)),  # type: ignore[arg-type]
        known=np.array([w[itself & ~y].sum(), w[itself & y].sum()]),
        either=max(giants - float(w[giant].sum()), 0.0) if giants else 0.0,
        unseen=unseen,
        found=(int((~y).sum()), int(y.sum())),
        one_probability=row["low"] == row["high"],
    )


def _giants(bands: Bands, missable: npt.NDArray[np.bool_], response: float, alpha: float) -> tuple[int, float]:
    """From which band on items are giants, and the heaviest a below it.

    With no violation found, the upper limit of the total is (weight of the giants) + log(2/alpha) · (heaviest a of the
    others), the rule of three. The cut makes that least. It sees weights and probabilities, never labels, so the
    limits hold whatever it is.
    """
    weight, heaviest, band = bands.weight[missable], bands.heaviest[missable], bands.band[missable]
    if response == 0:
        return int(band.min(initial=0)), 0.0
    if not len(band):
        return 0, 0.0
    a = np.concatenate([[0.0], np.maximum.accumulate(heaviest / response)])
    giants = np.concatenate([np.cumsum(weight[::-1])[::-1], [0.0]])
    cut = int(np.argmin(giants + np.log(2 / alpha) * a))
    return (int(band[cut]) if cut < len(band) else int(band[-1]) + 1), float(a[cut])


def _gammas(w: Floats, p: Floats) -> Floats:
    """(terms, 2) scale and shape: gamma variables of mean Σ w/p and variance Σ (w/p)² (1 − p), one per band of w/p."""
    if not len(w):
        return np.empty((0, 2))
    a = w / p
    band = np.floor(np.log(a) / np.log(BAND)).astype(np.int64)
    _, group = np.unique(band, return_inverse=True)
    mean = np.bincount(group, a)
    variance = np.bincount(group, a * a * (1.0 - p))
    return np.column_stack([variance / mean, mean * mean / variance])

