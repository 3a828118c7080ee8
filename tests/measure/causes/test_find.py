"""Planted causes are found and told well; where there are none, none is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.causes import find_causes, predicates
from tidegate.measure.causes.finding import lift_limits
from tidegate.measure.causes.significance import signed_root


def test_a_planted_slice_is_first_and_proven(labels: Any) -> None:
    found = find_causes(labels.with_errors(0.04, 8), labels.clauses, permutations=200)
    first = found.findings[0]
    assert first.proven
    assert first.description == "language is zh and the text has 'w3'"
    assert 1 < first.low < 8
    assert first.share == pytest.approx(labels.planted.mean())
    assert first.explained == pytest.approx(first.error_share - first.share)


def test_the_examples_are_errors_of_the_slice_the_most_viewed_first(labels: Any) -> None:
    items = labels.with_errors(0.04, 8).with_columns(views=pl.int_range(pl.len()))
    first = find_causes(items, labels.clauses, permutations=100).findings[0]
    inside = items.filter(pl.Series(labels.planted) & pl.col("error"))
    assert list(first.examples) == inside["item_id"].to_list()[::-1][:5]
    assert first.explained_views is not None


def test_what_overlaps_with_a_cause_is_not_told_again(labels: Any) -> None:
    found = find_causes(labels.with_errors(0.04, 10), labels.clauses, permutations=200)
    assert len(found.proven) == 1


def test_a_single_clause_is_told_where_a_pair_adds_nothing(labels: Any) -> None:
    live = (labels.fields["surface"] == "live").to_numpy()
    wrong = np.random.default_rng(3).random(len(live)) < np.where(live, 0.2, 0.05)
    items = labels.with_errors(0.1, 1).with_columns(error=pl.Series(wrong))
    first = find_causes(items, labels.clauses, permutations=200).findings[0]
    assert first.description in ("surface is live", "surface is feed")


def test_the_same_seed_gives_the_same_answer(labels: Any) -> None:
    items = labels.with_errors(0.05, 4)
    one, other = (find_causes(items, labels.clauses, permutations=100, seed=5) for _ in range(2))
    assert one == other


def test_findings_do_not_depend_on_the_scale_of_the_weights(labels: Any) -> None:
    items = labels.with_errors(0.05, 6)
    whole = find_causes(items, labels.clauses, permutations=100)
    drawn = find_causes(items.with_columns(probability=pl.lit(1e-9)), labels.clauses, permutations=100)
    assert [one.description for one in whole.findings] == [one.description for one in drawn.findings]
    assert whole.findings[0].lift == pytest.approx(drawn.findings[0].lift)
    assert whole.findings[0].low == pytest.approx(drawn.findings[0].low)


def test_the_order_of_items_does_not_matter(labels: Any) -> None:
    items = labels.with_errors(0.05, 8)
    order = np.random.default_rng(2).permutation(len(items))
    clauses = predicates(labels.fields[order], labels.words[order])
    one, other = (
        find_causes(rows, of, permutations=100).findings[0]
        for rows, of in ((items, labels.clauses), (items[order], clauses))
    )
    assert (one.description, one.proven) == (other.description, other.proven)
    assert (one.share, one.lift) == pytest.approx((other.share, other.lift))


def test_a_score_that_the_audit_went_by_is_no_cause(labels: Any) -> None:
    """Items that were drawn for their score err more often; within a stratum they do not."""
    rng = np.random.default_rng(1)
    risky = rng.random(len(labels.fields)) < 0.3
    wrong = rng.random(len(risky)) < np.where(risky, 0.3, 0.02)
    fields = labels.fields.with_columns(risky=pl.Series(risky))
    items = labels.with_errors(0.1, 1).with_columns(
        error=pl.Series(wrong), probability=pl.Series(np.where(risky, 0.9, 0.1))
    )
    found = find_causes(items, predicates(fields, labels.words), permutations=200)
    assert not found.proven


@pytest.mark.slow
def test_permuted_errors_yield_a_finding_in_one_run_in_twenty(labels: Any) -> None:
    runs = 60
    alarms = sum(
        bool(
            find_causes(labels.with_errors(0.04, 1, seed), labels.clauses, permutations=100, seed=seed).proven
        )
        for seed in range(runs)
    )
    # At 5 % nine or more alarms of 60 come by chance in 0.3 % of all cases.
    assert alarms <= 8


@pytest.mark.parametrize("wrong", [[], [0], list(range(40))], ids=["no errors", "one", "all"])
def test_degenerate_labels_prove_nothing(wrong: list[int]) -> None:
    fields = pl.DataFrame({"language": ["en", "zh"] * 20})
    items = pl.DataFrame({"item_id": [str(i) for i in range(40)], "error": [i in wrong for i in range(40)]})
    assert not find_causes(items, predicates(fields), permutations=100).proven


def test_no_labels_give_no_findings() -> None:
    fields = pl.DataFrame({"language": []}, schema={"language": pl.String})
    items = pl.DataFrame(schema={"item_id": pl.String, "error": pl.Boolean})
    assert find_causes(items, predicates(fields)).findings == ()


def test_zero_views_are_as_no_views(labels: Any) -> None:
    items = labels.with_errors(0.05, 6).with_columns(views=pl.lit(0))
    assert find_causes(items, labels.clauses, permutations=100).findings[0].explained_views is None


def test_what_cannot_be_is_refused(labels: Any) -> None:
    items = labels.with_errors(0.05, 1)
    with pytest.raises(MeasureError, match="needs its error"):
        find_causes(items.drop("error"), labels.clauses)
    with pytest.raises(MeasureError, match="outside 0 < p ≤ 1"):
        find_causes(items.with_columns(probability=pl.lit(0.0)), labels.clauses)
    with pytest.raises(MeasureError, match="the clauses of"):
        find_causes(items.head(10), labels.clauses)
    with pytest.raises(MeasureError, match="cannot tell"):
        find_causes(items, labels.clauses, permutations=20)


@settings(deadline=None)
@given(*[st.integers(0, 300)] * 4, st.floats(0, 10), st.sampled_from([1e-9, 1.0, 1e9]))
def test_limits_hold_the_lift_and_widen_with_what_they_must_survive(
    wrong: int, right: int, wrong_outside: int, right_outside: int, critical: float, weight: float
) -> None:
    inside = np.repeat([True, True, False, False], [wrong, right, wrong_outside, right_outside])
    errors = np.repeat([True, False, True, False], [wrong, right, wrong_outside, right_outside])
    assume(errors.any() and not errors.all() and inside.any())
    weights = np.full(len(errors), weight)
    rate, lift = errors.mean(), errors[inside].mean() / errors.mean()
    low, high = lift_limits(inside, errors, weights, critical)
    assert 0 <= low <= lift + 1e-6
    assert lift - 1e-6 <= high <= 1 / rate + 1e-9
    wider_low, wider_high = lift_limits(inside, errors, weights, critical + 1)
    assert wider_low <= low + 1e-6
    assert high - 1e-6 <= wider_high


@settings(deadline=None)
@given(*[st.integers(1, 300)] * 4, st.floats(0.5, 6))
def test_a_lift_of_one_is_outside_where_the_slice_stands_out(
    wrong: int, right: int, wrong_outside: int, right_outside: int, critical: float
) -> None:
    cells = [wrong, right, wrong_outside, right_outside]
    inside, errors = (
        np.repeat([True, True, False, False], cells),
        np.repeat([True, False, True, False], cells),
    )
    size, total = inside.sum(), errors.sum()
    due = np.array([size * total / len(errors)])
    root = signed_root(np.array([float(wrong)]), due, np.array([float(size)]), total, len(errors))[0]
    assume(abs(abs(root) - critical) > 1e-3)
    low, high = lift_limits(inside, errors, np.ones(len(errors)), critical)
    assert (low > 1) == (root > critical)
    assert (high < 1) == (root < -critical)
