"""Estimates: what each measure means, who counts, and what is said where little can be known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from benchmarks.measure.bench_shares import audits

from tidegate.errors import MeasureError
from tidegate.measure import estimate, proportional, truth

MEASURES = ("leakage_rate", "leakage_share", "overkill_rate", "overkill_share")
Build = Callable[..., pl.DataFrame]
Figure = Callable[..., dict[str, Any]]

# Six passed (one violates), three actioned (one harmless), one held (violates).
OUTCOMES = ["passed"] * 6 + ["actioned"] * 3 + ["held"]
VIOLATES = [True, False, False, False, False, False, True, True, False, True]


def everyone(labels: Build, violates: list[bool] = VIOLATES) -> pl.DataFrame:
    return labels([(f"i{i}", y) for i, y in enumerate(violates)])


class TestDefinitions:
    @pytest.mark.parametrize(
        ("measure", "by_item", "by_view"),
        [
            ("leakage_rate", 1 / 6, 10 / 15),
            ("leakage_share", 1 / 4, 10 / 17),
            ("overkill_rate", 1 / 3, 5 / 8),
            ("overkill_share", 1 / 6, 5 / 10),
        ],
    )
    def test_a_census_gives_each_measure_exactly(
        self, population: Build, labels: Build, figure: Figure, measure: str, by_item: float, by_view: float
    ) -> None:
        people = population(OUTCOMES, views=[10, 1, 1, 1, 1, 1, 1, 2, 5, 4])
        figures = estimate(people, everyone(labels))
        for weight, expected in (("item", by_item), ("view", by_view)):
            row = figure(figures, measure, weight)
            assert (row["estimate"], row["low"], row["high"]) == pytest.approx((expected,) * 3)
            assert row["method"] == "census"

    def test_a_census_by_chance_is_a_census_whatever_the_probabilities(
        self, population: Build, labels: Build
    ) -> None:
        """In a small slice all items may happen to be drawn. What is then known needs no weights."""
        people = population(OUTCOMES, views=[10, 1, 1, 1, 1, 1, 1, 2, 5, 4])
        by_chance = people.with_columns(audit_probability=pl.Series([0.2, 0.9, 0.5, 1.0, 0.7] * 2))
        assert estimate(by_chance, everyone(labels)).equals(estimate(people, everyone(labels)))

    def test_truth_gives_the_same_as_a_census(self, population: Build, labels: Build) -> None:
        people = population(OUTCOMES, views=[10, 1, 1, 1, 1, 1, 1, 2, 5, 4], kind=["a", None] * 5)
        known = everyone(labels).select("item_id", "violates", "policy")
        exact = truth(people, known, by=["kind"])
        figures = estimate(people, everyone(labels), by=["kind"])
        keys = ["measure", "weight", "slice", "value"]
        assert exact.select(keys).equals(figures.select(keys))
        assert exact["truth"].to_list() == pytest.approx(figures["estimate"].to_list())

    def test_truth_that_is_not_known_is_set_aside(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        known = everyone(labels).with_columns(
            violates=pl.when(pl.col("item_id") != "i0").then(pl.col("violates"))
        )
        row = figure(truth(population(OUTCOMES), known), "leakage_rate")
        assert (row["truth"], row["items"]) == (0.0, 5)

    def test_estimates_weigh_each_label_by_its_recorded_probability(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(
            ["passed"] * 40,
            [0.5] * 20 + [0.1] * 20,
            audited=[True] * 10 + [False] * 10 + [True] * 2 + [False] * 18,
        )
        said = labels([(f"i{i}", i < 5) for i in (*range(10), 20, 21)])
        assert figure(estimate(people, said), "leakage_rate")["estimate"] == pytest.approx(
            5 * 2 / (10 * 2 + 2 * 10)
        )

    def test_every_figure_has_its_domain_and_its_labels(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        figures = estimate(population(OUTCOMES), everyone(labels))
        found = {name: (figure(figures, name)["items"], figure(figures, name)["labels"]) for name in MEASURES}
        assert found == {
            "leakage_rate": (6, 6),
            "leakage_share": (10, 10),
            "overkill_rate": (3, 3),
            "overkill_share": (10, 10),
        }


class TestSlices:
    def test_a_slice_is_measured_as_if_it_were_alone(self, population: Build, labels: Build) -> None:
        rng = np.random.default_rng(0)
        outcome = rng.choice(["passed", "actioned", "held"], 3000, p=[0.8, 0.15, 0.05]).tolist()
        people = population(
            outcome, 0.2, market=rng.choice(["US", "DE"], 3000), views=rng.integers(1, 50, 3000)
        )
        said = labels([(f"i{i}", bool(rng.random() < 0.1)) for i in range(3000)])
        sliced = estimate(people, said, by=["market"]).filter(pl.col("value") == "DE")
        alone = estimate(people.filter(pl.col("market") == "DE"), said)
        for column in ("estimate", "low", "high"):
            assert sliced[column].to_list() == pytest.approx(alone[column].to_list(), abs=1e-6)
        assert sliced["labels"].equals(alone["labels"])

    def test_a_missing_value_is_a_slice_of_its_own(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(["passed"] * 3, market=["US", None, None])
        row = figure(
            estimate(people, everyone(labels, [True, True, False]), by=["market"]),
            "leakage_rate",
            of=("market", "(none)"),
        )
        assert (row["estimate"], row["items"]) == (0.5, 2)

    def test_numbers_and_booleans_can_slice(self, population: Build, labels: Build) -> None:
        people = population(["passed"] * 4, stars=[1, 1, 2, None], known=[True, False, True, True])
        values = estimate(people, everyone(labels, [True] * 4), by=["stars", "known"])["value"].unique()
        assert set(values.drop_nulls()) == {"1", "2", "(none)", "true", "false"}

    def test_by_policy_leakage_is_what_violates_it_and_overkill_what_it_stopped(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(
            ["passed"] * 4 + ["actioned"] * 4, policy=[None] * 4 + ["hate", "hate", "spam", "spam"]
        )
        said = labels(
            [
                ("i0", True, "hate"),
                ("i1", True, "spam"),
                ("i2", False),
                ("i3", False),
                ("i4", True, "hate"),
                ("i5", False),
                ("i6", False),
                ("i7", False),
            ]
        )
        figures = estimate(people, said, by=["policy"])
        found = {
            (measure, policy): figure(figures, measure, of=("policy", policy))["estimate"]
            for measure in MEASURES
            for policy in ("hate", "spam")
        }
        assert found == {
            ("leakage_rate", "hate"): 0.25,
            ("leakage_rate", "spam"): 0.25,
            ("leakage_share", "hate"): 0.5,
            ("leakage_share", "spam"): 1.0,
            ("overkill_rate", "hate"): 0.5,
            ("overkill_rate", "spam"): 1.0,
            ("overkill_share", "hate"): 0.2,
            ("overkill_share", "spam"): 0.4,
        }

    def test_labels_that_name_no_policy_cannot_tell_what_leaks_of_one(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(["passed", "actioned"], policy=[None, "hate"])
        figures = estimate(people, everyone(labels, [True, False]), by=["policy"])
        leaks = figure(figures, "leakage_rate", of=("policy", "hate"))
        assert (leaks["estimate"], leaks["low"], leaks["high"]) == (None, 0.0, 1.0)
        assert "no label names this policy" in leaks["note"]
        assert figure(figures, "overkill_rate", of=("policy", "hate"))["estimate"] == 1.0


class TestVotes:
    def test_the_majority_counts_and_ties_are_set_aside(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        said = labels(
            [
                ("i0", True, None, "ann"),
                ("i0", True, None, "bob"),
                ("i0", False, None, "cy"),
                ("i1", True, None, "ann"),
                ("i1", False, None, "bob"),
                ("i2", False, None, "ann"),
            ]
        )
        row = figure(estimate(population(["passed"] * 3), said), "leakage_rate")
        assert (row["estimate"], row["labels"]) == (0.5, 2)
        assert "1 item with as many yes as no" in row["note"]
        assert "adjudicated" in row["note"]

    def test_a_reviewer_who_goes_through_the_policies_has_one_vote(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        rows = [("i0", True, "hate"), ("i0", False, "spam"), ("i0", False, "scam")]
        for labeller in (None, "ann"):
            said = labels([(*row, labeller) for row in rows])
            row = figure(estimate(population(["passed"]), said), "leakage_rate")
            assert (row["estimate"], row["labels"]) == (1.0, 1)

    def test_labels_without_a_name_are_a_vote_each(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        said = labels([("i0", True), ("i0", False), ("i0", False)])
        assert figure(estimate(population(["passed"]), said), "leakage_rate")["estimate"] == 0.0

    def test_clearing_an_item_of_one_policy_says_nothing_of_another(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        said = labels([("i0", False, "spam"), ("i1", True, "hate"), ("i2", True), ("i3", False)])
        figures = estimate(population(["passed"] * 4, policy=[None] * 4), said, by=["policy"])
        hate = figure(figures, "leakage_rate", of=("policy", "hate"))
        # i1 violates it, i3 violates nothing; i0 and i2 are not known.
        assert (hate["estimate"], hate["labels"]) == (0.5, 2)

    def test_columns_that_labels_may_lack_are_not_missed(self, population: Build, figure: Figure) -> None:
        said = pl.DataFrame({"item_id": ["i0", "i1"], "violates": [True, None]})
        assert figure(estimate(population(["passed"] * 2), said), "leakage_rate")["labels"] == 1


class TestWhoCounts:
    def test_labels_of_items_that_were_not_drawn_are_left_out_and_counted(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(["passed"] * 4, 0.5, audited=[True, True, False, False])
        said = labels([("i0", False), ("i1", False), ("i2", True), ("i3", True), ("elsewhere", True)])
        row = figure(estimate(people, said), "leakage_rate")
        assert (row["estimate"], row["labels"]) == (0.0, 2)
        assert "labels of 3 items were left out" in row["note"]

    def test_drawn_items_without_an_answer_are_taken_as_missing_at_random(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        # Half of the passed and all of the actioned items have an answer: the passed ones stand for two each.
        people = population(["passed"] * 40 + ["actioned"] * 10)
        said = labels([(f"i{i}", True) for i in (*range(20), *range(40, 50))])
        row = figure(estimate(people, said), "leakage_share")
        assert row["estimate"] == pytest.approx(40 / 50)
        assert "30 of 50 drawn items are labelled" in row["note"]
        assert row["low"] < 0.8 - 1e-3

    def test_without_labels_nothing_is_claimed(self, population: Build, labels: Build) -> None:
        figures = estimate(population(OUTCOMES), labels([]))
        assert figures["estimate"].null_count() == len(figures) == 8
        assert figures.select((pl.col("low") == 0).all() & (pl.col("high") == 1).all()).item()
        assert all("no labels" in note for note in figures["note"])

    def test_without_items_there_is_nothing_to_measure(self, population: Build, labels: Build) -> None:
        figures = estimate(population([]), labels([]), by=["views"])
        assert len(figures) == 8
        assert figures["note"].unique().to_list() == ["no items"]

    def test_a_frame_without_rows_may_be_without_types(self, labels: Build) -> None:
        names = ("item_id", "outcome", "audit_probability", "audited")
        assert len(estimate(pl.DataFrame({name: [] for name in names}), labels([]))) == 8

    def test_what_cannot_err_is_exactly_none_or_all(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        people = population(["passed"] * 200, 0.5, audited=[i % 2 == 0 for i in range(200)])
        found = estimate(people, labels([(f"i{i}", i < 9) for i in range(0, 200, 2)]))
        leaked, stopped = figure(found, "leakage_share"), figure(found, "overkill_share")
        assert (leaked["low"], leaked["high"]) == (1, 1)
        assert (stopped["low"], stopped["high"]) == (0, 0)

    def test_few_labels_are_pointed_out(self, population: Build, labels: Build, figure: Figure) -> None:
        people = population(["passed"] * 900, 0.01, audited=[i < 9 for i in range(900)])
        row = figure(estimate(people, labels([(f"i{i}", i == 0) for i in range(9)])), "leakage_rate")
        assert "only 9 labels" in row["note"]
        assert row["high"] - row["low"] > 0.4

    def test_views_that_are_missing_count_as_none_and_are_pointed_out(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        figures = estimate(population(["passed"] * 2, views=[None, 7]), everyone(labels, [True, False]))
        assert figure(figures, "leakage_rate", "view")["estimate"] == 0.0
        assert "1 item without views" in figure(figures, "leakage_rate", "view")["note"]

    @pytest.mark.parametrize("views", [[0, 0], None])
    def test_without_any_views_nothing_is_claimed_by_view(
        self, population: Build, labels: Build, figure: Figure, views: list[int] | None
    ) -> None:
        people = population(["passed"] * 2, views=views or [1, 1])
        people = people if views else people.drop("views")
        row = figure(estimate(people, everyone(labels, [True, False])), "leakage_rate", "view")
        assert (row["estimate"], row["low"], row["high"]) == (None, 0.0, 1.0)
        assert "no views" in row["note"]

    def test_items_too_heavy_for_their_probability_widen_the_interval_and_say_so(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        n = 2000
        people = population(
            ["passed"] * n, 0.1, views=[10**9] + [1] * (n - 1), audited=[False] + [True] * (n - 1)
        )
        row = figure(
            estimate(people, labels([(f"i{i}", False) for i in range(1, n)])), "leakage_rate", "view"
        )
        assert row["high"] > 0.9
        assert "too heavy for their audit chance" in row["note"]

    def test_labels_that_stand_for_more_than_there_is_give_no_share_and_say_so(
        self, population: Build, labels: Build, figure: Figure
    ) -> None:
        """Given one violating post that had a chance of 1 in 50 and stands for 1,500 of 89 views."""
        people = population(
            ["passed"] * 50 + ["actioned"] * 10,
            [0.02] + [0.5] * 59,
            views=[30] + [1] * 59,
            audited=[i < 20 or i >= 50 for i in range(60)],
        )
        said = labels([(f"i{i}", i < 3 or i >= 52) for i in (*range(20), *range(50, 60))])
        row = figure(estimate(people, said), "overkill_share", "view")
        assert (row["estimate"], row["low"], row["high"]) == (None, 0.0, 1.0)
        assert "stand for more than there is" in row["note"]


class TestRefusals:
    def test_a_slice_that_is_no_column_names_the_nearest(self, population: Build, labels: Build) -> None:
        with pytest.raises(MeasureError, match="Did you mean 'market'"):
            estimate(population(["passed"], market=["US"]), labels([]), by=["markt"])

    @pytest.mark.parametrize("column", ["item_id", "outcome", "audit_probability", "audited"])
    def test_a_population_that_lacks_a_column_is_refused(
        self, population: Build, labels: Build, column: str
    ) -> None:
        with pytest.raises(MeasureError, match=column):
            estimate(population(["passed"]).drop(column), labels([]))

    @pytest.mark.parametrize("p", [0.0, -1.0, 1.5, float("nan"), None])
    def test_a_probability_that_is_none_is_refused(
        self, population: Build, labels: Build, p: float | None
    ) -> None:
        people = population(["passed"]).with_columns(audit_probability=pl.lit(p, pl.Float64))
        with pytest.raises(MeasureError, match="audit probability"):
            estimate(people, labels([]))

    def test_an_unknown_outcome_is_refused(self, population: Build, labels: Build) -> None:
        with pytest.raises(MeasureError, match="Did you mean 'passed'"):
            estimate(population(["pased"]), labels([]))

    def test_an_id_that_comes_twice_is_refused(self, population: Build, labels: Build) -> None:
        people = population(["passed"])
        with pytest.raises(MeasureError, match="twice"):
            estimate(pl.concat([people, people]), labels([]))

    def test_negative_views_are_refused(self, population: Build, labels: Build) -> None:
        with pytest.raises(MeasureError, match="views"):
            estimate(population(["passed"], views=[-1]), labels([]))

    def test_labels_without_an_answer_column_are_refused(self, population: Build) -> None:
        with pytest.raises(MeasureError, match="violates"):
            estimate(population(["passed"]), pl.DataFrame({"item_id": ["i0"], "violate": [True]}))

    @pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
    def test_a_confidence_that_is_none_is_refused(
        self, population: Build, labels: Build, confidence: float
    ) -> None:
        with pytest.raises(MeasureError, match="confidence"):
            estimate(population(["passed"]), labels([]), confidence=confidence)


def test_more_confidence_makes_wider_intervals(population: Build, labels: Build) -> None:
    rng = np.random.default_rng(1)
    people = population(["passed"] * 900 + ["actioned"] * 100, 0.2, views=rng.integers(1, 99, 1000))
    said = labels([(f"i{i}", bool(i % 7 == 0)) for i in range(1000)])
    narrow, wide = estimate(people, said, confidence=0.8), estimate(people, said, confidence=0.99)
    assert ((wide["high"] - wide["low"]) > (narrow["high"] - narrow["low"])).all()


def test_figures_asked_for_alone_are_those_of_all(population: Build, labels: Build) -> None:
    people = population(OUTCOMES, views=[10, 1, 1, 1, 1, 1, 1, 2, 5, 4], kind=["a", None] * 5)
    given = everyone(labels)
    everything = estimate(people, given, by=["kind"])
    some = estimate(people, given, by=["kind"], measures=["leakage_rate", "overkill_share"], weights=["view"])
    wanted = pl.col("measure").is_in(["leakage_rate", "overkill_share"]) & (pl.col("weight") == "view")
    assert some.equals(everything.filter(wanted))
    assert len(some) == 6


@pytest.mark.parametrize("left_out", [0, 1])
def test_labels_in_the_order_of_the_items_or_in_any_other_say_the_same(
    population: Build, labels: Build, left_out: int
) -> None:
    """Given a filled-in audit sheet, with or without a gap, then shuffling it changes no figure."""
    rng = np.random.default_rng(2)
    people = population(
        ["passed"] * 900 + ["actioned"] * 100,
        0.2,
        views=rng.integers(1, 99, 1000),
        policy=["hate", "spam"] * 500,
    )
    drawn = people.filter("audited")["item_id"].to_list()
    sheet = labels([(item, k % 7 == 0) for k, item in enumerate(drawn)][left_out:])
    for weights in (["item", "view"], ["view"]):
        found = estimate(people, sheet, by=["policy"], weights=weights)
        shuffled = estimate(
            people, sheet.sample(fraction=1, shuffle=True, seed=3), by=["policy"], weights=weights
        )
        assert found.equals(shuffled)
        assert found["labels"].max() == len(sheet)


def test_the_same_input_gives_the_same_figures_to_the_last_digit(population: Build, labels: Build) -> None:
    rng = np.random.default_rng(1)
    n = 100_000
    score = 1 / (1 + np.exp(4 - rng.normal(size=n)))
    people = population(
        np.select([score > 0.3, score > 0.2], ["actioned", "held"], "passed").tolist(),
        np.where(score > 0.2, 0.05, proportional(score, None, 8000, 0.004)),
        views=rng.integers(0, 500, n),
        market=rng.choice(["US", "DE", "FR", "CN"], n).tolist(),
    )
    said = labels([(f"i{i}", i % 50 == 0) for i in range(n)])
    first = estimate(people, said, by=["market"])
    assert all(estimate(people, said, by=["market"]).equals(first) for _ in range(8))


@pytest.mark.parametrize("views", [-1.0, float("nan"), float("inf")])
def test_views_that_are_no_number_of_views_are_refused(
    population: Build, labels: Build, views: float
) -> None:
    people = population(["passed"] * 3, views=[views, 1.0, 2.0])
    with pytest.raises(MeasureError, match="below 0 or not finite"):
        estimate(people, labels([("i1", True)]))


@pytest.mark.parametrize("stopped", [1.0, 0.5])
def test_an_interval_never_stands_upside_down(stopped: float) -> None:
    """Weights so spread that what was drawn stands for more views than there are."""
    for row in audits(25, stopped):
        assert row["low"] <= row["estimate"] <= row["high"], row
