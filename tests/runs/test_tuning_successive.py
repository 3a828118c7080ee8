"""Acting behind a rule that reviews: found without labels, and tested on labels nothing has looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tidegate.measure.certificates.chain import Chain
from tidegate.measure.certificates.limits import Limit
from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.tuning.board import board
from tidegate.runs.tuning.families import Family
from tidegate.runs.tuning.successive import boldest, chosen, hangs_together, outside

ROOT = Path(__file__).parents[2]
RULES = """strategy: s
version: 1
let: {{remove: 0.9, review: 0.3}}
rules:
{first}  - {{id: sure, when: "text.hate >= :remove", then: remove}}
  - {{id: unsure, when: "text.hate >= :review", then: review}}
  - {{id: otherwise, then: allow}}
"""
DESK = '  - {id: desk, when: "text.spam >= :review", then: review}\n'
LEVELS = np.linspace(0.05, 0.95, 10)
PLAIN = {"remove": 0.9, "review": 0.3}
World = Any


def made(folder: Path, first: str, patch: pytest.MonkeyPatch) -> World:
    patch.syspath_prepend(str(ROOT))
    from benchmarks.measure.tuning_world import world

    rng = np.random.default_rng(1)
    signals = {"hate": rng.random(400), "spam": rng.random(400)}
    return world(folder, RULES.format(first=first), signals, signals["hate"] > 0.5)


def family(limit: Limit, name: str, items: np.ndarray) -> Family:
    ladder = LEVELS[::-1] if limit.about_overkill else LEVELS
    choices = tuple({**PLAIN, name: float(level)} for level in ladder)
    return Family(limit, (name,), choices, items, items, 0)


ACTING = family(Limit("overkill_rate", 0.1), "remove", np.arange(100) >= np.arange(95, 45, -5)[:, None])
PASSING = family(Limit("leakage_rate", 0.1), "review", np.arange(100) < np.arange(10, 110, 10)[:, None])


def results(certified: list[int], start: int) -> Chain:
    """A chain of ten in which testing began at `start`."""
    weight, kept = np.zeros(10), np.zeros(10, dtype=bool)
    weight[start], kept[certified] = 1.0, True
    return Chain(PASSING.limit, 0.05, np.ones(10), kept, (), weight, np.ones(10))


@pytest.mark.parametrize(("first", "hangs"), [("", False), (DESK, True)])
def test_it_is_found_whether_acting_hangs_on_passing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, hangs: bool
) -> None:
    here = made(tmp_path, first, monkeypatch)
    rows = np.arange(400)
    whole = board(set_up_trial(here.run, here.strategy), rows)
    assert hangs_together(whole, PLAIN, ACTING, PASSING, rows) is hangs


def test_a_number_that_both_limits_move_is_left_to_the_joint_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = made(tmp_path, DESK, monkeypatch)
    rows = np.arange(400)
    whole = board(set_up_trial(here.run, here.strategy), rows)
    assert not hangs_together(whole, PLAIN, replace(ACTING, names=("review",)), PASSING, rows)


def test_what_was_looked_at_is_what_was_tested_and_no_more() -> None:
    found = results([2, 3, 4], start=2)
    # The start, the two that its success led to, and the one that ended it.
    assert np.flatnonzero(found.examined).tolist() == [2, 3, 4, 5]
    assert chosen(PASSING, found) == 4


def test_acting_is_tested_where_no_label_was_looked_at() -> None:
    # Passing was looked at below 60, so acting may reach down to 60 and no further.
    fresh = outside(ACTING, PASSING, results([2, 3, 4], start=2))
    assert [int(np.flatnonzero(row)[0]) for row in fresh.items] == [95, 90, 85, 80, 75, 70, 65, 60]
    assert len(fresh.choices) == len(fresh.items) == len(fresh.labels)
    assert len(outside(ACTING, PASSING, results([], start=0)).choices) == 10


def test_the_boldest_is_taken_that_leaves_what_passes_as_certified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = made(tmp_path, "", monkeypatch)
    rows = np.arange(400)
    whole = board(set_up_trial(here.run, here.strategy), rows)
    hate = whole.signals["text.hate"].to_numpy()
    acting = replace(ACTING, items=hate >= LEVELS[::-1, None])
    passing = replace(PASSING, items=(hate < LEVELS[:, None]))
    # The choices of acting leave :review at 0.3, so below that, acting would take from what passes.
    below = int(np.argmin(abs(LEVELS - 0.25)))
    passing = replace(passing, items=np.where(LEVELS[:, None] > 0, hate < 0.3, False))
    at = boldest(whole, acting, list(range(10)), passing, below, rows)
    assert at is not None
    assert acting.choices[at]["remove"] == pytest.approx(LEVELS[LEVELS >= 0.3].min())
    nothing = replace(passing, items=np.zeros((10, 400), dtype=bool))
    assert boldest(whole, acting, [0], nothing, below, rows) is None
