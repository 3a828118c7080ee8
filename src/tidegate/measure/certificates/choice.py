"""From what is certified to act on, and what to let pass, to one choice of both.

Each family of sets was tested by itself. Together two sets may overlap: an item that is in both is acted on
or passes, not both. A set that loses a share of its items to the other keeps its limit if it was tested
against a limit that is lower by that share, since taking items away takes no error in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.sample import Bools

SLACK = 0.01
"""Families are tested against limits that are lower by this share, so that much of a set may be lost."""


@dataclass(frozen=True)
class Pair:
    """Candidate `acts` of the one family and `passes` of the other; `automated` is the share of items in
    either."""

    acts: int
    passes: int
    automated: float


def tightened(limit: Limit) -> Limit:
    """The limit that a family is tested against."""
    return Limit(limit.measure, limit.at_most * (1 - SLACK), limit.reviewers)


def keeps(certified: Bools, actual: Bools) -> bool:
    """Whether a limit that holds for a certified set holds for the actual one too; each is (items,)."""
    lost = np.count_nonzero(certified & ~actual)
    return bool(not (actual & ~certified).any() and lost <= SLACK * np.count_nonzero(certified))


def pairs(acts: Bools, may_act: Bools, passes: Bools, may_pass: Bools) -> list[Pair]:
    """Pairs of certified candidates that little or nothing keeps from standing together, best first.

    Best is what automates most; among equals, what acts on the fewest items.

    Args:
        acts: (candidates, items) the sets that would be acted on; may_act: (candidates,) which are certified.
        passes, may_pass: the same of the sets that would pass.
    """
    i, j = np.flatnonzero(may_act), np.flatnonzero(may_pass)
    if not len(i) or not len(j):
        return []
    left, right = acts[i].astype(np.float32), passes[j].astype(np.float32)
    common = left @ right.T
    acted, passed = left.sum(axis=1)[:, None], right.sum(axis=1)[None, :]
    automated = (acted + passed - common) / max(acts.shape[1], 1)
    fits = common <= SLACK * np.maximum(acted, passed)
    rows, columns = np.nonzero(fits)
    order = np.lexsort((acted[rows, 0], -automated[rows, columns]))
    return [
        Pair(int(i[rows[at]]), int(j[columns[at]]), float(automated[rows[at], columns[at]])) for at in order
    ]
