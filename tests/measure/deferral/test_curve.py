"""The interval of what a cascade keeps of its judge's F1."""

import numpy as np
import pytest

from tidegate.measure.deferral.curve import _interval, f1_of

DRAWS, AUDITS, N = 200, 300, 400


def verdicts(chance: np.random.Generator, n: int, lost: float, mended: float) -> tuple[np.ndarray, ...]:
    """A judge that finds 90 % of a fifth, and a cascade that loses, and mends, such a share of all items."""
    truth = chance.random(n) < 0.2
    judge = truth & (chance.random(n) < 0.9)
    apart = chance.random(n)
    loses, mends = judge & (apart < lost / 0.18), truth & ~judge & (apart < mended / 0.02)
    return truth, judge, (judge & ~loses) | mends


@pytest.mark.parametrize(
    ("lost", "mended"), [(0.002, 0), (0.01, 0), (0, 0.002), (0.01, 0.002), (0.002, 0.01)]
)
def test_the_interval_holds_where_the_two_hardly_ever_disagree(lost: float, mended: float) -> None:
    chance = np.random.default_rng(1)
    truth, judge, cascade = verdicts(chance, 2_000_000, lost, mended)
    exact = f1_of(truth, cascade) / f1_of(truth, judge)
    held = 0
    for _ in range(AUDITS):
        truth, judge, cascade = verdicts(chance, N, lost, mended)
        low, high = _interval(cascade, judge, truth, chance.integers(0, N, (DRAWS, N)))
        held += low <= exact <= high
    # Resampled limits alone hold in 52 and 56 of a hundred where nothing is mended, or nothing lost.
    assert held / AUDITS > 0.94


def test_an_error_that_is_seen_never_raises_the_lower_limit() -> None:
    truth = np.arange(400) % 4 == 0
    draws = np.random.default_rng(0).integers(0, 400, (DRAWS, 400))
    lows = []
    for lost in range(4):
        cascade = truth.copy()
        cascade[np.flatnonzero(truth)[:lost]] = False
        lows.append(_interval(cascade, truth, truth, draws)[0])
    assert lows == sorted(lows, reverse=True)


def test_two_that_agree_throughout_are_not_proven_to_agree_always() -> None:
    truth = np.arange(200) % 4 == 0
    judge = truth & (np.arange(200) % 3 > 0)
    low, high = _interval(judge, judge, truth, np.random.default_rng(0).integers(0, 200, (DRAWS, 200)))
    assert low < 0.97 < 1.03 < high
