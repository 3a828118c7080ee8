"""From frames to cells: one pass over the population per slice and weight.

`sampled` keeps all that an interval needs; `exact` is for full truth, where there is nothing to infer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.measure.cells import CERTAIN, Cell, Numbers, Pair, Seen, Whole, band_of, cell

Key = tuple[str, ...]

TINY = float(np.finfo(np.float64).tiny)
"""Divided by in place of a weight where no item has any."""


@dataclass(frozen=True)
class Sample:
    """A population (`population.checked`), its rows that have an answer `y`, and how many have a tie."""

    frame: pl.DataFrame
    labelled: pl.DataFrame
    tied: int = 0


def sampled(sample: Sample, keys: Sequence[str], weight: str, alpha: float) -> dict[Key, Cell]:
    """Every cell of the population by the values of `keys`, with what its labels say."""
    frame, labelled = sample.frame, sample.labelled
    if not len(frame):
        return {}
    number, labelled_number = _numbers(frame, labelled, keys)
    cells = int(number.max()) + 1
    first = np.empty(cells, np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    names = frame.select(keys)[first].rows()
    wholes = _wholes(frame, number, cells, weight)
    seen = _seen(labelled, labelled_number, cells, weight)
    return {
        name: cell(*known, alpha) for name, known in zip(names, zip(wholes, seen, strict=True), strict=True)
    }


def _numbers(frame: pl.DataFrame, labelled: pl.DataFrame, keys: Sequence[str]) -> tuple[Numbers, Numbers]:
    """The cell of each row of both frames: numbers from 0, without gaps, in order of the keys' codes."""
    both = [np.zeros(len(frame), np.int64), np.zeros(len(labelled), np.int64)]
    for key in keys:
        of_frame, of_labelled = (rows[key].to_physical().to_numpy() for rows in (frame, labelled))
        codes = _present(of_frame)
        both[0] = both[0] * len(codes) + _places(codes, of_frame)
        both[1] = both[1] * len(codes) + _places(codes, of_labelled)
    present = _present(both[0])
    return _places(present, both[0]), _places(present, both[1])


def _present(codes: npt.NDArray[np.integer]) -> Numbers:
    """The distinct codes, in order."""
    if int(codes.max()) > 4 * len(codes) + 1_000_000:
        return np.unique(codes).astype(np.int64)
    return np.flatnonzero(np.bincount(codes))


def _places(present: Numbers, codes: npt.NDArray[np.integer]) -> Numbers:
    """The position of each code among those present, by a table where the codes are small."""
    last = int(present[-1])
    if last > 4 * len(codes) + 1_000_000:
        return np.searchsorted(present, codes).astype(np.int64)
    place = np.zeros(last + 1, np.int64)
    place[present] = np.arange(len(present))
    places: Numbers = place[codes]
    return places


def _wholes(frame: pl.DataFrame, number: Numbers, cells: int, weight: str) -> Iterator[Whole]:
    """What is known of all items of each cell. Sums run in the order of the rows, so they never differ."""
    w, p, audited = (frame[name].to_numpy() for name in (weight, "p", "audited"))
    a = w / p
    predicted: list[Pair] | list[None] = [None] * cells
    if "prediction" in frame.columns:
        f = frame["prediction"].to_numpy()
        heaviest_f = np.zeros(cells)
        np.maximum.at(heaviest_f, number, a * f)
        predicted = list(zip(np.bincount(number, w * f, cells).tolist(), heaviest_f.tolist(), strict=True))
    # In units of the heaviest, so that views in thousands fall into the same bands as views.
    band = band_of(a / max(a.max(initial=0.0), TINY))
    # Weightless items stay in a band below all others, but so near that the numbers of groups are small.
    lightest = int(band.min(where=a > 0, initial=int(band.max())))
    band = np.maximum(band - lightest + 1, 0)
    per_cell = 2 * (int(band.max()) + 1)
    group = number * per_cell + 2 * band + (p >= CERTAIN)
    present = _present(group)
    at = _places(present, group)
    heaviest = np.zeros(len(present))
    np.maximum.at(heaviest, at, a)
    weights, chances = (np.bincount(at, of).astype(np.float64) for of in (w, p))
    items, drawn = np.bincount(number, minlength=cells), np.bincount(number, audited, cells)
    least, most = np.ones(cells), np.zeros(cells)
    np.minimum.at(least, number, p)
    np.maximum.at(most, number, p)
    ends = np.searchsorted(present, np.arange(cells + 1) * per_cell)
    for i, (start, end) in enumerate(pairwise(ends)):
        yield Whole(
            weight=weights[start:end],
            chance=chances[start:end],
            heaviest=heaviest[start:end],
            sure=present[start:end] % 2 == 1,
            items=int(items[i]),
            audited=int(drawn[i]),
            one_probability=bool(least[i] == most[i]),
            predicted=predicted[i],
        )


def _seen(labelled: pl.DataFrame, number: Numbers, cells: int, weight: str) -> Iterator[Seen]:
    order = np.argsort(number, kind="stable")
    y, w, p = (labelled[name].to_numpy()[order] for name in ("y", weight, "p"))
    f = labelled["prediction"].to_numpy()[order] if "prediction" in labelled.columns else None
    for start, end in pairwise(np.searchsorted(number[order], np.arange(cells + 1))):
        yield Seen(y[start:end], w[start:end], p[start:end], None if f is None else f[start:end])


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
