"""Where what is acted on hangs on the thresholds of what passes: passing first, then acting with its choice.

A rule that sends items to people may stand before rules that act on them. Such sets cannot be tested by
themselves and put together later. So passing is tested first. What it chose depends on the labels of the sets
that it looked at, and on no others; acting is tested on items outside of all these, whose labels are as fresh
as before. Each test spends its own half of the error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tidegate.measure.certificates.chain import Chain
from tidegate.measure.certificates.choice import keeps
from tidegate.measure.certificates.sample import Numbers
from tidegate.runs.tuning.board import ACTIONED, PASSED, Board
from tidegate.runs.tuning.families import Family

PLACES = (0.1, 0.25, 0.5, 0.75)
"""Where along the families it is tried whether acting hangs on passing."""


def hangs_together(
    whole: Board, plain: Mapping[str, float], acting: Family, passing: Family, items: Numbers
) -> bool:
    """Whether moving the thresholds of what passes changes what is acted on. Needs no labels."""
    if set(acting.names) & set(passing.names):
        return False
    for here in PLACES:
        left = acting.choices[int(here * (len(acting.choices) - 1))]
        moved = [
            {**left, **{name: right[name] for name in passing.names}}
            for right in (passing.choices[int(there * (len(passing.choices) - 1))] for there in PLACES)
        ]
        acted = [found[items] == ACTIONED for found in whole.outcomes([{**plain, **one} for one in moved])]
        if any((one != acted[0]).any() for one in acted):
            return True
    return False


def chosen(passing: Family, tested: Chain) -> int:
    """The certified candidate that lets most pass."""
    return int(np.argmax(np.where(tested.certified, passing.items.sum(axis=1), -1)))


def outside(acting: Family, passing: Family, tested: Chain) -> Family:
    """The candidates, from the first on, that touch nothing whose labels the test of passing looked at."""
    items = passing.items[tested.examined].any(axis=0)
    labels = passing.labels[tested.examined].any(axis=0)
    touched = np.flatnonzero((acting.items & items).any(axis=1) | (acting.labels & labels).any(axis=1))
    fresh = int(touched[0]) if len(touched) else len(acting.choices)
    return replace(
        acting,
        choices=acting.choices[:fresh],
        items=acting.items[:fresh],
        labels=acting.labels[:fresh],
    )


def boldest(
    whole: Board, acting: Family, certified: Sequence[int], passing: Family, best: int, items: Numbers
) -> int | None:
    """The largest certified set to act on with which what passes still keeps its limit."""
    for at in sorted(certified, key=lambda one: int(acting.items[one].sum()), reverse=True):
        passed = whole.outcomes([acting.choices[at]])[0][items] == PASSED
        if keeps(passing.items[best], passed, passing.limit):
            return at
    return None
