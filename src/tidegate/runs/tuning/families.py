"""Families of candidates: let: numbers from careful to bold, and the sets of items that each would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.path import interleave, positions
from tidegate.measure.certificates.sample import Bools, Floats, Numbers
from tidegate.runs.tuning.board import ACTIONED, PASSED, UNKNOWN, Board
from tidegate.runs.tuning.steps import Steps

LONGEST = 120
"""Candidates of one family that are evaluated on all rows."""


@dataclass(frozen=True)
class Pilot:
    """Labels that only find an order: the board of their rows, their weights 1 / p, and the answers."""

    board: Board
    weight: Floats
    violates: Bools


@dataclass(frozen=True)
class Family:
    """Candidates for one limit, most careful first: their let: numbers and sets, and the thresholds moved.

    items, labels: (candidates, items) and (candidates, labels) which are in the set of each.
    """

    limit: Limit
    names: tuple[str, ...]
    choices: tuple[dict[str, float], ...]
    items: Bools
    labels: Bools
    unknown: int
    """Candidates left out because the run lacks signals that they need."""


def outcome_of(limit: Limit) -> int:
    return ACTIONED if limit.about_overkill else PASSED


def path(
    limit: Limit, moved: Sequence[Steps], base: Mapping[str, float], pilot: Pilot
) -> list[dict[str, float]]:
    """The let: numbers of each candidate. With several thresholds, the pilot says whose turn it is."""
    values = [one.careful_first(outcome_of(limit)) for one in moved]
    if len(moved) == 1:
        return [{**base, moved[0].name: value} for value in values[0]]
    if not moved:
        return [dict(base)]
    careful = {**base, **{one.name: ladder[0] for one, ladder in zip(moved, values, strict=True)}}
    wrong = ~pilot.violates if limit.about_overkill else pilot.violates
    weights, errors = [], []
    for one, ladder in zip(moved, values, strict=True):
        found = pilot.board.outcomes([{**careful, one.name: value} for value in ladder])
        inside = np.array(found)[:, : len(wrong)] == outcome_of(limit)
        new = inside[1:] & ~inside[:-1]
        weights.append(new @ pilot.weight)
        errors.append((new & wrong) @ pilot.weight)
    one_label = float(pilot.weight.mean()) if len(pilot.weight) else 1.0
    taken = positions(interleave(weights, errors, limit.shown, one_label), len(moved))
    if len(taken) > LONGEST:
        taken = taken[np.unique(np.linspace(0, len(taken) - 1, LONGEST).astype(int))]
    return [
        {**base, **{one.name: ladder[at] for one, ladder, at in zip(moved, values, row, strict=True)}}
        for row in taken
    ]


def family(
    limit: Limit,
    moved: Sequence[Steps],
    choices: Sequence[dict[str, float]],
    board: Board,
    items: Numbers,
    labelled: Numbers,
) -> Family:
    """The sets of each candidate; `items` and `labelled` are rows of the board."""
    kept, sets = [], []
    for choice, found in zip(choices, board.outcomes(choices), strict=True):
        if not (found == UNKNOWN).any():
            kept.append(choice)
            sets.append(found == outcome_of(limit))
    whole = np.array(sets, dtype=bool).reshape(len(sets), board.rows)
    return Family(
        limit=limit,
        names=tuple(one.name for one in moved),
        choices=tuple(kept),
        items=whole[:, items],
        labels=whole[:, labelled],
        unknown=len(choices) - len(kept),
    )
