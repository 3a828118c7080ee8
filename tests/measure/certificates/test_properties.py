"""What holds of certificates whatever the labels: units, order, degenerate samples, and the promise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.certificates.chain import Chain, chain, chains
from tidegate.measure.certificates.choice import tightened
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.outlook import outlook
from tidegate.measure.certificates.sample import Sample, Sets, ground
from tidegate.measure.gates.reviewers import Reviewers

ITEMS = 4_000
LEAKAGE, OVERKILL = Limit("leakage_rate", 0.05), Limit("overkill_rate", 0.3)
CUTS = np.linspace(0, 1, 25)[1:]
SEEDS = st.integers(0, 2**32 - 1)
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def traffic(seed: int, items: int = ITEMS) -> tuple[Floats, Bools]:
    """Calibrated scores, and what is true."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.3, 1.7, items)
    return score, rng.random(items) < score


def chances(seed: int, uneven: bool) -> Floats:
    spread = np.random.default_rng(seed + 1).choice([0.9, 0.3, 0.1], ITEMS)
    return spread if uneven else np.full(ITEMS, 0.4)


def sets(score: Floats, p: Floats, drawn: npt.NDArray[np.int64], limit: Limit = LEAKAGE) -> Sets:
    """What would pass below each cut, or be acted on above it, most careful first."""
    inside = score[None] < CUTS[:, None] if limit is LEAKAGE else score[None] >= CUTS[::-1, None]
    return Sets(ground(p, inside), inside[:, drawn])


def drawn_by(p: Floats, seed: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.random.default_rng(seed + 2).random(len(p)) < p)


def found(seed: int, uneven: bool, violates: Bools | None = None) -> Chain:
    score, truth = traffic(seed)
    p = chances(seed, uneven)
    drawn = drawn_by(p, seed)
    said = (truth if violates is None else violates)[drawn]
    return chain(Sample(p[drawn], said), sets(score, p, drawn), LEAKAGE, 0.05)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.booleans())
def test_more_traffic_at_a_lower_rate_certifies_the_same_from_the_same_labels(
    seed: int, uneven: bool
) -> None:
    score, violates = traffic(seed)
    p = chances(seed, uneven)
    drawn = drawn_by(p, seed)
    twice, half = np.tile(score, 2), np.tile(p, 2) / 2
    other = chain(Sample(half[drawn], violates[drawn]), sets(twice, half, drawn), LEAKAGE, 0.05)
    assert other.certified.tolist() == found(seed, uneven).certified.tolist()


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.booleans())
def test_the_order_of_items_and_labels_does_not_matter(seed: int, uneven: bool) -> None:
    score, violates = traffic(seed)
    p = chances(seed, uneven)
    drawn = drawn_by(p, seed)
    rng = np.random.default_rng(seed)
    items, labels = rng.permutation(ITEMS), rng.permutation(len(drawn))
    there = sets(score, p, drawn)
    shuffled = Sets(
        ground(p[items], (score[None] < CUTS[:, None])[:, items]),
        there.labels[:, labels],
    )
    other = chain(Sample(p[drawn][labels], violates[drawn][labels]), shuffled, LEAKAGE, 0.05)
    assert other.p == pytest.approx(found(seed, uneven).p, abs=1e-9)


@settings(deadline=None, max_examples=15)
@given(SEEDS, st.booleans())
def test_another_error_never_certifies_more(seed: int, uneven: bool) -> None:
    _, violates = traffic(seed)
    p = chances(seed, uneven)
    worse = violates.copy()
    worse[drawn_by(p, seed)[:20]] = True
    assert (found(seed, uneven, worse).p >= found(seed, uneven).p - 1e-9).all()
    assert found(seed, uneven, worse).certified.sum() <= found(seed, uneven).certified.sum()


@pytest.mark.parametrize("uneven", [False, True])
def test_without_errors_everything_is_certified_and_with_nothing_else_nothing_is(uneven: bool) -> None:
    none, every = np.zeros(ITEMS, dtype=bool), np.ones(ITEMS, dtype=bool)
    clean = found(1, uneven, none)
    assert clean.certified[-1]
    assert clean.bound(len(CUTS) - 1) < LEAKAGE.at_most
    assert not found(1, uneven, every).certified.any()


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("said", [[], [True], [False]])
def test_no_label_and_one_label_certify_nothing_and_are_told_what_they_lack(
    uneven: bool, said: list[bool]
) -> None:
    score, _ = traffic(3)
    p = chances(3, uneven)
    drawn = np.arange(len(said))
    result = chain(Sample(p[drawn], np.array(said, dtype=bool)), sets(score, p, drawn), LEAKAGE, 0.05)
    assert not result.certified.any()
    lacking = outlook(result, ITEMS)
    assert lacking.bound > LEAKAGE.at_most
    assert lacking.more > 1


def test_a_weight_of_a_billion_is_borne_and_no_weight_at_all_is_refused() -> None:
    score, violates = traffic(4)
    p = np.where(np.arange(ITEMS) % 2 == 0, 1.0, 1e-9)
    drawn = np.arange(0, ITEMS, 2)
    result = chain(Sample(p[drawn], violates[drawn]), sets(score, p, drawn), LEAKAGE, 0.05)
    assert np.isfinite(result.p).all()
    # Half of the items can never be labelled, so nobody knows of them.
    assert not result.certified.any()
    one_heavy = np.concatenate([drawn, [1]])
    result = chain(Sample(p[one_heavy], violates[one_heavy]), sets(score, p, one_heavy), LEAKAGE, 0.05)
    assert not result.certified.any()
    for infinite in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(MeasureError, match="chance of a label"):
            Sample(np.array([infinite]), np.array([True]))


@pytest.mark.slow
@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("sensitivity", [1.0, 0.85])
def test_both_limits_hold_at_once_in_all_but_five_of_a_hundred_recalibrations(
    uneven: bool, sensitivity: float
) -> None:
    """True rates are those of the traffic that labels are drawn from, with replacement."""
    score, violates = traffic(5)
    p, rng = chances(5, uneven), np.random.default_rng(6)
    specificity = 0.995 if sensitivity < 1 else 1.0
    reviewers = Reviewers((sensitivity,) * 2, (specificity,) * 2)
    limits = [Limit(one.measure, one.at_most, reviewers) for one in (LEAKAGE, OVERKILL)]
    inside = [score[None] < CUTS[:, None], score[None] >= CUTS[::-1, None]]
    grounds = [ground(p, one) for one in inside]
    with np.errstate(invalid="ignore"):
        wrong = [violates @ inside[0].T / inside[0].sum(axis=1), ~violates @ inside[1].T]
        wrong[1] = wrong[1] / inside[1].sum(axis=1)
    bad = [rate > limit.at_most for rate, limit in zip(wrong, limits, strict=True)]
    broken, repetitions = 0, 300
    for _ in range(repetitions):
        drawn = np.repeat(np.arange(ITEMS), rng.poisson(p))
        chance = rng.random(len(drawn))
        said = np.where(violates[drawn], chance < sensitivity, chance >= specificity)
        families = [
            (Sets(of, one[:, drawn]), tightened(limit))
            for of, one, limit in zip(grounds, inside, limits, strict=True)
        ]
        results = chains(Sample(p[drawn], said), families, 0.05)
        broken += any(bool((one.certified & it).any()) for one, it in zip(results, bad, strict=True))
    assert broken / repetitions <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / repetitions)
