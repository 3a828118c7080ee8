"""A verdict in words: the call comes first, and no figure comes alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidegate.measure.gates import Criterion, GateSettings, in_words, judge

GATE = GateSettings((Criterion("overkill_rate", 0.02),))


def words(*x: float | None, gate: GateSettings = GATE, **more: pl.DataFrame) -> str:
    return "\n".join(in_words(judge(gate, pl.DataFrame({"x": x}, schema={"x": pl.Float64}), **more)))


def test_what_was_found_stands_with_its_interval_and_its_labels() -> None:
    text = words(*[0.0] * 199, 1.0)
    assert text.startswith("HOLD: no answer yet on overkill rate")
    assert "so far 0.50 % (between 0.00 % and 3.49 %" in text
    assert "at every look, 200 labels)" in text
    assert "of 20 to 1 (" in text
    assert "forecast: an answer after about" in text


def test_one_label_is_no_plural_and_awaited_ones_are_told() -> None:
    text = words(0.0, None)
    assert "1 label, 1 awaited" in text


def test_a_forecast_waits_for_labels_that_say_something() -> None:
    assert "forecast" not in words(*[0.0] * 9, None)
    assert "forecast, if labels go on like this" in words(*[0.0] * 10, None)


def test_a_change_is_dated() -> None:
    text = words(*[0.0] * 600, *[0.0, 0.0, 1.0] * 20)
    assert text.startswith("ROLL BACK: overkill rate above the limit")
    assert "it speaks loudest from label 60" in text
    assert "forecast" not in text


def test_changes_have_their_sign() -> None:
    rng = np.random.default_rng(1)
    change = GateSettings((Criterion("leakage_change", 0.001, share=0.05, net=0.0),))
    text = words(*rng.choice([0.0, 0.5, 0.5], 50), gate=change)
    assert "rise of leaked items per decided item, limit +0.100 pp" in text
    assert "so far -" in text


def test_the_split_is_told_where_it_is_checked() -> None:
    split = GateSettings(GATE.criteria, split={"new": 0.5, "current": 0.5})
    text = words(*[0.0] * 600, gate=split, traffic=pl.DataFrame({"new": [400], "current": [600]}))
    assert text.startswith("HOLD: every limit is kept, but the traffic is not what it should be")
    assert "traffic split: evidence of a mismatch" in text
