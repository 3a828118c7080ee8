"""Numbers are changed only where that decides something, and whole ones stay whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.tuning.board import Board, board
from tidegate.runs.tuning.simplest import simplest

ROOT = Path(__file__).parents[2]
STRATEGY = """strategy: counts
version: 1
let: {many: 3, likely: 0.8}
rules:
  - {id: sure, when: "text.hits >= :many or text.hate >= :likely", then: remove}
  - {id: otherwise, then: allow}
"""
PLAIN = {"many": 3.0, "likely": 0.8}
ITEMS = np.arange(600)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """600 items with 0 to 5 hits and chances of hate that are multiples of a tenth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks.measure.tuning_world import world

        signals = {"hits": ITEMS % 6 * 1.0, "hate": ITEMS % 7 / 10}
        made = world(tmp_path_factory.mktemp("counts"), STRATEGY, signals, np.zeros(600, dtype=bool))
        yield board(set_up_trial(made.run, made.strategy), ITEMS)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        # Nothing lies between 2 and 3 hits, nor above a chance of 0.6.
        ({"many": 2.03, "likely": 0.71}, PLAIN),
        ({"many": 1.03, "likely": 0.71}, {"many": 2.0, "likely": 0.8}),
        ({"many": 3.0, "likely": 0.31}, {"many": 3.0, "likely": 0.31}),
        (PLAIN, PLAIN),
    ],
)
def test_a_number_stays_as_written_or_whole_where_that_decides_the_same(
    whole: Board, found: dict[str, float], wanted: dict[str, float]
) -> None:
    assert simplest(whole, PLAIN, found, ITEMS) == wanted


def test_only_the_given_items_need_be_decided_alike(whole: Board) -> None:
    few = np.flatnonzero(ITEMS % 6 == 0)
    assert simplest(whole, PLAIN, {"many": 1.03, "likely": 0.8}, few) == PLAIN
