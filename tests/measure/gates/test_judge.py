"""The verdict: when it advances, holds and rolls back, and that the record alone decides."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import MeasureError
from tidegate.measure.gates import Call, Criterion, Finding, GateSettings, Reviewers, judge
from tidegate.measure.gates.evidence import Evidence
from tidegate.measure.gates.forecast import play
from tidegate.measure.gates.scale import stakes

OVERKILL = Criterion("overkill_rate", 0.05)
GATE = GateSettings((OVERKILL,))


def labels(errors: int, fine: int, awaited: int = 0, seed: int = 0) -> pl.DataFrame:
    x = [1.0] * errors + [0.0] * fine + [None] * awaited
    order = np.random.default_rng(seed).permutation(len(x))
    return pl.DataFrame({"x": [x[i] for i in order]}, schema={"x": pl.Float64})


def only(settings: GateSettings, frame: pl.DataFrame, **more: Any) -> Finding:
    return judge(settings, frame, **more).findings[0]


def test_few_errors_advance() -> None:
    found = only(GATE, labels(10, 590))
    assert found.call is Call.ADVANCE
    assert found.estimate == pytest.approx(10 / 600)
    assert found.low <= found.estimate <= found.high < 0.05
    assert found.log_advance >= found.needed_advance == pytest.approx(np.log(20))
    assert found.forecast is None


@pytest.mark.parametrize("limit", [-0.01, 0.0, 0.01])
def test_a_change_without_disagreements_holds_whatever_its_limit(limit: float) -> None:
    gate = GateSettings((Criterion("leakage_change", limit, share=0.0, net=0.0),))
    found = only(gate, labels(0, 0))
    assert found.call is Call.HOLD
    assert found.estimate == found.low == found.high == 0
    assert "do not differ in leakage" in found.reasons[0]


@pytest.mark.parametrize("limit", [-0.05, 0.03, 0.05])
def test_a_limit_beyond_the_disagreements_holds_and_says_what_is_possible(limit: float) -> None:
    gate = GateSettings((Criterion("leakage_change", limit, share=0.03, net=0.0),))
    found = only(gate, labels(20, 20, awaited=5))
    assert found.call is Call.HOLD
    assert (found.low, found.estimate, found.high) == (-0.03, 0, 0.03)
    assert (found.labels, found.awaited) == (40, 5)
    assert "above -0.03 and below 0.03" in found.reasons[0]


@pytest.mark.parametrize(
    ("errors", "call"), [(10, Call.HOLD), (60, Call.ROLL_BACK)], ids=["kept limit", "broken limit"]
)
def test_beside_it_the_other_error_is_judged_all_the_same(errors: int, call: Call) -> None:
    gate = GateSettings((OVERKILL, Criterion("leakage_change", 0.0, share=0.0, net=0.0)))
    verdict = judge(gate, labels(errors, 590).with_columns(measure=pl.lit("overkill_rate")))
    assert verdict.call is call
    assert verdict.findings[0].call is (Call.ADVANCE if call is Call.HOLD else Call.ROLL_BACK)
    assert verdict.findings[1].call is Call.HOLD


def test_many_errors_roll_back() -> None:
    found = only(GATE, labels(60, 340))
    assert found.call is Call.ROLL_BACK
    assert found.low > 0.05
    assert found.since == 0


def test_in_between_it_holds_and_says_how_long_it_may_take() -> None:
    found = only(GATE, labels(8, 152), labels_per_day={"overkill_rate": 40.0})
    assert found.call is Call.HOLD
    assert found.low < 0.05 < found.high
    assert found.forecast is not None
    assert found.forecast.labels is not None
    assert found.forecast.days == pytest.approx(found.forecast.labels / 40, abs=0.02)


def test_an_arm_at_its_limit_will_not_answer_within_its_budget() -> None:
    found = only(GateSettings((OVERKILL,), budget=800), labels(30, 570))
    assert found.call is Call.HOLD
    assert found.forecast is not None
    assert found.forecast.futile
    assert found.forecast.within == 200
    assert any("not answer within its budget" in reason for reason in found.reasons)


def test_no_traffic_holds() -> None:
    verdict = judge(GATE, labels(0, 0))
    assert verdict.call is Call.HOLD
    assert (verdict.findings[0].low, verdict.findings[0].high) == (0.0, 1.0)
    assert "no traffic" in verdict.findings[0].reasons[0]


def test_missing_labels_hold_where_the_labels_that_came_would_advance() -> None:
    found = only(GATE, labels(2, 300, awaited=60))
    assert only(GATE, labels(2, 300)).call is Call.ADVANCE
    assert found.call is Call.HOLD
    assert (found.labels, found.awaited) == (302, 60)
    assert any("60 of 362" in reason for reason in found.reasons)


def test_no_label_at_all_holds() -> None:
    found = only(GATE, labels(0, 0, awaited=500))
    assert found.call is Call.HOLD
    assert found.estimate is None


def test_one_label_holds() -> None:
    for frame in (labels(1, 0), labels(0, 1)):
        assert only(GATE, frame).call is Call.HOLD


def test_all_criteria_must_be_met_and_one_that_is_broken_is_enough() -> None:
    both = GateSettings((OVERKILL, Criterion("leakage_rate", 0.05)))

    def of(overkill: pl.DataFrame, leakage: pl.DataFrame) -> Call:
        named = [
            frame.with_columns(measure=pl.lit(measure))
            for frame, measure in ((overkill, "overkill_rate"), (leakage, "leakage_rate"))
        ]
        return judge(both, pl.concat(named), forecast=False).call

    good, open_, bad = labels(10, 590), labels(8, 152), labels(60, 340)
    assert of(good, good) is Call.ADVANCE
    assert of(good, open_) is Call.HOLD
    assert of(good, bad) is Call.ROLL_BACK
    assert of(good, labels(0, 0)) is Call.HOLD


def test_a_wrong_split_holds_what_would_advance() -> None:
    split = GateSettings((OVERKILL,), split={"new": 0.5, "current": 0.5})
    fair = pl.DataFrame({"new": [5_010, 4_980], "current": [4_990, 5_020]})
    wrong = pl.DataFrame({"new": [5_010, 4_000], "current": [4_990, 5_020]})
    assert judge(split, labels(10, 590), traffic=fair).call is Call.ADVANCE
    verdict = judge(split, labels(10, 590), traffic=wrong)
    assert verdict.call is Call.HOLD
    assert verdict.findings[0].call is Call.ADVANCE
    assert "shares of the traffic" in verdict.reasons[0]
    assert judge(split, labels(60, 340), traffic=wrong).call is Call.ROLL_BACK


def test_a_split_without_traffic_cannot_be_checked() -> None:
    with pytest.raises(MeasureError, match="no traffic"):
        judge(GateSettings((OVERKILL,), split={"new": 0.5, "current": 0.5}), labels(10, 590))


def test_a_change_is_found_and_dated() -> None:
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.random(800) < 0.01, rng.random(400) < 0.15]).astype(float)
    assert only(GATE, pl.DataFrame({"x": x[:800]})).call is Call.ADVANCE
    found = only(GATE, pl.DataFrame({"x": x}))
    assert found.call is Call.ROLL_BACK
    assert found.since is not None
    assert abs(found.since - 800) < 100


def test_the_verdict_turns_at_the_label_at_which_the_simulated_gate_answers() -> None:
    plan = stakes(OVERKILL, 20.0)
    for rate, call in ((0.01, Call.ADVANCE), (0.12, Call.ROLL_BACK)):
        x = (np.random.default_rng(8).random(600) < rate).astype(float)
        answers = play(Evidence(plan), ((x[i : i + 1], np.ones(1)) for i in range(600)), 20.0, 20.0)
        n = int(answers.first[0])
        assert only(GATE, pl.DataFrame({"x": x[: n - 1]}), forecast=False).call is Call.HOLD
        assert only(GATE, pl.DataFrame({"x": x[:n]}), forecast=False).call is call


def test_a_roll_back_stands() -> None:
    x = [1.0] * 15 + [0.0] * 2_000
    assert only(GATE, pl.DataFrame({"x": x})).call is Call.ROLL_BACK


def test_the_verdict_is_a_function_of_the_record_and_json_can_hold_it() -> None:
    frame = labels(8, 152)
    assert judge(GATE, frame) == judge(GATE, frame)
    told = json.loads(json.dumps(judge(GATE, frame).as_dict()))
    assert told["call"] == "hold"
    assert told["findings"][0]["labels"] == 160


def up_to(heaviest: float) -> GateSettings:
    """The gate for labels that weigh up to so much."""
    return replace(GATE, criteria=tuple(replace(one, heaviest=heaviest) for one in GATE.criteria))


@settings(deadline=None, max_examples=40)
@given(scale=st.floats(1e-6, 1e9), errors=st.integers(0, 40), fine=st.integers(0, 200))
def test_only_the_proportions_of_weights_matter(scale: float, errors: int, fine: int) -> None:
    frame = labels(errors, fine).with_columns(weight=pl.int_range(pl.len()) % 3 + 1.0)
    one = judge(up_to(3.0), frame, forecast=False).findings[0]
    scaled = frame.with_columns(pl.col("weight") * scale)
    other = judge(up_to(3.0 * scale), scaled, forecast=False).findings[0]
    assert other.log_advance == pytest.approx(one.log_advance, abs=1e-6)
    assert other.high == pytest.approx(one.high, abs=1e-6)
    assert other.call is one.call


def test_one_weight_of_a_billion_silences_the_rest() -> None:
    frame = labels(10, 590).with_columns(weight=pl.lit(1.0))
    heavy = pl.concat([frame, pl.DataFrame({"x": [0.0], "weight": [1e9]})])
    found = only(up_to(1e9), heavy, forecast=False)
    assert found.call is Call.HOLD
    assert found.high > 0.9


def test_weights_that_differ_need_a_bound_that_was_set_beforehand() -> None:
    frame = labels(10, 590).with_columns(weight=pl.int_range(pl.len()) % 3 + 1.0)
    with pytest.raises(MeasureError, match="how heavy one can be") as told:
        judge(GATE, frame)
    assert "smallest probability" in (told.value.remedy or "")


@pytest.mark.parametrize("x", [0.0, 1.0])
def test_weights_of_zero_say_nothing(x: float) -> None:
    found = only(GATE, pl.DataFrame({"x": [x] * 500, "weight": [0.0] * 500}))
    assert found.call is Call.HOLD
    assert found.estimate is None


def test_a_label_heavier_than_was_set_is_refused() -> None:
    gate = GateSettings((Criterion("overkill_rate", 0.05, heaviest=10.0),))
    with pytest.raises(MeasureError, match="heaviest"):
        judge(gate, pl.DataFrame({"x": [0.0], "weight": [20.0]}))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"y": [1.0]}, "no column 'x'"),
        ({"x": [2.0]}, "not between 0 and 1"),
        ({"x": [1.0], "weight": [-1.0]}, "weight"),
        ({"x": [1.0], "weight": [None]}, "weight"),
    ],
)
def test_a_frame_that_holds_no_labels_is_refused(frame: dict[str, list[float]], message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        judge(GATE, pl.DataFrame(frame, schema_overrides={"weight": pl.Float64} if "weight" in frame else {}))


def test_with_several_criteria_each_label_says_for_which_it_counts() -> None:
    with pytest.raises(MeasureError, match="for which criterion"):
        judge(GateSettings((OVERKILL, Criterion("leakage_rate", 0.01))), labels(1, 1))


@pytest.mark.parametrize("at_most", [0.0, 1.0, 2.0, -0.1, float("nan")])
def test_a_limit_that_no_sample_can_prove_is_refused(at_most: float) -> None:
    with pytest.raises(MeasureError, match="cannot be tested"):
        Criterion("overkill_rate", at_most)


def test_an_unknown_measure_names_the_nearest() -> None:
    with pytest.raises(MeasureError) as error:
        Criterion("overkil_rate", 0.02)
    assert "Did you mean 'overkill_rate'?" in str(error.value)


def test_reviewers_who_see_too_many_errors_leave_a_gate_without_a_way_to_advance() -> None:
    doubtful = Criterion("leakage_rate", 0.005, reviewers=Reviewers((0.8, 0.95), (0.98, 1.0)))
    found = only(GateSettings((doubtful,)), labels(3, 597))
    assert found.call is Call.HOLD
    assert any("narrow the bounds" in reason for reason in found.reasons)


def test_labels_that_no_such_reviewers_could_give_do_not_advance() -> None:
    blind = Criterion("overkill_rate", 0.2, reviewers=Reviewers((0.85, 0.9), (0.99, 1.0)))
    found = only(GateSettings((blind,)), labels(0, 800))
    assert found.call is Call.HOLD
    assert any("cannot be right" in reason for reason in found.reasons)
    assert found.forecast is None  # evidence counted by wrong bounds foretells nothing
