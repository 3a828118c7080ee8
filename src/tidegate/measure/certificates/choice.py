"""From what is certified to act on, and what to let pass, to one choice of both.

Each family of sets was tested by itself, all other thresholds staying as they are. Moved together, thresholds
may give other sets: an item that is in two is acted on or passes, not both, and a rule that stood before
another may let an item through to it. A set that was tested against a lower limit can bear a little of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.sample import Bools

SLACK = 0.01
"""Families are tested against limits that are lower by this share, for what changes when both are chosen."""


ROUNDING = 1e-9


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


def keeps(certified: Bools, actual: Bools, limit: Limit) -> bool:
    """Whether the actual set keeps a limit if the certified one keeps the tightened limit; each is (items,).

    Of n certified items at most (1 − SLACK) · limit · n are in error. At worst no error was lost, and all
    that was gained is in error; so the actual set keeps its limit if

        (1 − SLACK) · limit · n + gained ≤ limit · (n − lost + gained).
    """
    n, gained = np.count_nonzero(certified), np.count_nonzero(actual & ~certified)
    worst = tightened(limit).at_most * n + gained
    return bool(worst <= limit.at_most * np.count_nonzero(actual) + ROUNDING)


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
