"""Rules that can never decide are warned of, and only those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.strategy import Strategy, decide_columns


def warned(strategy: Strategy) -> list[str]:
    """The rules that are warned of, with how."""
    short = {"can never match": "never", "is never reached": "shadowed"}
    return [
        f"{warning.what.split(chr(39))[1]} {kind}"
        for warning in strategy.warnings
        for words, kind in short.items()
        if words in warning.what
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["judge.hate > 0.5", "judge.hate > 0.6"], ["rule-1 shadowed"]),
        (["judge.hate > 0.6", "judge.hate > 0.5"], []),
        (["judge.hate > 0.9 and judge.hate < 0.5"], ["rule-0 never"]),
        (["judge.hate > 0.5 and judge.hate <= 0.5"], ["rule-0 never"]),
        (["text.hate > 1"], ["rule-0 never"]),
        (["text.hate >= 1"], []),
        (["text.top in ('a', 'b')", "text.top = 'a'", "text.top in ('a', 'c')"], ["rule-1 shadowed"]),
        (["text.top is null", "text.top = 'a'"], []),
        (["judge.hate is not null", "judge.hate <> 0.5"], ["rule-1 shadowed"]),
        (["judge.hate is null and judge.hate > 0.2"], ["rule-0 never"]),
        (
            ["judge.hate > 0.5 or text.top = 'x'", "judge.hate > 0.7 or (text.top = 'x' and judge.sure)"],
            ["rule-1 shadowed"],
        ),
        (["judge.sure", "not judge.sure", "judge.sure is not null"], []),
        (["true"], ["otherwise shadowed"]),
        (["judge.hate + 1 > 2", "judge.hate + 1 > 3"], ["rule-1 shadowed"]),
        (["text.top like 'a%'", "text.top like 'ab%'"], []),
        (
            ["hash.distance between 3 and 5", "hash.distance in (3, 5)", "hash.distance < 5"],
            ["rule-1 shadowed"],
        ),
    ],
)
def test_by_example(conditions: list[str], expected: list[str], strategy_of: Callable[..., Strategy]) -> None:
    assert warned(strategy_of(*conditions)) == expected


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_rule_that_is_warned_of_ever_decides(
    data: st.DataObject, random_strategies: Any, random_frames: Any
) -> None:
    strategy, signals = data.draw(random_strategies), data.draw(random_frames)
    in_range = [
        pl.when(pl.col(c).is_between(0, 1)).then(pl.col(c)).alias(c) for c in ("text.hate", "text.max_risk")
    ]
    decided = {
        strategy.rules[place].id for place in decide_columns(strategy, signals.with_columns(in_range))["rule"]
    }
    assert not decided & {warning.split()[0] for warning in warned(strategy)}
