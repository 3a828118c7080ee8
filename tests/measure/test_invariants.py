"""What every figure and every change is indifferent to, and what it says where there is next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.measure import differences, estimate

Measure = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
BOTH = [pytest.param(estimate, id="estimate"), pytest.param(differences, id="differences")]
ITEMS = 150
OUTCOMES = ["passed", "actioned", "held"]


def platform(seed: int, **columns: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items that were decided twice, with very unequal views and chances, and what people say of them all."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(0.5, 1.5, ITEMS), 0.05, 1.0)
    before, after = (rng.choice(OUTCOMES, ITEMS, p=[0.7, 0.2, 0.1]) for _ in range(2))
    people = pl.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(ITEMS)],
            "outcome": before,
            "outcome_before": before,
            "outcome_after": after,
            "audit_probability": p,
            "audited": rng.random(ITEMS) < p,
            "views": np.ceil(rng.pareto(1.5, ITEMS) * 10),
            **columns,
        }
    )
    return people, people.select("item_id", violates=pl.Series(rng.random(ITEMS) < 0.2))


def numbers(figures: pl.DataFrame, rows: pl.Expr | None = None) -> np.ndarray:
    chosen = figures if rows is None else figures.filter(rows)
    return chosen.select("estimate", "low", "high").fill_null(-9.0).to_numpy()


def sane(figures: pl.DataFrame, least: float) -> None:
    for row in figures.iter_rows(named=True):
        assert least <= row["low"] <= row["high"] <= 1, row
        assert row["estimate"] is None or row["low"] <= row["estimate"] <= row["high"], row


@pytest.mark.parametrize("measured", BOTH)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), unit=st.sampled_from([1e-9, 0.37, 1e9]))
def test_views_in_another_unit_give_the_same_figures(measured: Measure, seed: int, unit: float) -> None:
    people, said = platform(seed)
    same = measured(people.with_columns(pl.col("views") * unit), said)
    assert numbers(same) == pytest.approx(numbers(measured(people, said)), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("measured", BOTH)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_items_and_of_labels_does_not_matter(measured: Measure, seed: int) -> None:
    people, said = platform(seed)
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (people, said)]
    assert numbers(measured(*shuffled)) == pytest.approx(numbers(measured(people, said)), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("measured", BOTH)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), answer=st.sampled_from(["as it is", "no", "yes", "one", "none"]))
def test_whatever_people_say_limits_are_limits(measured: Measure, seed: int, answer: str) -> None:
    people, said = platform(seed)
    if answer in ("no", "yes"):
        said = said.with_columns(violates=pl.lit(answer == "yes"))
    drawn = said.filter(people["audited"])
    said = {"one": drawn.head(1), "none": drawn.clear()}.get(answer, drawn)
    figures = measured(people, said)
    sane(figures, -1 if measured is differences else 0)
    if answer == "none":
        assert figures["estimate"].null_count() == len(figures)


@pytest.mark.parametrize("measured", BOTH)
def test_without_any_views_nothing_is_claimed_by_view_and_figures_by_item_stay(measured: Measure) -> None:
    people, said = platform(1)
    figures, usual = measured(people.with_columns(views=pl.lit(0)), said), measured(people, said)
    assert figures.filter(weight="view")["estimate"].null_count() == 4
    by_item = pl.col("weight") == "item"
    # The search for limits stops a little earlier or later with other figures beside.
    assert numbers(figures, by_item) == pytest.approx(numbers(usual, by_item), abs=1e-6)


@pytest.mark.parametrize("measured", BOTH)
@pytest.mark.parametrize("seed", range(4))
def test_items_without_views_weigh_nothing_and_one_with_a_billion_is_borne(
    measured: Measure, seed: int
) -> None:
    people, said = platform(seed)
    at = pl.int_range(pl.len())
    spread = pl.when(at == 5).then(1e9).when(at % 3 == 0).then(0.0).otherwise("views")
    sane(measured(people.with_columns(views=spread), said), -1 if measured is differences else 0)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_of_all_that_is_stopped_more_harm_never_makes_overkill_look_larger(seed: int) -> None:
    """Given one more 'violates' among what was stopped, then neither limit of its overkill rate rises."""
    people, said = platform(seed, audit_probability=0.5)
    stopped = people.filter("audited", outcome="actioned")["item_id"]
    one = said.filter(pl.col("item_id").is_in(stopped.implode()) & ~pl.col("violates"))["item_id"].head(1)
    harsher = said.with_columns(violates=pl.col("violates") | pl.col("item_id").is_in(one.implode()))
    overkill = (pl.col("measure") == "overkill_rate") & (pl.col("weight") == "item")
    before, after = (numbers(estimate(people, given), overkill)[0] for given in (said, harsher))
    assert (after <= before + 1e-6).all()
