"""What each measure counts, and from which cells: a ratio of totals over labelled parts of the population.

A part is a cell with what a unit of its weight adds to numerator and denominator, for either label. From its
parts follow the point estimate, the evidence for the interval, and what is certain without any sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.cells import Cell, Pair
from tidegate.measure.limits import Evidence

Floats = npt.NDArray[np.float64]
Counts = tuple[Pair, Pair]


@dataclass(frozen=True)
class Part:
    """`counts[y]` is (numerator, denominator) per unit of weight of an item whose label is y."""

    cell: Cell
    counts: Counts


def rate(bad: int) -> Counts:
    """Share of label `bad` in the part itself."""
    return ((1 - bad, 1), (bad, 1))


def share(bad: int, *, inside: bool) -> Counts:
    """Share of the items of label `bad` that lie inside the part asked about; others do not count."""
    counted, ignored = (float(inside), 1.0), (0.0, 0.0)
    return (ignored, counted) if bad else (counted, ignored)


def totals(parts: Sequence[Part]) -> Floats:
    """(2,) estimated numerator and denominator (D. G. Horvitz and D. J. Thompson, 1952)."""
    return _total([part.cell.expanded for part in parts], parts)


def evidence(parts: Sequence[Part], known: tuple[float, float] = (0.0, 0.0)) -> Evidence:
    """What the sample says; `known` adds a constant to numerator and denominator."""
    terms = [
        np.column_stack([scale * counts[0], scale * counts[1], shape])
        for part in parts
        for label, counts in enumerate(part.counts)
        for scale, shape in [part.cell.terms[label].T]
        if any(counts)
    ]
    return Evidence(
        terms=np.concatenate([np.empty((0, 3)), *terms]),
        known=np.array(known) + _total([part.cell.known for part in parts], parts),
        either=_rows([part.cell.either for part in parts], parts),
        unseen=_rows([part.cell.unseen for part in parts], parts),
    )


def certainty(parts: Sequence[Part], known: tuple[float, float] = (0.0, 0.0)) -> Evidence:
    """What would hold even if every unlabelled item had the worst label."""
    return Evidence(
        terms=np.empty((0, 3)),
        known=np.array(known) + _total([part.cell.labelled for part in parts], parts),
        either=_rows([max(part.cell.weight - sum(part.cell.labelled), 0.0) for part in parts], parts),
        unseen=np.empty((0, 4)),
    )


def _rows(weights: Sequence[float], parts: Sequence[Part]) -> Floats:
    rows = [weight * np.array(part.counts).ravel() for weight, part in zip(weights, parts, strict=True)]
    return np.array(rows).reshape(-1, 4)


def _total(weights: Sequence[Pair], parts: Sequence[Part]) -> Floats:
    total = np.zeros(2)
    for pair, part in zip(weights, parts, strict=True):
        total += np.array(pair) @ np.array(part.counts)
    return total
