"""Why an item was decided as it was, and what would have flipped it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.strategy import Strategy, compile_row, describe, explain
from tidegate.strategy.explanation import UNFLIPPED
from tidegate.tables import Catalog

RULES = (
    "hash.bank = 'tvec' and hash.distance <= 31",
    "text.hate >= 0.97",
    "text.hate >= 0.55 and judge.hate > 0.9",
)


def test_every_rule_up_to_the_deciding_one_is_shown_with_its_values(
    strategy_of: Callable[..., Strategy],
) -> None:
    values = {"hash.bank": "other", "hash.distance": None, "text.hate": 0.6, "judge.hate": 0.3}
    assert str(explain(strategy_of(*RULES), values)) == (
        "rule-0 does not match\n"
        "    hash.bank ('other') = 'tvec' is FALSE\n"
        "    hash.distance (null) <= 31 is NULL\n"
        "rule-1 does not match\n"
        "    text.hate (0.6) >= 0.97 is FALSE\n"
        "rule-2 does not match\n"
        "    text.hate (0.6) >= 0.55 is TRUE\n"
        "    judge.hate (0.3) > 0.9 is FALSE\n"
        "otherwise matches (every item)\n"
        "→ allow, by otherwise\n"
        "What would have flipped it, all else being the same:\n"
        "    judge.hate > 0.9 (is 0.3): label, by rule-2\n"
        "    text.hate >= 0.97 (is 0.6): review, by rule-1"
    )


def test_that_no_change_is_known_to_flip_it_is_said(strategy_of: Callable[..., Strategy]) -> None:
    settled = strategy_of("text.hate < 0.15", "judge.hate > 0.9")
    found = explain(settled, {"text.hate": 0.1})  # at 0.15 and above it hangs on a signal never computed
    assert found.rule is not None
    assert str(found).endswith(UNFLIPPED)


def test_an_open_rule_names_what_is_missing(strategy_of: Callable[..., Strategy]) -> None:
    found = explain(strategy_of(*RULES), {"hash.bank": None, "hash.distance": None, "text.hate": 0.6})
    assert found.rule is None
    assert found.missing == ("judge",)
    assert found.steps[-1].matched is None


def test_a_boundary_inside_arithmetic_is_found(strategy_of: Callable[..., Strategy]) -> None:
    (flip,) = explain(strategy_of("judge.hate * 2 >= 1"), {"judge.hate": 0.25}).flips
    assert flip.becomes == 0.5
    assert flip.change == ">= 0.5"


def test_what_a_probability_cannot_be_flips_nothing(strategy_of: Callable[..., Strategy]) -> None:
    values = {"text.hate": 0.2, "text.max_risk": 0.4}
    blended = strategy_of("0.5 * text.hate + text.max_risk >= 0.99")
    assert [flip.signal for flip in explain(blended, values).flips] == ["text.max_risk"]
    # At its ends a probability may well be, and a signal without such a unit may be anything.
    (flip,) = explain(strategy_of("text.hate >= 1"), {"text.hate": 0.2}).flips
    assert flip.change == ">= 1"
    (flip,) = explain(strategy_of("judge.hate >= 1.78"), {"judge.hate": 0.2}).flips
    assert flip.change == ">= 1.78"


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_flip_changes_the_action(
    data: st.DataObject, random_strategies: Any, random_frames: Any
) -> None:
    strategy, signals = data.draw(random_strategies), data.draw(random_frames)
    evaluate = compile_row(strategy)
    for row in signals.head(3).iter_rows(named=True):
        found = explain(strategy, row)
        assert found.rule == evaluate(row)
        for flip in found.flips:
            after = evaluate({**row, flip.signal: flip.becomes})
            assert after == flip.rule
            assert after.then != evaluate(row).then


def test_describe_says_when_each_detector_is_first_needed(
    strategy_of: Callable[..., Strategy], catalog: Catalog
) -> None:
    frame = describe(strategy_of(*RULES, "text.hate >= 0.98"), catalog)
    assert frame["computed"].to_list() == ["hash", "text", "judge", "", ""]
    assert frame["cost_ms"].to_list() == [0.1, 0.6, 400.6, 400.6, 400.6]
    assert frame.filter(pl.col("warning").is_not_null())["rule"].to_list() == ["rule-3"]


def test_any_other_text_flips_only_where_any_would(strategy_of: Callable[..., Strategy]) -> None:
    us = {"text.top": "US"}
    (flip,) = explain(strategy_of("text.top <> 'US'"), us).flips
    assert flip.change == "is any other text" or "other" in str(flip)
    for condition in ("length(text.top) > 5", "regexp_matches(text.top, 'text')", "text.top > 'any'"):
        flips = explain(strategy_of(condition), us).flips
        assert not [flip for flip in flips if flip.becomes == "any other text"], condition
