"""Corrected shares: right where every part can be told, refused with the part that cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.measure import estimate
from tidegate.measure.reviewers import Part, Skill, corrected_share, fine, parts_by_outcome
from tidegate.measure.reviewers.skill import exact_limits

GOOD = Skill(0.8, 0.999, 5_000, 20_000)


def labelled(violates: float, skill: Skill = GOOD, half: float = 0.002) -> tuple[float, float, float]:
    """What such reviewers call violating where this share is, with limits on either side."""
    assert skill.sensitivity is not None
    assert skill.specificity is not None
    p = violates * skill.sensitivity + (1 - violates) * (1 - skill.specificity)
    return p, max(p - half, 0.0), min(p + half, 1.0)


PARTS = {
    "passed": Part(90_000, labelled(0.01)),
    "actioned": Part(2_000, labelled(0.9)),
    "held": Part(1_000, labelled(0.3)),
}


def test_leakage_share_by_hand() -> None:
    # 900 violating items passed, 1,800 were actioned, 300 are held.
    found = corrected_share("passed", PARTS, GOOD)
    assert found.estimate == pytest.approx(900 / 3_000)
    assert found.low < 0.3 < found.high
    assert found.note == ""


def test_overkill_share_by_hand() -> None:
    # 200 fine items were actioned, of 89,100 + 200 + 700.
    found = corrected_share("actioned", fine(PARTS), GOOD, about_fine=True)
    assert found.estimate == pytest.approx(200 / 90_000)
    assert found.low < 200 / 90_000 < found.high


def test_perfect_reviewers_change_nothing() -> None:
    perfect = Skill(1.0, 1.0, 1e12, 1e12)
    parts = {
        "passed": Part(10**9, (0.01, 0.008, 0.012)),
        "actioned": Part(10**7, (0.9, 0.9, 0.9)),
    }
    found = corrected_share("passed", parts, perfect)
    assert found.estimate == pytest.approx(10 / 19)
    # Only the rate of what passed moves it.
    assert (found.low, found.high) == pytest.approx((8 / 17, 12 / 21), abs=1e-4)


def test_where_the_rate_of_the_part_cannot_be_told_a_bound_remains() -> None:
    careless = Skill(0.8, 0.99, 5_000, 20_000)
    parts = {
        "passed": Part(90_000, labelled(0.001, careless)),
        "actioned": Part(2_000, labelled(0.9, careless)),
    }
    found = corrected_share("passed", parts, careless)
    assert (found.estimate, found.low) == (None, 0.0)
    assert 0.04 < found.high < 0.3
    assert found.note.startswith("mistakes alone may make up what was found")


def test_without_labels_of_another_part_nothing_is_known() -> None:
    found = corrected_share("passed", {**PARTS, "held": Part(1_000, None)}, GOOD)
    assert (found.estimate, found.low, found.high) == (None, 0.0, 1.0)
    assert found.note == "held: no labels: nothing can be said"


def test_an_outcome_without_items_does_not_count() -> None:
    without = {name: part for name, part in PARTS.items() if name != "held"}
    assert corrected_share("passed", {**without, "held": Part(0, None)}, GOOD) == corrected_share(
        "passed", without, GOOD
    )
    assert corrected_share("passed", {"actioned": PARTS["actioned"]}, GOOD).note == "no items were passed"
    alone = corrected_share("passed", {"passed": PARTS["passed"]}, GOOD)
    assert (alone.estimate, alone.note) == (None, "all items were passed")


def test_a_rate_that_may_be_one_is_no_reason_to_refuse() -> None:
    parts = {"passed": Part(90_000, labelled(0.01)), "actioned": Part(50, (0.8, 0.6, 1.0))}
    found = corrected_share("actioned", parts, GOOD)
    assert found.estimate == pytest.approx(50 / (50 + 900), rel=0.01)
    assert found.low < found.estimate


def test_reviewers_no_better_than_chance_are_refused() -> None:
    found = corrected_share("passed", PARTS, Skill(0.5, 0.52, 100, 100))
    assert (found.estimate, found.low, found.high) == (None, 0.0, 1.0)
    assert "no better than chance" in found.note


rates = st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.floats(0, 0.2)).map(
    lambda one: (one[0], max(one[0] - one[1], 0.0), min(one[0] + one[2], 1.0))
)
parts_of = st.builds(Part, st.sampled_from([0, 1, 1_000, 10**9]), st.none() | rates)


@given(
    st.fixed_dictionaries({"passed": parts_of, "actioned": parts_of, "held": parts_of}),
    st.floats(0.5, 1),
    st.floats(0.5, 1),
    st.integers(20, 10**9),
    st.booleans(),
)
def test_limits_are_limits(
    parts: dict[str, Part], se: float, sp: float, golds: int, about_fine: bool
) -> None:
    skill = Skill(se, sp, golds, golds)
    found = corrected_share("passed", parts, skill, about_fine=about_fine)
    assert 0 <= found.low <= found.high <= 1
    if found.estimate is None:
        assert found.note
    else:
        assert found.low <= found.estimate <= found.high
    # The order in which outcomes are given is no matter.
    turned = corrected_share("passed", dict(reversed(parts.items())), skill, about_fine=about_fine)
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high), abs=1e-9)


def test_parts_are_what_is_called_violating_by_outcome(
    population: Callable[..., pl.DataFrame], labels: Callable[..., pl.DataFrame]
) -> None:
    people = population(["passed"] * 4 + ["actioned"] * 2 + ["held"] * 2, kind=["a", "b"] * 4)
    said = labels([(f"i{i}", i in (0, 4, 5, 6)) for i in range(8)])
    found = parts_by_outcome(people, said, by=["kind"])
    everything = found[None, None]
    assert {name: part.items for name, part in everything.items()} == {"passed": 4, "actioned": 2, "held": 2}
    shares = {name: part.apparent[0] for name, part in everything.items() if part.apparent}
    assert shares == {"passed": 0.25, "actioned": 1.0, "held": 0.5}
    assert {name: part.apparent[0] for name, part in fine(everything).items() if part.apparent} == {
        "passed": 0.75,
        "actioned": 0.0,
        "held": 0.5,
    }
    assert found["kind", "b"]["passed"].apparent == (0.0, 0.0, 0.0)


def test_parts_agree_with_the_rates_as_labelled(
    population: Callable[..., pl.DataFrame],
    labels: Callable[..., pl.DataFrame],
    figure: Callable[..., dict[str, Any]],
) -> None:
    rng = np.random.default_rng(2)
    people = population(rng.choice(["passed", "actioned", "held"], 4_000).tolist(), 0.2)
    said = labels([(f"i{i}", bool(rng.random() < 0.2)) for i in range(4_000)])
    parts, figures = parts_by_outcome(people, said)[None, None], estimate(people, said)
    for error, name, found in (("leakage", "passed", parts), ("overkill", "actioned", fine(parts))):
        row = figure(figures, f"{error}_rate")
        assert found[name].apparent == pytest.approx((row["estimate"], row["low"], row["high"]), abs=1e-9)


SITES = {
    "half leaks": ((97_000, 2_500, 500), (0.02, 0.8, 0.3), (2_000, 400, 200)),
    "little leaks": ((97_000, 3_000), (0.005, 0.9), (2_000, 500)),
    "much is held": ((80_000, 15_000, 5_000), (0.05, 0.6, 0.3), (1_000, 500, 300)),
    "few labels": ((97_000, 2_500, 500), (0.02, 0.95, 0.1), (1_000, 100, 60)),
}
"""Per outcome: items, the share that violates, labels."""


@pytest.mark.slow
@pytest.mark.parametrize("about_fine", [False, True])
@pytest.mark.parametrize(("se", "sp", "golds"), [(0.85, 0.995, 1_000), (0.95, 0.99, 300)])
@pytest.mark.parametrize("site", SITES)
def test_the_limits_hold(site: str, se: float, sp: float, golds: int, about_fine: bool) -> None:
    rng, (items, violates, labels) = np.random.default_rng(3), SITES[site]
    names = ("passed", "actioned", "held")[: len(items)]
    inside = "actioned" if about_fine else "passed"
    counts = np.multiply(items, 1 - np.array(violates) if about_fine else violates)
    truth = counts[names.index(inside)] / counts.sum()
    called = [q * se + (1 - q) * (1 - sp) for q in violates]
    held = 0
    for found in rng.binomial(labels, called, (1_000, len(items))).tolist():
        shares = zip(names, items, found, labels, strict=True)
        parts = {name: Part(n, (x / of, *exact_limits(x / of, of, 0.95))) for name, n, x, of in shares}
        skill = Skill(rng.binomial(golds, se) / golds, rng.binomial(golds, sp) / golds, golds, golds)
        one = corrected_share(inside, fine(parts) if about_fine else parts, skill, about_fine=about_fine)
        held += one.low <= truth <= one.high
    # 94 % less two standard errors.
    assert held / 1_000 >= 0.925
