"""What each let: number does, found by moving it: the values at which outcomes change, and its role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.runs.tuning.board import ACTIONED, HELD, PASSED, Board

EVALUATIONS = 300
FEWEST, MOST = 48, 120
"""Values per let: number, and how many all of them may have together, about."""

COARSE = 0.02
"""Steps are finer where a set is small, or nearly everything, down to this share of the items."""

FAR_LESS = 0.25
"""A number that mostly trades held items for one outcome, and four times less for the other, has one role."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """The values of one let: number worth trying, in rising order, and what they do.

    Attributes:
        acts, passes: whether it decides what is acted on, or what passes, without a person.
        actioned, passed: (values,) how many of the board's items are, when all other numbers stay.
    """

    name: str
    values: tuple[float, ...]
    acts: bool
    passes: bool
    actioned: Numbers
    passed: Numbers

    def careful_first(self, outcome: int) -> tuple[float, ...]:
        """The values from the one that acts on the least (or lets the least pass) to the boldest."""
        counts = self.actioned if outcome == ACTIONED else self.passed
        return self.values if counts[0] <= counts[-1] else self.values[::-1]


def all_steps(board: Board, base: Mapping[str, float], names: Sequence[str]) -> list[Steps]:
    """The steps of each of these numbers, all others staying as they are."""
    size = min(max(EVALUATIONS // (len(names) + 1), FEWEST), MOST)
    return [steps(board, base, name, size) for name in names]


def steps(board: Board, base: Mapping[str, float], name: str, size: int) -> Steps:
    """Up to `size` values of one number, spaced so that the sets change alike from one to the next."""
    pool = _pool(board)
    values = sorted({*_spread(pool), base[name]})
    while True:
        found = _at(board, base, name, values)
        jumps = _jumps(found)
        room = size - len(values)
        widest = [int(at) for at in np.argsort(-jumps, kind="stable")[: max(room, 0)] if jumps[at] > 0]
        # Only the widest half of a round: the others may be fine once these are split.
        middles = [_between(pool, values[at], values[at + 1]) for at in widest[: max(len(widest) // 2, 1)]]
        new = [value for value in middles if value is not None]
        if not new:
            break
        values = sorted({*values, *new})
    keep = [0, *(at + 1 for at in range(len(values) - 1) if (found[at] != found[at + 1]).any())]
    kept = found[keep]
    acts, passes = _roles(kept)
    return Steps(
        name=name,
        values=tuple(values[at] for at in keep),
        acts=acts,
        passes=passes,
        actioned=(kept == ACTIONED).sum(axis=1),
        passed=(kept == PASSED).sum(axis=1),
    )


def _at(board: Board, base: Mapping[str, float], name: str, values: list[float]) -> npt.NDArray[np.int8]:
    return np.array(board.outcomes([{**base, name: value} for value in values]))


def _pool(board: Board) -> npt.NDArray[np.float64]:
    """Every number among the signals, sorted: where a threshold on one of them could matter."""
    numbers = [board.signals[name] for name, kind in board.signals.schema.items() if kind == pl.Float64]
    if not numbers:
        return np.array([0.0, 1.0])
    return np.unique(pl.concat([one.alias("x") for one in numbers]).drop_nulls().to_numpy())


def _spread(pool: npt.NDArray[np.float64]) -> list[float]:
    """Some values from below all signals to above them."""
    if not len(pool):
        return [0.0, 1.0]
    inside = np.quantile(pool, [0.05, 0.25, 0.5, 0.75, 0.9, 0.97, 0.995])
    span = float(pool[-1] - pool[0]) or 1.0
    # Just beyond the signals, and far beyond, for a threshold on a sum of them.
    ends = [_short(float(pool[0]) - reach * span, -np.inf, float(pool[0])) for reach in (0.01, 10)]
    ends += [_short(float(pool[-1]) + reach * span, float(pool[-1]), np.inf) for reach in (0.01, 10)]
    return [*ends, *(_short(float(x), float(pool[0]), float(pool[-1])) for x in inside)]


def _jumps(found: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """(values − 1,) how much the sets change from one value to the next, against how far they are from none
    or all."""
    out = np.zeros(len(found) - 1)
    for outcome in (ACTIONED, PASSED):
        inside = found == outcome
        share = inside.mean(axis=1)
        changed = (inside[1:] != inside[:-1]).mean(axis=1)
        least = np.minimum(np.minimum(share[1:], share[:-1]), np.minimum(1 - share[1:], 1 - share[:-1]))
        out = np.maximum(out, changed / (least + COARSE))
    return out


def _between(pool: npt.NDArray[np.float64], low: float, high: float) -> float | None:
    """A short number between two values, halving the signals between them; None where there are none."""
    first, last = np.searchsorted(pool, [low, high])
    if low >= pool[-1] or high <= pool[0]:
        found = _short((low + high) / 2, low, high)
    elif last - first < 2:
        return None
    else:
        found = _short(float(pool[(first + last) // 2]), low, high)
    return found if low < found < high else None


def _short(value: float, low: float, high: float) -> float:
    """The value with as few digits as keep it strictly between two others, three at least."""
    for digits in range(3, 15):
        short = float(f"{value:.{digits}g}")
        if low < short < high:
            return short
    return value


def _roles(found: npt.NDArray[np.int8]) -> tuple[bool, bool]:
    """Whether moving the number trades held items for actioned ones, and for passed ones.

    A number that trades neither, but actioned for passed ones, decides both.
    """
    before, after = found[:-1], found[1:]

    def traded(one: int, other: int) -> int:
        there, back = (before == one) & (after == other), (before == other) & (after == one)
        return int(np.count_nonzero(there) + np.count_nonzero(back))

    acts, passes, direct = traded(HELD, ACTIONED), traded(HELD, PASSED), traded(PASSED, ACTIONED)
    if not acts and not passes:
        return direct > 0, direct > 0
    return acts > FAR_LESS * passes, passes > FAR_LESS * acts
