"""Predictions narrow a rate's interval where they are good, and change nothing where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure import draw, estimate, risk_proportional

ROOT = Path(__file__).parents[2]


def stream(seed: int, n: int = 20_000, prevalence: float = 0.1, labels: float = 1_000, risk: bool = True):
    """A population that passed, with a calibrated prediction, and the labels of its audit."""
    rng = np.random.default_rng(seed)
    violates = rng.random(n) < prevalence
    x = rng.normal(size=n) + 2 * violates
    score = 1 / (1 + np.exp(-(np.log(prevalence / (1 - prevalence)) + 2 * x - 2)))
    ids = pl.Series([f"i{i}" for i in range(n)])
    p = risk_proportional(score, None, labels) if risk else np.full(n, labels / n)
    drawn = draw(ids, p, seed)
    population = pl.DataFrame(
        {
            "item_id": ids,
            "outcome": ["passed"] * n,
            "views": np.ones(n),
            "audit_probability": p,
            "audited": drawn,
            "score": score,
            "noise": rng.random(n),
            "one": np.full(n, 0.3),
        }
    )
    given_labels = pl.DataFrame({"item_id": ids.filter(drawn), "violates": violates[drawn]})
    return population, given_labels, violates


def leakage(population: pl.DataFrame, labels: pl.DataFrame, prediction: str | None) -> dict[str, object]:
    return estimate(population, labels, prediction=prediction).row(0, named=True)


def width(row: dict[str, object]) -> float:
    return float(row["high"]) - float(row["low"])  # type: ignore[arg-type]


@pytest.mark.parametrize("risk", [True, False])
def test_a_good_prediction_narrows_the_interval_and_is_named_as_the_method(risk: bool) -> None:
    population, labels, violates = stream(1, risk=risk)
    alone, helped = leakage(population, labels, None), leakage(population, labels, "score")
    assert helped["method"] == "assisted"
    assert width(helped) < 0.93 * width(alone)
    assert helped["low"] <= violates.mean() <= helped["high"]
    assert helped["low"] <= helped["estimate"] <= helped["high"]


@pytest.mark.parametrize("useless", ["noise", "one"])
def test_a_useless_prediction_changes_next_to_nothing(useless: str) -> None:
    population, labels, _ = stream(2)
    assert width(leakage(population, labels, useless)) == pytest.approx(
        width(leakage(population, labels, None)), rel=0.02
    )


def test_a_prediction_of_the_wrong_scale_helps_as_much() -> None:
    population, labels, _ = stream(3)
    halved = population.with_columns(pl.col("score") / 2)
    assert width(leakage(halved, labels, "score")) == pytest.approx(
        width(leakage(population, labels, "score")), rel=0.02
    )


def test_few_labelled_errors_are_no_ground_to_rely_on_predictions() -> None:
    population, labels, _ = stream(4, prevalence=0.004, labels=300)
    assert leakage(population, labels, "score") == leakage(population, labels, None)


def test_the_share_that_does_not_violate_is_the_complement() -> None:
    population, labels, _ = stream(5)
    stopped = population.with_columns(outcome=pl.lit("actioned"))
    over = estimate(stopped, labels, prediction="score").filter(measure="overkill_rate", weight="item")
    leaks = leakage(population, labels, "score")
    assert over["low"][0] == pytest.approx(1 - leaks["high"], abs=1e-6)
    assert over["high"][0] == pytest.approx(1 - leaks["low"], abs=1e-6)
    assert over["estimate"][0] == pytest.approx(1 - leaks["estimate"], abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    population, labels, _ = stream(6, n=3000, labels=400)
    shuffled = leakage(population.sample(fraction=1, shuffle=True, seed=seed), labels, "score")
    assert shuffled["high"] == pytest.approx(leakage(population, labels, "score")["high"], rel=1e-6)


@pytest.mark.parametrize("answer", [True, False])
def test_where_all_labels_are_alike_predictions_are_left_aside(answer: bool) -> None:
    population, labels, _ = stream(7, n=2000)
    alike = labels.with_columns(violates=pl.lit(answer))
    assert leakage(population, alike, "score") == leakage(population, alike, None)


def test_no_labels_and_one_label_say_what_they_say_without_predictions() -> None:
    population, labels, _ = stream(8, n=2000)
    for few in (labels.head(0), labels.head(1)):
        assert leakage(population, few, "score") == leakage(population, few, None)


def test_missing_predictions_count_as_the_mean_of_the_others() -> None:
    population, labels, _ = stream(9)
    gaps = population.with_columns(score=pl.when(pl.int_range(pl.len()) % 10 > 0).then("score"))
    assert width(leakage(gaps, labels, "score")) < width(leakage(population, labels, None))


@pytest.mark.parametrize("wrong", [{"score": 7.0}, {"score": None}])
def test_what_is_no_chance_of_violating_is_refused(wrong: dict[str, float | None]) -> None:
    population, labels, _ = stream(10, n=500)
    broken = population.with_columns(pl.lit(value, pl.Float64).alias(name) for name, value in wrong.items())
    with pytest.raises(MeasureError, match="no prediction of violations"):
        leakage(broken, labels, "score")


def test_a_prediction_that_is_no_column_is_told_with_the_nearest() -> None:
    population, labels, _ = stream(11, n=500)
    with pytest.raises(MeasureError, match="no prediction 'scoer'") as caught:
        leakage(population, labels, "scoer")
    assert "'score'" in caught.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("auc", [0.8, 0.9, 0.99])
@pytest.mark.parametrize("prevalence", [0.02, 0.2])
@pytest.mark.parametrize("kind", ["risk", "score", "strata", "stream"])
def test_assisted_intervals_hold(
    auc: float, prevalence: float, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.measure.simulate import audits, rates, world

    repetitions = 400
    rng = np.random.default_rng(3)
    people = world(rng, 20_000, prevalence, 1_000, auc, views=False, kind=kind)
    limits = rates(people, list(audits(rng, people, repetitions)))
    assert limits.coverage(people.truth) >= 0.94 - 3 * np.sqrt(0.06 * 0.94 / repetitions)
