"""One order for the steps of several thresholds: the purest steps first.

Each threshold has steps from its careful end to its bold end, and every step brings items in. A path takes
one step of one threshold at a time. Which order is good is learnt from a pilot: labels that serve for this
and for nothing else, so that what is certified on the others holds whatever the pilot said.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tidegate.measure.certificates.sample import Floats


def interleave(weight: Sequence[Floats], errors: Sequence[Floats], usual: float, one: float) -> list[int]:
    """Whose turn it is: the number of a threshold for each step of the path.

    Per threshold the rates of its steps are made to rise (pool adjacent violators), so that taking all steps
    by their rate keeps each threshold's own order; this is the greedy solution of "most weight for an error
    rate" (G. B. Dantzig 1957, of the fractional knapsack), which is exact up to one step.

    Args:
        weight: per threshold (steps,) what the pilot's labels that each step brings in stand for.
        errors: per threshold (steps,) the part of it that is in error.
        usual: the rate that a step without labels is given.
        one: the weight that this counts for, such as that of one label.
    """
    turns: list[tuple[float, float, int]] = []
    for number, (all_weight, wrong) in enumerate(zip(weight, errors, strict=True)):
        rate = rising((wrong + usual * one) / (all_weight + one), all_weight + one)
        # Among equal rates (no errors yet, say), thresholds take turns by how far along they are.
        along = (np.arange(len(rate)) + 1) / len(rate)
        turns += [(float(r), float(a), number) for r, a in zip(rate, along, strict=True)]
    return [number for _, _, number in sorted(turns, key=lambda turn: turn[:2])]


def rising(rate: Floats, weight: Floats) -> Floats:
    """The nearest rates that never fall, by weighted squares (M. Ayer and others 1955)."""
    blocks: list[list[float]] = []
    for value, heavy in zip(rate, weight, strict=True):
        blocks.append([float(value), float(heavy), 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value, heavy, size = blocks.pop()
            before = blocks[-1]
            total = before[1] + heavy
            before[0] = (before[0] * before[1] + value * heavy) / total
            before[1], before[2] = total, before[2] + size
    return np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])


def positions(turns: Sequence[int], thresholds: int) -> npt.NDArray[np.int64]:
    """(path, thresholds) how many steps each threshold has taken, from none to all."""
    taken = np.zeros((len(turns) + 1, thresholds), dtype=np.int64)
    for at, number in enumerate(turns):
        taken[at + 1 :, number] += 1
    return taken
