"""Labels that come late: no verdict before its time, and none that quick reviewers can bring about."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.measure.gates import Call, Criterion, GateSettings, judge
from tidegate.measure.gates.evidence import Evidence
from tidegate.measure.gates.late import courses, standing, today
from tidegate.measure.gates.scale import stakes

PLAN = stakes(Criterion("overkill_rate", 0.05), 20.0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200),
)
def test_what_is_said_early_is_never_more_than_what_the_whole_record_says(
    items: list[tuple[bool, bool]],
) -> None:
    x = np.array([error for error, _ in items], dtype=float)
    there = np.where([came for _, came in items], x, np.nan)
    early = standing(PLAN, there, np.ones(len(x)))
    back, advance = Evidence(PLAN).take(x[:, None], x[:, None], np.ones((len(x), 1)))
    assert early.roll_back <= np.log(max(back.max(), 1.0)) + 1e-9
    at_that_place = advance[early.counted - 1, 0] if early.counted else 1.0
    assert early.advance <= np.log(at_that_place) + 1e-9


def test_a_hole_in_the_newest_labels_does_not_undo_what_the_older_ones_say() -> None:
    x = [0.0] * 300 + [None] * 200
    found = judge(GateSettings((Criterion("overkill_rate", 0.05),)), pl.DataFrame({"x": x})).findings[0]
    assert found.call is Call.ADVANCE
    assert found.awaited == 200


def test_a_lost_label_does_not_keep_the_gate_at_what_it_said_long_ago() -> None:
    """Good for 600 labels, at the limit since, and the label of the 301st item never came."""
    x: list[float | None] = [0.0] * 600 + ([0.0] * 19 + [1.0]) * 40
    x[300] = None
    gate = GateSettings((Criterion("overkill_rate", 0.05),))
    assert judge(gate, pl.DataFrame({"x": x[:600]}), forecast=False).call is Call.ADVANCE
    assert judge(gate, pl.DataFrame({"x": x}), forecast=False).call is Call.HOLD


def test_quick_labels_of_fine_items_do_not_launch_an_arm() -> None:
    """A fifth of the items are errors, and no error has been labelled yet."""
    rng = np.random.default_rng(6)
    error = rng.random(1_000) < 0.2
    frame = pl.DataFrame({"x": [None if one else 0.0 for one in error]}, schema={"x": pl.Float64})
    found = judge(GateSettings((Criterion("overkill_rate", 0.05),)), frame).findings[0]
    assert found.estimate == 0.0
    assert found.call is Call.HOLD
    assert found.high > 0.2


def test_without_late_labels_today_is_the_last_label() -> None:
    x = np.array([[0.0, 1.0, 0.0]])
    advance = courses(PLAN, x, np.ones((1, 3)))[1]
    assert today(PLAN, np.isnan(x), advance).tolist() == [3]


@pytest.mark.slow
def test_slow_labels_of_errors_leave_false_launches_rare() -> None:
    paths, n = 1_000, 500
    rng = np.random.default_rng(7)
    x = (rng.random((paths, n)) < 0.05).astype(float)
    comes = np.arange(n) + rng.exponential(np.where(x == 1, 200.0, 20.0))
    launched = np.zeros(paths, dtype=bool)
    for look in range(25, n + 1, 25):
        there = np.where(comes[:, :look] <= look, x[:, :look], np.nan)
        advance = courses(PLAN, there, np.ones((paths, look)))[1]
        best = today(PLAN, np.isnan(there), advance)
        launched |= advance[np.arange(paths), best] >= 20
    assert launched.mean() <= 0.07
