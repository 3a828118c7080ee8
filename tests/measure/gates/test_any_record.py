"""Whatever is asked, and whatever the labels are: an answer, within its bounds, and the same on any scale."""

from __future__ import annotations

import math

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.measure.gates import Call, Criterion, GateSettings, Reviewers, in_words, judge

chance = st.floats(0.5001, 1.0)
bounds = st.tuples(chance, chance).map(lambda pair: (min(pair), max(pair)))
rates = st.builds(
    Criterion,
    measure=st.sampled_from(["overkill_rate", "leakage_rate"]),
    at_most=st.floats(1e-6, 0.999),
    reviewers=st.builds(Reviewers, bounds, bounds),
    heaviest=st.just(1e9),
)


@st.composite
def changes(draw: st.DrawFn) -> Criterion:
    share = draw(st.floats(0.001, 1.0))
    return Criterion(
        draw(st.sampled_from(["overkill_change", "leakage_change"])),
        draw(st.floats(-0.99, 0.99)) * draw(st.sampled_from([1.0, share])),
        reviewers=draw(st.builds(Reviewers, bounds, bounds)),
        share=share,
        net=draw(st.floats(-1, 1)),
        heaviest=1e9,
    )


no_disagreements = st.builds(
    Criterion,
    st.sampled_from(["overkill_change", "leakage_change"]),
    st.floats(-0.99, 0.99),
    share=st.just(0.0),
    net=st.just(0.0),
    heaviest=st.just(1e9),
)


rows = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 1.0, None]),
        st.sampled_from([0.0, 1.0, 3.0, 1e9]) | st.floats(0, 1e9, allow_subnormal=False),
        st.integers(1, 40),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(rates | changes() | no_disagreements, rows)
def test_there_is_always_a_verdict(criterion: Criterion, runs: list[tuple[float | None, float, int]]) -> None:
    labels = [(x, weight) for x, weight, times in runs for _ in range(times)]
    frame = pl.DataFrame(labels, schema={"x": pl.Float64, "weight": pl.Float64}, orient="row")
    verdict = judge(GateSettings((criterion,), budget=len(labels) + 20), frame)
    (found,) = verdict.findings
    assert found.labels + found.awaited == len(labels)
    assert criterion.lowest <= found.low <= found.high <= criterion.highest
    assert not math.isnan(found.log_advance + found.log_roll_back)
    assert found.estimate is None or criterion.lowest <= found.estimate <= criterion.highest
    if not found.labels:
        assert verdict.call is Call.HOLD
    assert in_words(verdict)[0].startswith(verdict.call.value.upper())
