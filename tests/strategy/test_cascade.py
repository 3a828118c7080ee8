"""The cascade decides as if all were known, and asks no detector about an item that is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.strategy import (
    DETECTOR_FAILED,
    Strategy,
    cascade,
    decide_columns,
    decide_online,
    decision_case,
    decision_record,
    decisions_frame,
    load_strategy,
    replay,
)
from tidegate.strategy.column import evaluate
from tidegate.strategy.truth import Truth, first_match
from tidegate.tables import Catalog, DetectorSpec, SignalField, SignalStatus, SignalType


class Detectors:
    """Answers from a frame in which everything is known, and remembers about whom it was asked."""

    def __init__(
        self, catalog: Catalog, known: pl.DataFrame, failing: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self.catalog, self.known, self.failing = catalog, known, failing
        self.asked: dict[str, list[str]] = {name: [] for name in catalog.detectors}

    def __call__(self, detector: str, items: pl.DataFrame) -> pl.DataFrame:
        spec = self.catalog.detectors[detector]
        self.asked[detector] += items["id"].to_list()
        columns = [spec.column(field.name) for field in spec.fields]
        answer = items.select(item_id="id").join(
            self.known.select("item_id", *columns), on="item_id", how="left", maintain_order="left"
        )
        fails = pl.Series([(detector, item) in self.failing for item in items["id"]], dtype=pl.Boolean)
        return answer.with_columns(
            *(pl.when(~fails).then(pl.col(column)).alias(column) for column in columns),
            pl.when(fails).then(pl.lit("failed")).otherwise(pl.lit("computed")).alias(spec.status_column),
            pl.when(fails).then(pl.lit("out of time")).alias(spec.failure_column),
        )


def items_of(known: pl.DataFrame, kinds: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"id": known["item_id"], "kind": kinds}, schema={"id": pl.String, "kind": pl.String})


def blank_where_unread(known: pl.DataFrame, items: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """What a detector does not read is NULL."""
    columns = []
    for spec in catalog.detectors.values():
        reads = items["kind"].is_in(list(spec.kinds))
        columns += [
            pl.when(reads).then(pl.col(c)).alias(c)
            for c in map(spec.column, (f.name for f in spec.fields))
            if c in known.columns
        ]
    return known.with_columns(columns)


kinds = st.sampled_from(["text", "image", "video", "query"])


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_it_decides_like_everything_computed_up_front(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    items = items_of(known, [data.draw(kinds) for _ in range(len(known))])
    known = blank_where_unread(known, items, catalog)
    detectors = Detectors(catalog, known)

    result = cascade(strategy, items, detectors, catalog=catalog)

    assert result.resolution["rule"].to_list() == decide_columns(strategy, known)["rule"].to_list()
    assert result.resolution["failed"].list.len().sum() == 0
    decisions = decisions_frame(strategy, result.resolution, result.signals, catalog)
    assert replay(strategy, decisions, catalog).is_empty()
    assert all(len(set(asked)) == len(asked) for asked in detectors.asked.values())


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_no_detector_is_asked_about_an_item_that_the_others_decide(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    items = items_of(known, ["image"] * len(known))
    detectors = Detectors(catalog, known)
    seen: dict[str, dict[str, Any]] = {item: {} for item in items["id"]}
    rows = {row["item_id"]: row for row in known.iter_rows(named=True)}

    def watching(detector: str, asked: pl.DataFrame) -> pl.DataFrame:
        for item in asked["id"]:
            assert first_match(strategy, seen[item])[1] is Truth.UNKNOWN, "it was decided already"
            seen[item] |= {
                name: rows[item][name] for name in strategy.types if name.partition(".")[0] == detector
            }
        return detectors(detector, asked)

    cascade(strategy, items, watching, catalog=catalog)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_failures_send_to_review_only_what_they_leave_open(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    items = items_of(known, ["image"] * len(known))
    pairs = st.tuples(st.sampled_from(sorted(catalog.detectors)), st.sampled_from(items["id"].to_list()))
    failing = frozenset(data.draw(st.lists(pairs, max_size=8)))

    result = cascade(strategy, items, Detectors(catalog, known, failing), catalog=catalog)

    whole = decide_columns(strategy, known)["rule"]
    for place, (item, rule, failed) in enumerate(result.resolution.iter_rows()):
        if rule is not None:
            assert rule == whole[place]
            assert failed == []
        else:
            assert failed
            assert all((name, item) in failing for name in failed)
    decisions = decisions_frame(strategy, result.resolution, result.signals, catalog)
    assert set(decisions.filter(pl.col("rule").is_null())["action"]) <= {"review"}
    assert replay(strategy, decisions, catalog).is_empty()


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_item_by_item_it_asks_and_decides_as_it_does_table_by_table(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    items = items_of(known, [data.draw(kinds) for _ in range(len(known))])
    pairs = st.tuples(st.sampled_from(sorted(catalog.detectors)), st.sampled_from(items["id"].to_list()))
    failing = frozenset(data.draw(st.lists(pairs, max_size=8)))
    by_table, by_item = Detectors(catalog, known, failing), Detectors(catalog, known, failing)

    whole = cascade(strategy, items, by_table, catalog=catalog)
    cases = decide_online(strategy, items, by_item, catalog=catalog)

    rules = [None if case.rule is None else strategy.rules.index(case.rule) for case in cases]
    assert rules == whole.resolution["rule"].to_list()
    assert [list(case.failed) for case in cases] == whole.resolution["failed"].to_list()
    assert by_item.asked == by_table.asked
    for name in strategy.detectors:
        statuses = [case.statuses[name] for case in cases]
        assert statuses == whole.signals[f"{name}.status"].to_list()
    for name in strategy.types:
        assert [case.values[name] for case in cases] == whole.signals[name].to_list()
    decisions = decisions_frame(strategy, whole.resolution, whole.signals, catalog).drop("item_id")
    assert [decision_record(strategy, case, catalog) for case in cases] == decisions.to_dicts()


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_what_is_late_leaves_items_open_and_they_are_decided_later_as_they_would_have_been(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    items = items_of(known, [data.draw(kinds) for _ in range(len(known))])
    pairs = st.tuples(st.sampled_from(sorted(catalog.detectors)), st.sampled_from(items["id"].to_list()))
    late = frozenset(data.draw(st.lists(pairs, max_size=8)))
    detectors = Detectors(catalog, known)
    heard: dict[str, dict[str, Any]] = {item: {} for item in items["id"]}

    def hurried(name: str, asked: pl.DataFrame) -> pl.DataFrame:
        answer, spec = detectors(name, asked), catalog.detectors[name]
        in_time = pl.Series([(name, item) not in late for item in asked["id"]], dtype=pl.Boolean)
        for row in answer.filter(in_time).iter_rows(named=True):
            heard[row["item_id"]] |= {
                spec.column(one.name): row[spec.column(one.name)] for one in spec.fields
            }
        signals = [spec.column(one.name) for one in spec.fields]
        return answer.with_columns(
            pl.when(in_time).then(pl.col(signals)),
            pl.when(in_time).then(spec.status_column).otherwise(pl.lit("skipped")).alias(spec.status_column),
        )

    cases = decide_online(strategy, items, hurried, catalog=catalog)
    whole = decide_online(strategy, items, Detectors(catalog, known), catalog=catalog)
    given_signals = [heard[item] for item in items["id"]]
    asked_again = Detectors(catalog, known)
    later = decide_online(strategy, items, asked_again, catalog=catalog, given=given_signals)
    for item, case, expected, after in zip(items["id"], cases, whole, later, strict=True):
        if case.pending is None:
            assert case.rule == expected.rule
        else:
            assert (case.pending, item) in late
            assert case.rule is None
            with pytest.raises(ValueError, match=case.pending):
                decision_record(strategy, case, catalog)
        assert after.rule == expected.rule
        there = {signal.partition(".")[0] for signal in heard[item]}
        assert not [name for name in there if item in asked_again.asked[name]]


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_the_partial_case_is_certain_only_of_what_holds_whatever_is_missing(
    data: st.DataObject, catalog: Catalog, random_strategies: Any, random_frames: Any
) -> None:
    strategy, known = data.draw(random_strategies), data.draw(random_frames)
    whole = decide_columns(strategy, known)["rule"]
    statuses = st.sampled_from(["computed", "skipped", "failed"])
    columns = []
    for name in sorted(strategy.detectors):
        status = pl.Series(f"{name}.status", [data.draw(statuses) for _ in range(len(known))])
        columns.append(status)
        known = known.with_columns(
            pl.when(status == "computed").then(pl.col(c)).alias(c)
            for c in known.columns
            if c.startswith(f"{name}.")
        )
    partial = evaluate(decision_case(strategy, partial=True), known.with_columns(columns), len(known))
    assert all(
        rule in (None, DETECTOR_FAILED, expected) for rule, expected in zip(partial, whole, strict=True)
    )
    all_known = [pl.lit("computed").alias(column.name) for column in columns]
    full = decide_columns(strategy, known)["rule"]
    assert (
        evaluate(decision_case(strategy, partial=True), known.with_columns(all_known), len(known)).to_list()
        == full.to_list()
    )


# --- by example -------------------------------------------------------------------------------------------

KNOWN = pl.DataFrame(
    {
        "item_id": ["certain", "judged", "mild"],
        "text.hate": [0.99, 0.6, 0.1],
        "text.max_risk": [0.99, 0.6, 0.1],
        "text.top": ["hate", "hate", None],
        "judge.hate": [0.2, 0.95, 0.1],
        "judge.verdict": ["a", "b", "c"],
        "judge.sure": [True, True, True],
        "hash.bank": [None, None, None],
        "hash.distance": [None, None, None],
    },
    schema_overrides={"hash.bank": pl.String, "hash.distance": pl.Float64},
)
RULES = ("text.hate >= 0.97", "text.hate >= 0.5 and judge.hate >= 0.9")


@pytest.fixture
def hate(strategy_of: Callable[..., Strategy]) -> Strategy:
    return strategy_of(*RULES)


def test_the_dear_detector_sees_only_what_the_cheap_one_leaves_open(hate: Strategy, catalog: Catalog) -> None:
    detectors = Detectors(catalog, KNOWN)
    cascade(hate, items_of(KNOWN, ["text"] * 3), detectors, catalog=catalog)
    assert detectors.asked["text"] == ["certain", "judged", "mild"]
    assert detectors.asked["judge"] == ["judged"]


def test_a_decision_records_what_was_computed_and_what_it_cost(hate: Strategy, catalog: Catalog) -> None:
    items = items_of(KNOWN, ["text"] * 3)
    result = cascade(hate, items, Detectors(catalog, KNOWN), catalog=catalog)
    mild = decisions_frame(hate, result.resolution, result.signals, catalog, arm="shadow").row(2, named=True)
    assert mild == {
        "item_id": "mild",
        "strategy": "random",
        "strategy_version": hate.label,
        "arm": "shadow",
        "action": "allow",
        "rule": "otherwise",
        "policy": None,
        "queue": None,
        "escalate": None,
        "reason": "rule",
        "failure": None,
        "values": '{"text.hate":0.1}',
        "detectors": '{"text":"1.4"}',
        "cost_ms": 0.5,
        "cost_money": 0.0,
    }


def test_a_failed_detector_sends_its_items_to_review_with_the_reason(
    hate: Strategy, catalog: Catalog
) -> None:
    failing = frozenset({("judge", "judged"), ("text", "mild")})
    items = items_of(KNOWN, ["text"] * 3)
    result = cascade(hate, items, Detectors(catalog, KNOWN, failing), catalog=catalog)
    decisions = decisions_frame(hate, result.resolution, result.signals, catalog)
    assert decisions["action"].to_list() == ["remove", "review", "review"]
    assert decisions["reason"].to_list() == ["rule", "detector_failed: judge", "detector_failed: text"]
    assert decisions["failure"].to_list() == [None, '{"judge":"out of time"}', '{"text":"out of time"}']


def test_a_detector_is_not_asked_about_kinds_that_it_does_not_read(
    strategy_of: Callable[..., Strategy], catalog: Catalog
) -> None:
    strategy = strategy_of("hash.distance <= 31")
    detectors = Detectors(catalog, KNOWN)
    result = cascade(strategy, items_of(KNOWN, ["text", "image", "text"]), detectors, catalog=catalog)
    assert detectors.asked["hash"] == ["judged"]
    assert result.signals["hash.status"].to_list() == [
        SignalStatus.NOT_APPLICABLE,
        SignalStatus.COMPUTED,
        SignalStatus.NOT_APPLICABLE,
    ]


def test_signals_that_are_given_are_not_asked_for(hate: Strategy, catalog: Catalog) -> None:
    items = items_of(KNOWN, ["text"] * 3)
    given_signals = Detectors(catalog, KNOWN)("text", items)
    detectors = Detectors(catalog, KNOWN)
    cascade(hate, items, detectors, catalog=catalog, given=given_signals)
    assert detectors.asked["text"] == []


@pytest.mark.parametrize(
    "condition",
    [
        "greatest(text.hate, judge.hate) >= 0.9",
        "0.9 <= greatest(text.hate, judge.hate)",
        "coalesce(text.hate, judge.hate) >= 0.9",
        "not (least(text.hate, judge.hate) > 0.2)",
    ],
)
def test_a_test_of_two_detectors_is_settled_by_one_where_that_is_enough(
    condition: str, strategy_of: Callable[..., Strategy], catalog: Catalog
) -> None:
    strategy = strategy_of(condition)
    detectors = Detectors(catalog, KNOWN, frozenset({("judge", item) for item in KNOWN["item_id"]}))
    result = cascade(strategy, items_of(KNOWN, ["text"] * 3), detectors, catalog=catalog)
    settled = "mild" if "least" in condition else "certain"
    assert settled not in detectors.asked["judge"]
    decisions = decisions_frame(strategy, result.resolution, result.signals, catalog)
    assert decisions.filter(item_id=settled)["action"].to_list() == ["remove"]


def test_item_by_item_too_signals_that_are_given_are_not_asked_for(hate: Strategy, catalog: Catalog) -> None:
    detectors = Detectors(catalog, KNOWN)
    known = [{"text.hate": value} for value in KNOWN["text.hate"]]
    cases = decide_online(hate, items_of(KNOWN, ["text"] * 3), detectors, catalog=catalog, given=known)
    assert [case.rule.id for case in cases if case.rule] == ["rule-0", "rule-1", "otherwise"]
    assert detectors.asked["text"] == []
    assert detectors.asked["judge"] == ["judged"]


def test_replay_tells_what_was_tampered_with(hate: Strategy, catalog: Catalog) -> None:
    items = items_of(KNOWN, ["text"] * 3)
    result = cascade(hate, items, Detectors(catalog, KNOWN), catalog=catalog)
    decisions = decisions_frame(hate, result.resolution, result.signals, catalog)
    forged = decisions.with_columns(
        values=pl.Series(['{"text.hate":0.2}', "no JSON", decisions["values"][2]]),
    )
    found = replay(hate, forged, catalog)
    assert found.filter(pl.col("item_id") == "mild").is_empty()
    assert ("certain", "rule", "rule-0", "otherwise") in found.rows()
    assert "values" in found.filter(pl.col("item_id") == "judged")["column"].to_list()


def test_what_a_detector_says_it_was_paid_is_the_cost_also_where_it_gave_no_answer() -> None:
    cost = SignalField("cost", SignalType.NUMBER, "")
    judge = DetectorSpec(
        "judge", "7", (SignalField("hate", SignalType.NUMBER, ""), cost), 400.0, 0.002, paid="cost"
    )
    catalog = Catalog.of(judge)
    strategy = load_strategy(
        "strategy: s\nversion: 1\nrules:\n  - {id: r, when: judge.hate > 0.5, then: remove}\n"
        "  - {id: o, when: judge.hate <= 0.5, then: label}\n  - {id: otherwise, then: allow}\n",
        catalog=catalog,
    )
    items = pl.DataFrame({"id": ["a", "b"], "kind": ["text", "text"]})

    def ask(_: str, asked: pl.DataFrame) -> pl.DataFrame:
        return asked.select(item_id="id").with_columns(
            pl.Series("judge.hate", [0.9, None]),
            pl.Series("judge.cost", [0.003, 0.007]),
            pl.Series("judge.status", ["computed", "failed"]),
            pl.Series("judge.failure", [None, "the answer was cut off"]),
        )

    found = cascade(strategy, items, ask, catalog=catalog)
    decisions = decisions_frame(strategy, found.resolution, found.signals, catalog)
    assert decisions["cost_money"].to_list() == [0.003, 0.007]
    assert decisions["action"].to_list() == ["remove", "review"]
    assert replay(strategy, decisions, catalog).is_empty()
    cases = decide_online(strategy, items, ask, catalog=catalog)
    assert [decision_record(strategy, case, catalog)["cost_money"] for case in cases] == [0.003, 0.007]
