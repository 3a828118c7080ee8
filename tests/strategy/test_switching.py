"""A strategy with parts switched off: what is left decides as if the rest had never been there."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.policy.ladder import LADDER, Outcome
from tidegate.runs.bench import STARTER_STRATEGY
from tidegate.strategy import Strategy, compile_row, load_strategy
from tidegate.strategy.differences import differences
from tidegate.strategy.switching import STOPPED, rule_ids, without_acts, without_rules
from tidegate.strategy.truth import Truth, truth
from tidegate.tables import Catalog

AWKWARD = """
# What the words mean is for us to say: `no` is a name here, and 010 is ten.
strategy: awkward
version: 010
rules:
  - {id: no, when: "text.top = 'it''s: 汉字'", then: remove, audit: 0.5}
  - id: folded
    when: >
      text.hate >= 0.5
      and text.top <> '#'
    then: review
    queue: hard
  - {id: otherwise, then: allow}
"""


@given(data=st.data())
@settings(max_examples=60)
def test_the_next_rule_that_matches_decides(
    data: st.DataObject,
    random_strategies: st.SearchStrategy[Strategy],
    random_frames: st.SearchStrategy[pl.DataFrame],
    catalog: Catalog,
) -> None:
    strategy, signals = data.draw(random_strategies), data.draw(random_frames)
    off = data.draw(st.sets(st.sampled_from([rule.id for rule in strategy.rules[:-1]])))
    left = load_strategy(without_rules(strategy.text, off), catalog=catalog)
    decide = compile_row(left)
    for row in signals.iter_rows(named=True):
        values = {name: row[name] for name in strategy.types}
        on = [rule for rule in strategy.rules if rule.id not in off]
        first = next(r for r in on if r.condition is None or truth(r.condition, values) is Truth.TRUE)
        assert decide({name: row[name] for name in left.types}).id == first.id


def test_nothing_acts_and_nothing_else_changes(catalog: Catalog) -> None:
    strategy = load_strategy(AWKWARD, catalog=catalog)
    left = load_strategy(without_acts(AWKWARD, LADDER), catalog=catalog)
    assert not {rule.then for rule in left.rules} & set(LADDER.with_outcome(Outcome.ACTIONED))
    assert [rule.queue for rule in left.rules] == [STOPPED, "hard", None]
    assert [(r.id, r.condition, r.audit) for r in left.rules] == [
        (r.id, r.condition, r.audit) for r in strategy.rules
    ]
    assert left.version == strategy.version == "010"


def test_what_is_switched_off_twice_is_the_same_text() -> None:
    text = STARTER_STRATEGY.read_text(encoding="utf-8")
    once = without_rules(text, {"unsure"})
    assert without_rules(once, {"unsure"}) == once
    assert rule_ids(once) == [one for one in rule_ids(text) if one != "unsure"]
    assert without_acts(without_acts(text, LADDER), LADDER) == without_acts(text, LADDER)


def test_differences_are_told_in_words(catalog: Catalog) -> None:
    def loaded(text: str) -> Strategy:
        return load_strategy(text, catalog=catalog)

    before = loaded(
        "strategy: s\nversion: 1\nlet: {high: 0.9, old: 1}\nrules:\n"
        "  - {id: a, when: 'text.hate > :high', then: remove}\n"
        "  - {id: b, when: 'judge.hate > :old', then: review}\n"
        "  - {id: c, when: judge.sure, then: label}\n"
        "  - {id: otherwise, then: allow}\n"
    )
    after = loaded(
        "strategy: s\nversion: 2\nlet: {high: 0.8, new: 2}\naudit: 0.05\nrules:\n"
        "  - {id: c, when: judge.sure, then: label, audit: 0.01}\n"
        "  - {id: a, when: 'text.hate >= :high', then: review, queue: hate, audit: 0.01}\n"
        "  - {id: d, when: 'text.max_risk > :new', then: remove, audit: 0.01}\n"
        "  - {id: otherwise, then: allow, audit: 0.01}\n"
    )
    assert differences(before, before) == []
    assert differences(before, after) == [
        "high: 0.9 → 0.8.",
        "The number old (1) is gone.",
        "There is a new number new: 2.",
        "The audit plan of rules without one: 0.01 of all → 0.05 of all.",
        "The rule b is gone: when judge.hate > :old then review.",
        "The rule c now stands first of all.",
        "The rule a: when text.hate > :high → text.hate >= :high; then remove → review; queue none → hate.",
        "There is a new rule d, after a: when text.max_risk > :new then remove.",
    ]


@pytest.mark.parametrize("change", ["# a comment\n", "\n"])
def test_layout_is_no_difference(change: str, catalog: Catalog) -> None:
    assert (
        differences(load_strategy(AWKWARD, catalog=catalog), load_strategy(change + AWKWARD, catalog=catalog))
        == []
    )
