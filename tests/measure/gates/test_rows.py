"""From decisions and labels to what a gate reads: what counts, as what, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from tidegate.measure.gates import Call, Criterion, GateSettings, judge
from tidegate.measure.gates.rows import Disagreement, change_rows, rate_rows

Population = Callable[..., pl.DataFrame]
Labels = Callable[..., pl.DataFrame]


def test_an_actioned_item_that_is_fine_is_overkill_and_a_passed_one_that_violates_leakage(
    population: Population, labels: Labels
) -> None:
    people = population(["actioned", "actioned", "passed", "passed", "held", "actioned"], 1.0)
    said = labels([("i0", False), ("i1", True), ("i2", True), ("i3", False), ("i4", True)])
    rows = {(row["measure"], row["item_id"]): row["x"] for row in rate_rows(people, said).to_dicts()}
    assert rows == {
        ("overkill_rate", "i0"): 1.0,
        ("overkill_rate", "i1"): 0.0,
        ("overkill_rate", "i5"): None,
        ("leakage_rate", "i2"): 1.0,
        ("leakage_rate", "i3"): 0.0,
    }


def test_only_drawn_items_count_each_with_its_weight(population: Population, labels: Labels) -> None:
    people = population(["actioned"] * 3, [0.5, 0.25, 1.0], audited=[True, True, False])
    rows = rate_rows(people, labels([("i0", False), ("i2", False)])).sort("item_id")
    assert rows["item_id"].to_list() == ["i0", "i1"]
    assert rows["weight"].to_list() == [2.0, 4.0]
    assert rows["x"].to_list() == [1.0, None]


def test_a_tie_waits_for_adjudication(population: Population, labels: Labels) -> None:
    said = labels([("i0", True, None, "a"), ("i0", False, None, "b")])
    assert rate_rows(population(["actioned"], 1.0), said)["x"].to_list() == [None]


def test_batches_keep_their_order_and_within_one_a_hash_decides(population: Population) -> None:
    people = population(["actioned"] * 60, 1.0, day=[1] * 30 + [2] * 30)
    none = pl.DataFrame(schema={"item_id": pl.String, "violates": pl.Boolean})
    ids = rate_rows(people, none, batch=("day",))["item_id"].to_list()
    assert set(ids[:30]) == {f"i{n}" for n in range(30)}
    assert ids[:30] != [f"i{n}" for n in range(30)]
    within = people.filter(pl.col("day") == 1)[::-1]
    assert rate_rows(within, none, batch=("day",))["item_id"].to_list() == ids[:30]


def test_a_file_sorted_by_language_does_not_look_like_a_change(population: Population) -> None:
    """Ten per cent errors in the last third, none before: 3.3 % in all, where 5 % are allowed."""
    rng = np.random.default_rng(1)
    fine = np.concatenate([np.zeros(800), rng.random(400) < 0.1]).astype(bool)
    people = population(["actioned"] * 1200, 1.0, day=[1] * 1200)
    said = pl.DataFrame({"item_id": people["item_id"], "violates": ~fine})
    gate = GateSettings((Criterion("overkill_rate", 0.05),))
    sorted_rows = rate_rows(people, said).filter(measure="overkill_rate")
    assert judge(gate, sorted_rows, forecast=False).call is Call.ROLL_BACK
    shuffled = rate_rows(people, said, batch=("day",)).filter(measure="overkill_rate")
    assert judge(gate, shuffled, forecast=False).call is not Call.ROLL_BACK


def both(before: list[str], after: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(len(before))],
            "outcome_before": before,
            "outcome_after": after,
            "audit_probability": [1.0] * len(before),
            "audited": [True] * len(before),
        }
    )


def test_a_change_is_learnt_from_disagreements_alone(labels: Labels) -> None:
    people = both(
        ["passed", "passed", "actioned", "actioned", "held", "passed"],
        ["actioned", "actioned", "passed", "actioned", "actioned", "passed"],
    )
    said = labels([("i0", False), ("i1", True), ("i2", False), ("i3", False), ("i5", True)])
    rows, known = change_rows(people, said)
    found = {(row["measure"], row["item_id"]): row["x"] for row in rows.to_dicts()}
    assert found == {
        ("overkill_change", "i0"): 1.0,  # the arm alone stops it, wrongly
        ("overkill_change", "i1"): 0.5,  # the arm alone stops it, rightly
        ("overkill_change", "i2"): 0.0,  # the arm spares it, and it is fine
        ("overkill_change", "i4"): None,
        ("leakage_change", "i0"): 0.5,
        ("leakage_change", "i1"): 0.0,  # the arm keeps it from leaking
        ("leakage_change", "i2"): 0.5,
    }
    assert known["overkill_change"].share == pytest.approx(4 / 6)
    assert known["overkill_change"].net == pytest.approx((3 - 1) / 4)
    assert known["leakage_change"].net == pytest.approx((1 - 2) / 3)


def test_arms_that_agree_everywhere_have_no_rows_and_no_disagreement(labels: Labels) -> None:
    people = both(["passed", "actioned"], ["passed", "actioned"])
    rows, known = change_rows(people, labels([("i0", True)]))
    assert rows.is_empty()
    assert known == dict.fromkeys(("overkill_change", "leakage_change"), Disagreement(0.0, 0.0, 0))


def test_arms_may_differ_in_one_error_alone(labels: Labels) -> None:
    """Given an arm that holds what the current strategy acts on, then nothing passes that did not before."""
    people = both(["passed", "actioned"], ["passed", "held"])
    rows, known = change_rows(people, labels([("i1", False)]))
    assert rows["measure"].to_list() == ["overkill_change"]
    assert known["overkill_change"] == Disagreement(0.5, -1.0, 1)
    assert known["leakage_change"].share == 0


def test_a_better_arm_advances_on_the_paired_difference() -> None:
    rng = np.random.default_rng(2)
    n = 2_000
    before = np.where(rng.random(n) < 0.5, "actioned", "passed")
    after = np.where(before == "actioned", "passed", "actioned")
    # What the arm stops anew violates four times in five; what it spares is fine four times in five.
    violates = np.where(after == "actioned", rng.random(n) < 0.8, rng.random(n) < 0.2)
    people = both(before.tolist(), after.tolist())
    said = pl.DataFrame({"item_id": people["item_id"], "violates": violates})
    rows, known = change_rows(people, said)
    found = known["overkill_change"]
    gate = GateSettings((Criterion("overkill_change", 0.0, share=found.share, net=found.net),))
    verdict = judge(gate, rows.filter(measure="overkill_change"))
    assert verdict.call is Call.ADVANCE
    assert verdict.findings[0].high < 0
