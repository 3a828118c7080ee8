"""From families tested one by one to one choice of numbers that keeps every limit at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.measure.certificates.chain import Chain
from tidegate.measure.certificates.choice import SLACK, keeps, pairs
from tidegate.measure.certificates.sample import Bools, Numbers
from tidegate.runs.tuning.board import ACTIONED, PASSED, Board, Outcomes
from tidegate.runs.tuning.families import Family, outcome_of
from tidegate.runs.tuning.result import Kept

TRIED = 200
"""Pairs of sets that are tried together, best first."""


def something(sets: Bools, certified: Bools) -> bool:
    """Whether a set with items is certified, if there is one."""
    some = sets.any(axis=1)
    return bool(certified[some].any()) or not some.any()


def choose(
    whole: Board,
    plain: Mapping[str, float],
    families: Sequence[Family],
    tested: Sequence[Chain],
    items: Numbers,
) -> tuple[dict[str, float], tuple[int, ...]] | None:
    """The numbers that automate most, and which candidate of each family they stand for.

    With one limit, the numbers of the largest set that keeps it.
    """
    if len(families) == 1:
        # Not the most automated: without a limit on overkill, that could be to act on everything.
        sizes = np.where(tested[0].certified, families[0].items.sum(axis=1), -1)
        best = int(np.argmax(sizes))
        return dict(families[0].choices[best]), (best,)
    acts, passes = (0, 1) if families[0].limit.about_overkill else (1, 0)
    one, other = families[acts], families[passes]
    ranked = pairs(one.items, tested[acts].certified, other.items, tested[passes].certified)
    tried = 0
    for pair in ranked:
        left, right = one.choices[pair.acts], other.choices[pair.passes]
        if any(left[name] != right[name] for name in set(one.names) & set(other.names)):
            continue
        choice = {
            **plain,
            **{name: left[name] for name in one.names},
            **{name: right[name] for name in other.names},
        }
        found = whole.outcomes([choice])[0][items]
        if keeps(one.items[pair.acts], found == ACTIONED, one.limit) and keeps(
            other.items[pair.passes], found == PASSED, other.limit
        ):
            return choice, (pair.acts, pair.passes) if acts == 0 else (pair.passes, pair.acts)
        tried += 1
        if tried == TRIED:
            break
    return None


def kept(
    families: Sequence[Family], tested: Sequence[Chain], at: Sequence[int], after: Outcomes
) -> tuple[Kept, ...]:
    found = []
    for one, result, row in zip(families, tested, at, strict=True):
        actual = after == outcome_of(one.limit)
        lost = (one.items[row] != actual).any()
        shown = result.shown[row]
        found.append(
            Kept(
                measure=one.limit.measure,
                at_most=one.limit.at_most,
                bound=result.bound(row) / (1 - SLACK) if lost else result.bound(row),
                labels=shown.labels,
                errors=shown.errors,
                share=float(actual.mean()),
            )
        )
    return tuple(found)
