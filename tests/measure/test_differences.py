"""Differences: paired, signed, and silent about what both sides treat alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from tidegate.errors import MeasureError
from tidegate.measure import differences, estimate, true_differences

Build = Callable[..., pl.DataFrame]

BEFORE = ["passed", "passed", "passed", "passed", "actioned", "actioned", "held"]
AFTER = ["passed", "actioned", "passed", "held", "actioned", "passed", "actioned"]
VIOLATES = [False, True, True, False, True, False, True]


@pytest.fixture
def both(population: Build) -> Build:
    def build(before: list[str], after: list[str], p: Any = 1.0, **columns: Any) -> pl.DataFrame:
        people = population(before, p, **columns).rename({"outcome": "outcome_before"})
        return people.with_columns(outcome_after=pl.Series(after, dtype=pl.String))

    return build


def row(figures: pl.DataFrame, measure: str, weight: str = "item") -> dict[str, Any]:
    return figures.filter(pl.col("measure") == measure, pl.col("weight") == weight).row(0, named=True)


@pytest.mark.parametrize(
    ("measure", "before", "after"),
    [
        ("leakage_rate", 2 / 4, 1 / 3),
        ("leakage_share", 2 / 4, 1 / 4),
        ("overkill_rate", 1 / 2, 0 / 3),
        ("overkill_share", 1 / 3, 0 / 3),
    ],
)
def test_a_census_gives_each_change_exactly(
    both: Build, labels: Build, measure: str, before: float, after: float
) -> None:
    people = both(BEFORE, AFTER)
    said = labels([(f"i{i}", y) for i, y in enumerate(VIOLATES)])
    found, exact = row(differences(people, said), measure), row(true_differences(people, said), measure)
    for name in ("estimate", "low", "high"):
        assert found[name] == pytest.approx(after - before, abs=1e-6)
    assert exact["truth"] == pytest.approx(after - before)
    assert (found["before"], found["after"]) == pytest.approx((before, after))
    assert (exact["before"], exact["after"]) == pytest.approx((before, after))


def test_where_the_outcomes_agree_the_change_is_known_to_be_none(both: Build, labels: Build) -> None:
    people = both(BEFORE * 30, BEFORE * 30, 0.3)
    said = labels([(f"i{i}", i % 3 == 0) for i in range(210)])
    figures = differences(people, said)
    for name in ("estimate", "low", "high"):
        assert figures[name].to_list() == pytest.approx([0.0] * 8, abs=1e-6)
    assert figures["items_changed"].to_list() == [0] * 8


def test_the_way_back_has_the_opposite_sign(both: Build, labels: Build) -> None:
    people = both(BEFORE * 60, AFTER * 60, 0.4)
    back = people.rename({"outcome_before": "outcome_after", "outcome_after": "outcome_before"})
    said = labels([(f"i{i}", VIOLATES[i % 7]) for i in range(420)])
    there, again = differences(people, said), differences(back, said)
    for ours, theirs in (("low", "high"), ("high", "low")):
        assert there[ours].to_list() == pytest.approx([-value for value in again[theirs]], abs=1e-5)
    for one, other in zip(there.to_dicts(), again.to_dicts(), strict=True):
        if not {one["after"], other["after"]} & {0.0, 1.0}:  # no share goes further
            assert one["estimate"] == pytest.approx(-other["estimate"], abs=1e-5)


def test_labels_on_what_changes_are_counted_apart(both: Build, labels: Build) -> None:
    figures = differences(both(BEFORE, AFTER), labels([("i0", False), ("i1", True), ("i5", False)]))
    leakage = row(figures, "leakage_rate")
    assert (leakage["labels"], leakage["labels_changed"], leakage["items_changed"]) == (3, 2, 3)
    assert "only 2 labels on items whose outcome changes" in leakage["note"]


def test_a_side_without_items_has_no_change_to_speak_of(both: Build, labels: Build) -> None:
    figures = differences(both(["passed"] * 3, ["held"] * 3), labels([("i0", True)]))
    found = row(figures, "leakage_rate")
    assert (found["estimate"], found["low"], found["high"]) == (None, -1.0, 1.0)
    assert row(figures, "leakage_share")["estimate"] == -1.0


def test_without_labels_nothing_is_claimed(both: Build, labels: Build) -> None:
    figures = differences(both(BEFORE, AFTER), labels([]))
    assert figures["estimate"].null_count() == 8
    assert figures.select((pl.col("low") == -1).all() & (pl.col("high") == 1).all()).item()


def test_the_population_needs_both_outcomes(population: Build, labels: Build) -> None:
    with pytest.raises(MeasureError, match="outcome_before"):
        differences(population(["passed"]), labels([]))


@pytest.mark.slow
def test_intervals_hold_the_true_change_and_pairing_makes_them_narrow(both: Build, labels: Build) -> None:
    rng = np.random.default_rng(3)
    n, repetitions = 6_000, 200
    y = rng.random(n) < 0.02
    score = rng.normal(size=n) + 2.2 * y
    before = np.select([score > 3.0, score > 2.6], ["actioned", "held"], "passed").tolist()
    after = np.select([score > 2.7, score > 2.4], ["actioned", "held"], "passed").tolist()
    p = np.where(score > 2.0, 0.3, 0.03)
    people = both(before, after, p, views=rng.integers(0, 200, n))
    said = labels([(f"i{i}", bool(violates)) for i, violates in enumerate(y)])
    exact = true_differences(people, said)["truth"].to_numpy()
    held = np.zeros((repetitions, 8))
    for repetition in range(repetitions):
        found = differences(people.with_columns(audited=pl.Series(rng.random(n) < p)), said)
        held[repetition] = (found["low"].to_numpy() <= exact) & (exact <= found["high"].to_numpy())
    # 94 % less three standard errors of 200 repetitions.
    assert (held.mean(axis=0) >= 0.94 - 3 * np.sqrt(0.05 * 0.95 / repetitions)).all()


def test_before_is_what_the_estimate_says_and_every_row_adds_up(both: Build, labels: Build) -> None:
    rng = np.random.default_rng(7)
    n = 4_000
    outcomes = ["passed", "actioned", "held"]
    before, after = (rng.choice(outcomes, n, p=[0.8, 0.15, 0.05]).tolist() for _ in range(2))
    p = rng.uniform(0.02, 0.9, n)
    people = both(before, after, p, views=rng.integers(1, 900, n))
    drawn = people.filter("audited")["item_id"].to_list()
    said = labels([(item, bool(rng.random() < 0.2)) for item in drawn])
    found = differences(people, said)
    alone = estimate(people.rename({"outcome_before": "outcome"}), said)
    for figure in found.iter_rows(named=True):
        assert figure["before"] + figure["estimate"] == pytest.approx(figure["after"])
        assert figure["before"] == pytest.approx(row(alone, figure["measure"], figure["weight"])["estimate"])


def test_where_every_item_is_labelled_the_change_is_known(both: Build, labels: Build) -> None:
    n = 200
    rng = np.random.default_rng(3)
    before, after = (rng.choice(["passed", "actioned"], n).tolist() for _ in range(2))
    people = both(before, after, 0.5, audited=[True] * n)
    found = differences(people, labels([(f"i{i}", i % 20 == 0) for i in range(n)]))
    assert found["low"].to_list() == found["estimate"].to_list() == found["high"].to_list()
    assert set(found["method"]) == {"census"}
