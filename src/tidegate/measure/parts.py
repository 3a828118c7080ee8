"""What each measure counts, and from which cells: a ratio of totals over labelled parts of the population.

A part is a cell with what a unit of its weight adds to numerator and denominator, for either label. From its
parts follow the point estimate, the evidence for the interval, and what is certain without any sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.assisted import Assisted, regression
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


def is_census(parts: Sequence[Part]) -> bool:
    """Whether every item has a label, so that nothing is left to be inferred."""
    return all(part.cell.labels == part.cell.items for part in parts)


def totals(parts: Sequence[Part]) -> Floats:
    """(2,) estimated numerator and denominator, Σ weight · counts / probability, a rate's centred.

    D. G. Horvitz and D. J. Thompson (1952), for the totals; J. Hájek (1971), for their ratio. Where every
    item is labelled the totals are known, whatever the probabilities were.
    """
    if is_census(parts):
        return _total([part.cell.labelled for part in parts], parts)
    if found := _predictable(parts):
        return _from_predictions(parts[0].cell, *found).point
    parts, constant = _centred(parts)
    return _total([part.cell.expanded for part in parts], parts) + constant


def evidence(parts: Sequence[Part], known: tuple[float, float] = (0.0, 0.0)) -> Evidence:
    """What the sample says; `known` adds a constant to numerator and denominator."""
    if found := _predictable(parts):
        return _from_predictions(parts[0].cell, *found).evidence
    parts, constant = _centred(parts)
    return _evidence(parts, (known[0] + constant[0], known[1] + constant[1]))


def _centred(parts: Sequence[Part]) -> tuple[Sequence[Part], Pair]:
    """The same ratio of totals with less variance: constants subtracted for every item and added again.

    It is the regression estimator of Särndal et al. (1992) with a constant as its regressor.
    """
    if _is_rate(parts):
        return _centred_rate(parts[0])
    centred, known = [], np.zeros(2)
    for part in parts:
        counts, base = np.array(part.counts), _base(part)
        shifted = [(float(numerator), float(denominator)) for numerator, denominator in counts - base]
        centred.append(Part(part.cell, (shifted[0], shifted[1])))
        known += base * part.cell.weight
    return centred, (float(known[0]), float(known[1]))


def _base(part: Part) -> Floats:
    """(2,) the mean of a part's counts, weighted by w² (1 − p)/p: what items of the part usually add.

    Of a part nearly all of whose items are fine, it is the rare others that are estimated, and the fine ones
    are the rest of a weight that is known: they cannot outweigh it.
    """
    variance = np.array([scale**2 @ shape for scale, shape in (terms.T for terms in part.cell.terms)])
    if not variance.sum() > 0:
        return np.zeros(2)
    base: Floats = variance @ np.array(part.counts) / variance.sum()
    return base


def _centred_rate(part: Part) -> tuple[Sequence[Part], Pair]:
    """A rate, whose denominator W is known.

    With δ subtracted for every item and δ · W added again, the variance of the rate ρ is
    Σ w² (y − ρ − δ)² (1 − p)/p, least where ρ + δ is the mean of y weighted by w² (1 − p)/p. Where errors are
    as likely to be drawn as other items δ is 0 (J. Hájek, 1971); where they are far likelier, as with a good
    score, it is nearly −ρ (Horvitz and Thompson).
    """
    cell, ((fine, _), (violating, _)) = part.cell, part.counts
    numerators = np.array([fine, violating])
    total, variance = np.array(cell.known), np.zeros(2)
    for label, (scale, shape) in enumerate(terms.T for terms in cell.terms):
        total[label] += scale @ shape
        variance[label] = scale**2 @ shape
    if not variance.sum() > 0:
        return [part], (0.0, 0.0)
    shift = float(numerators @ variance / variance.sum() - numerators @ total / total.sum())
    return [Part(cell, ((fine - shift, 1.0), (violating - shift, 1.0)))], (shift * cell.weight, 0.0)


def _is_rate(parts: Sequence[Part]) -> bool:
    """One part, in whose denominator every item counts, whatever its label."""
    return len(parts) == 1 and all(counted[1] == 1 for counted in parts[0].counts)


def is_assisted(parts: Sequence[Part]) -> bool:
    """Whether predictions of the items are used for this ratio."""
    return _predictable(parts) is not None


def _predictable(parts: Sequence[Part]) -> tuple[Assisted, Floats, float, float] | None:
    """Labels and predictions, numerators, slope and constant, where predictions help."""
    if not _is_rate(parts) or parts[0].cell.assisted is None:
        return None
    numerators = np.array([counted[0] for counted in parts[0].counts], dtype=np.float64)
    line = regression(parts[0].cell.assisted, numerators)
    return None if line is None else (parts[0].cell.assisted, numerators, *line)


@dataclass(frozen=True)
class _FromPredictions:
    point: Floats
    evidence: Evidence


def _from_predictions(
    cell: Cell, of: Assisted, numerators: Floats, slope: float, constant: float
) -> _FromPredictions:
    """A rate whose items are each compared with a prediction of their own, slope · f + constant.

    Σ w u = Σ w (slope · f + constant) over all items + Σ a (u − slope · f − constant) over the labelled ones,
    written as in `_centred`: the constant less the rate itself is what is subtracted and added again.
    """
    known = np.array(cell.known)
    inferred = cell.weight - known.sum()
    u, a = numerators[of.label], of.scale * of.shape
    beside = known @ numerators + slope * of.predicted
    total = beside + constant * inferred + a @ (u - slope * of.prediction - constant)
    shift = constant - total / cell.weight
    # The unseen item's prediction is unknown too: at most a · f = `heaviest` is subtracted for it.
    low, high = cell.unseen * (numerators - shift), cell.unseen * (numerators - shift) - slope * of.heaviest
    unseen = [[pair[0], cell.unseen, pair[1], cell.unseen] for pair in (low, high)]
    return _FromPredictions(
        point=np.array([total, cell.weight]),
        evidence=Evidence(
            terms=np.column_stack([of.scale * (u - slope * of.prediction - shift), of.scale, of.shape]),
            known=np.array([beside + shift * inferred, known.sum()]),
            either=np.empty((0, 4)),
            unseen=np.array(unseen),
        ),
    )


def _evidence(parts: Sequence[Part], known: tuple[float, float]) -> Evidence:
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
    """What would hold even if every unlabelled item had the worst label (C. F. Manski 1989)."""
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
