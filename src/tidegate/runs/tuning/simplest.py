"""Of numbers that decide the same, those that a person would rather read: as they were, or whole ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from tidegate.measure.certificates.sample import Numbers
from tidegate.runs.tuning.board import Board


def simplest(
    whole: Board, plain: Mapping[str, float], found: Mapping[str, float], items: Numbers
) -> dict[str, float]:
    """The numbers found, each as it was before where that decides every item alike, or else whole if it was.

    Args:
        whole: a board of all items: on a sample, other items could be decided otherwise.
        plain: the numbers as they were. found: those that were chosen.
        items: the board's rows that are to be decided alike.
    """
    numbers = dict(found)
    wanted = whole.outcomes([numbers])[0][items]
    for name, before in plain.items():
        for value in _simpler(before, numbers[name]):
            other = {**numbers, name: value}
            if np.array_equal(whole.outcomes([other])[0][items], wanted):
                numbers = other
                break
    return numbers


def _simpler(before: float, now: float) -> Iterator[float]:
    if now == before:
        return
    yield before
    if before.is_integer():
        yield from {float(math.ceil(now)), float(math.floor(now))} - {now, before}
