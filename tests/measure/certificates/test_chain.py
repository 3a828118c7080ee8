"""Chains over nested sets, several limits together, and what is lacking where nothing qualifies."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tidegate.measure.certificates.chain import chain, chains
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.outlook import outlook
from tidegate.measure.certificates.sample import Sample, Sets, ground
from tidegate.measure.gates.reviewers import Reviewers

ITEMS = 20_000


def traffic(seed: int = 1) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Calibrated scores: an item of score s violates with chance s."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.2, 1.8, ITEMS)
    return score, rng.random(ITEMS) < score


def levels(score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.quantile(score, np.linspace(0.05, 1, 20))


def passing(score: npt.NDArray[np.float64], drawn: npt.NDArray[np.int64], p: float = 0.4) -> Sets:
    inside = score[None] <= levels(score)[:, None]
    return Sets(ground(np.full(ITEMS, p), inside), inside[:, drawn])


def labelled(
    violates: npt.NDArray[np.bool_], p: float = 0.4, seed: int = 2
) -> tuple[Sample, npt.NDArray[np.int64]]:
    drawn = np.flatnonzero(np.random.default_rng(seed).random(ITEMS) < p)
    return Sample(np.full(len(drawn), p), violates[drawn]), drawn


def test_what_is_certified_keeps_the_limit_and_is_not_far_from_the_best() -> None:
    score, violates = traffic()
    sample, drawn = labelled(violates)
    sets = passing(score, drawn)
    found = chain(sample, sets, Limit("leakage_rate", 0.02), 0.05)
    rates = np.array([violates[score <= level].mean() for level in levels(score)])
    assert found.certified.any()
    assert rates[found.certified].max() <= 0.02
    assert np.flatnonzero(found.certified)[-1] >= np.flatnonzero(rates <= 0.02)[-1] - 1
    assert all(found.bound(int(at)) <= 0.02 for at in np.flatnonzero(found.certified))


def test_more_confidence_certifies_no_more() -> None:
    score, violates = traffic()
    sample, drawn = labelled(violates)
    sets = passing(score, drawn)
    sizes = [
        int(chain(sample, sets, Limit("leakage_rate", 0.02), level).certified.sum())
        for level in (0.2, 0.05, 0.001)
    ]
    assert sizes == sorted(sizes, reverse=True)


def test_a_chain_that_is_whole_leaves_its_share_to_the_other() -> None:
    score, violates = traffic()
    sample, drawn = labelled(violates)
    sets = passing(score, drawn)
    strict, loose = Limit("leakage_rate", 0.02), Limit("leakage_rate", 0.9)
    alone = chains(sample, [(sets, strict), (sets, strict)], 0.05)
    helped = chains(sample, [(sets, strict), (sets, loose)], 0.05)
    assert [one.level for one in alone] == [0.025, 0.025]
    assert [one.level for one in helped] == [0.05, 0.025]


def test_sets_without_items_are_kept_for_free() -> None:
    _, violates = traffic()
    sample, drawn = labelled(violates)
    none = np.zeros((2, ITEMS), dtype=bool)
    found = chain(
        sample, Sets(ground(np.full(ITEMS, 0.4), none), none[:, drawn]), Limit("leakage_rate", 0.001), 0.05
    )
    assert found.certified.all()
    assert found.complete


def test_without_labels_nothing_is_certified() -> None:
    score, _ = traffic()
    empty = np.zeros(0, dtype=np.int64)
    sample = Sample(np.zeros(0), np.zeros(0, dtype=bool))
    found = chain(sample, passing(score, empty), Limit("leakage_rate", 0.02), 0.05)
    assert not found.certified.any()
    lacking = outlook(found, ITEMS)
    assert lacking.bound == 1.0
    assert lacking.labels == 0


def test_too_few_labels_ask_for_more_and_these_are_about_enough() -> None:
    score, violates = traffic()
    few, drawn = labelled(violates, p=0.01)
    limit = Limit("leakage_rate", 0.02)
    lacking = outlook(chain(few, passing(score, drawn, 0.01), limit, 0.05), ITEMS)
    assert lacking.bound > 0.02
    assert 1 < lacking.more < 20
    p = min(0.01 * lacking.more * 2, 1.0)
    many, drawn = labelled(violates, p)
    assert chain(many, passing(score, drawn, p), limit, 0.05).certified.any()


@pytest.mark.parametrize("seed", range(20))
def test_what_fails_has_a_bound_above_its_limit_and_needs_more(seed: int) -> None:
    score, violates = traffic(seed)
    few, drawn = labelled(violates, p=0.02, seed=seed)
    limit, tested = Limit("leakage_rate", 0.02), Limit("leakage_rate", 0.0199)
    found = chain(few, passing(score, drawn, 0.02), tested, 0.05)
    if not found.certified.any():
        lacking = outlook(found, ITEMS, limit)
        assert lacking.at_most == 0.02
        assert lacking.bound > 0.02
        assert lacking.more > 1


def test_where_every_set_is_bad_labels_do_not_help() -> None:
    _, violates = traffic()
    sample, drawn = labelled(~violates)
    lacking = outlook(
        chain(sample, passing(np.arange(ITEMS) + 0.0, drawn), Limit("leakage_rate", 0.02), 0.05), ITEMS
    )
    assert math.isinf(lacking.more)
    assert not lacking.blind


def test_reviewers_who_call_too_much_wrong_make_a_limit_unprovable() -> None:
    score, violates = traffic()
    sample, drawn = labelled(violates)
    # With specificity between 0.97 and 1, all errors that are seen could be slips, or none.
    limit = Limit("leakage_rate", 0.01, Reviewers((0.9, 0.9), (0.97, 1.0)))
    lacking = outlook(chain(sample, passing(score, drawn), limit, 0.05), ITEMS)
    assert lacking.blind


@pytest.mark.parametrize("weight", [1e-9, 1.0, 1e9])
def test_the_unit_of_weights_does_not_matter(weight: float) -> None:
    """Chances of 1e-9 are weights of 1e9; as many labels from as much more traffic say the same."""
    score, violates = traffic()
    sample, drawn = labelled(violates)
    p = min(0.4, 0.4 / weight)
    thin = Sample(np.full(len(drawn), p), sample.violates)
    limit = Limit("leakage_rate", 0.02)
    found = chain(thin, passing(score, drawn, p), limit, 0.05)
    assert found.p == pytest.approx(chain(sample, passing(score, drawn), limit, 0.05).p)


def test_a_late_start_that_succeeds_does_not_give_back_what_an_early_one_spent() -> None:
    weight = np.array([0.9, 0.0, 0.1, 0.0])
    score, violates = traffic()
    sample, drawn = labelled(violates)
    found = chain(sample, passing(score, drawn), Limit("leakage_rate", 0.02), 0.05)
    late = replace(found, weight=weight, certified=np.array([False, False, True, True]))
    both = replace(found, weight=weight, certified=np.array([True, True, True, True]))
    assert not late.complete
    assert both.complete


def test_the_ground_of_a_sample_of_the_items_is_that_of_all() -> None:
    rng = np.random.default_rng(4)
    p = rng.choice([0.5, 0.05, 0.011, 0.0101], ITEMS, p=[0.2, 0.5, 0.2, 0.1])
    some = rng.permutation(ITEMS)[:5_000]
    inside = rng.random((3, ITEMS)) < np.array([[0.2], [0.5], [1.0]])
    all_, sampled = ground(p, inside), ground(p[some], inside[:, some], p)
    assert sampled.heaviest == pytest.approx(all_.heaviest)
    assert sampled.items == pytest.approx(all_.items, rel=0.05)
    assert sampled.effective == pytest.approx(all_.effective, rel=0.06)
    assert sampled.chance.sum() == pytest.approx(all_.chance.sum(), rel=0.06)
