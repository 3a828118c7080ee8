"""The running evidence: what it is by definition, how it moves, and how seldom it is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tidegate.measure.gates import Criterion
from tidegate.measure.gates.bets import above, below
from tidegate.measure.gates.evidence import CHECKPOINTS, Evidence, Stakes, starts
from tidegate.measure.gates.forecast import play
from tidegate.measure.gates.scale import stakes

TWENTY = 20.0
PLAN = stakes(Criterion("overkill_rate", 0.05), TWENTY)


def taken(plan: Stakes, x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    back, advance = Evidence(plan).take(x[:, None], x[:, None], a[:, None])
    return back[:, 0], advance[:, 0]


@pytest.fixture
def record() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return (rng.random(900) < 0.06).astype(float), rng.random(900)


def test_roll_back_is_the_mixture_over_starts_and_bets(record: tuple[np.ndarray, np.ndarray]) -> None:
    x, a = record
    back, _ = taken(PLAN, x, a)
    factors = PLAN.above.factors(x, a)
    prior = starts(PLAN, len(x))
    for n in (1, 17, 900):
        by_start = sum(prior[s] * factors[:, s:n].prod(axis=1) for s in range(n))
        assert back[n - 1] == pytest.approx(PLAN.above.prior @ by_start + 1 - prior[:n].sum())


def test_advance_is_the_least_over_the_starts_that_lie_a_memory_back(
    record: tuple[np.ndarray, np.ndarray],
) -> None:
    x, a = record
    _, advance = taken(PLAN, x, a)
    capital = np.hstack([np.zeros((9, 1)), np.cumsum(np.log(PLAN.below.factors(x, a)), axis=1)])
    for n in (1, PLAN.block, 500, 900):
        closed = n // PLAN.block * PLAN.block
        last = closed - CHECKPOINTS * PLAN.block
        checked = [0, *range(PLAN.block, last + 1, PLAN.block)]
        least = capital[:, n] - capital[:, checked].max(axis=1)
        assert advance[n - 1] == pytest.approx(PLAN.below.prior @ np.exp(least))


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)), min_size=1, max_size=200),
    st.data(),
)
def test_in_pieces_or_at_once_is_the_same(labels: list[tuple[float, float]], data: st.DataObject) -> None:
    x, a = np.array(labels).T
    cut = data.draw(st.integers(0, len(x)))
    whole = taken(PLAN, x, a)
    evidence = Evidence(PLAN)
    parts = [evidence.take(x[s, None], x[s, None], a[s, None]) for s in (slice(cut), slice(cut, None))]
    for side in (0, 1):
        np.testing.assert_allclose(np.vstack([part[side] for part in parts])[:, 0], whole[side])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=150), st.data())
def test_a_label_that_turns_worse_never_helps(labels: list[tuple[float, float]], data: st.DataObject) -> None:
    x, a = np.array(labels).T
    more = np.minimum(x + np.array([data.draw(st.floats(0, 1)) for _ in x]), 1.0)
    (back, advance), (back_more, advance_more) = taken(PLAN, x, a), taken(PLAN, more, a)
    assert (back_more >= back * (1 - 1e-9)).all()
    assert (advance_more <= advance * (1 + 1e-9)).all()


def test_a_label_of_no_weight_says_nothing() -> None:
    back, advance = taken(PLAN, np.ones(50), np.zeros(50))
    np.testing.assert_allclose(back, 1.0)
    np.testing.assert_allclose(advance, 1.0)


@pytest.mark.parametrize("limit", [1e-6, 0.01, 0.5, 0.99])
def test_long_records_of_one_kind_stay_finite(limit: float) -> None:
    plan = Stakes(above(limit, min(2 * limit, (1 + limit) / 2)), below(limit, limit / 2), 500)
    for x in (np.zeros(20_000), np.ones(20_000)):
        back, advance = taken(plan, x, np.ones(20_000))
        assert np.isfinite(back).all()
        assert np.isfinite(advance).all()
        assert (back > 0).all()


def test_paths_do_not_know_of_each_other() -> None:
    rng = np.random.default_rng(2)
    x = (rng.random((300, 5)) < 0.1).astype(float)
    together = Evidence(PLAN, 5)
    together.take(x[:100], x[:100], np.ones((100, 5)))
    together.keep(np.array([False, True, False, False, True]))
    back, advance = together.take(x[100:, [1, 4]], x[100:, [1, 4]], np.ones((200, 2)))
    for path, column in enumerate((1, 4)):
        alone = taken(PLAN, x[:, column], np.ones(300))
        np.testing.assert_allclose(back[:, path], alone[0][100:])
        np.testing.assert_allclose(advance[:, path], alone[1][100:])


@pytest.mark.parametrize("limit", [0.02, 0.3])
def test_on_average_the_evidence_against_the_truth_stays_at_one(limit: float) -> None:
    """At the limit itself both are supermartingales from 1: averaged over all records of 12 labels."""
    plan = Stakes(above(limit, 2 * limit), below(limit, limit / 2), 5)
    records = np.array(np.meshgrid(*[[0.0, 1.0]] * 12)).reshape(12, -1)
    chance = np.prod(np.where(records == 1, limit, 1 - limit), axis=0)
    back, advance = Evidence(plan, records.shape[1]).take(records, records, np.ones_like(records))
    np.testing.assert_allclose(back @ chance, 1.0)
    assert (advance @ chance <= 1 + 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0.05, 0.01])
def test_wrong_verdicts_are_rare_under_a_look_after_every_label(limit: float) -> None:
    paths, n = 4_000, int(70 / limit)
    rng = np.random.default_rng(3)
    plan = stakes(Criterion("overkill_rate", limit), TWENTY)
    steps = (((rng.random(paths) < limit).astype(float), np.ones(paths)) for _ in range(n))
    answers = play(Evidence(plan, paths), steps, TWENTY, TWENTY)
    # At most 5 %, allowing for the chance of 4,000 tries.
    most = binom.ppf(0.999, paths, 0.05) / paths
    assert np.isfinite(answers.advance).mean() <= most
    assert np.isfinite(answers.roll_back).mean() <= most


@pytest.mark.slow
def test_a_doubled_error_is_stopped_near_the_physical_limit_and_caught_when_it_comes_late() -> None:
    paths, limit, least = 2_000, 0.05, 145
    rng = np.random.default_rng(4)

    def arm(change: int) -> object:
        rates = np.where(np.arange(change + 20 * least) < change, limit / 2, 2 * limit)
        return (((rng.random(paths) < rate).astype(float), np.ones(paths)) for rate in rates)

    at_once = play(Evidence(PLAN, paths), arm(0), TWENTY, TWENTY)  # type: ignore[arg-type]
    assert np.median(at_once.roll_back) <= 1.3 * least
    late = play(Evidence(PLAN, paths), arm(400), TWENTY, TWENTY, after_advance=True)  # type: ignore[arg-type]
    assert np.isfinite(late.roll_back).mean() > 0.995
    assert np.median(late.roll_back) - 400 <= 3 * least
    after = 400 + PLAN.memory + PLAN.block
    assert (np.isfinite(late.advance) & (late.advance > after)).mean() <= 0.05
