"""Deciding while signals are missing: what must hold, what may hold, and what to compute next.

Per rule and item, from the tests whose detectors were computed: the condition *must* be TRUE whatever the
missing signals say, or it *may* be. The first rule that may match decides if it must; otherwise that rule
is open, and only a missing signal in its open part can settle the item, so that the signals of later rules
can wait. One CASE over the columns `<detector>.<field>` and `<detector>.status` says all of this; it grows
with the rules, never faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from tidegate.strategy import nodes
from tidegate.strategy.expressions import condition_sql
from tidegate.strategy.model import Strategy
from tidegate.strategy.nodes import All, Condition, Test
from tidegate.tables import KNOWN, STATUS_FIELD, SignalStatus

DETECTOR_FAILED = -1
"""In place of a rule's index: only detectors that failed could settle the first open rule."""

FIRST_NEED = -2
"""Codes from here downwards name what to compute next: the k-th detector given is FIRST_NEED - k."""

IS_KNOWN = "IN ({})".format(", ".join(f"'{status}'" for status in KNOWN))


@lru_cache(maxsize=64)
def step_sql(strategy: Strategy, detectors: tuple[str, ...]) -> str:
    """What to do about a row: a rule's index, DETECTOR_FAILED, or the first of `detectors` to settle it.

    `detectors` are all those of the strategy's conditions, in the order in which they should be tried.
    """

    def open_rule(condition: Condition) -> str:
        needs = "".join(
            f" WHEN {_needs(condition, name)} THEN {FIRST_NEED - place}"
            for place, name in enumerate(detectors)
            if name in nodes.detectors(condition)
        )
        return (
            f"CASE WHEN NOT {_settleable(condition)} THEN {DETECTOR_FAILED}{needs} ELSE {DETECTOR_FAILED} END"
        )

    return _first_match(strategy, open_rule)


@lru_cache(maxsize=64)
def partial_case(strategy: Strategy) -> str:
    """The index of the rule that certainly decides, DETECTOR_FAILED, or NULL: a skipped signal is missed."""

    def open_rule(condition: Condition) -> str:
        return f"CASE WHEN NOT {_settleable(condition)} THEN {DETECTOR_FAILED} END"

    return _first_match(strategy, open_rule)


@lru_cache(maxsize=64)
def blame_sql(strategy: Strategy, detector: str) -> str:
    """TRUE where `detector` failed and is missed by the first open rule."""

    def blamed(condition: Condition) -> str:
        return _blames(condition, detector) if detector in nodes.detectors(condition) else "FALSE"

    return _first_match(strategy, blamed, settled=lambda _: "FALSE")


def _first_match(
    strategy: Strategy, open_rule: Callable[[Condition], str], settled: Callable[[int], str] = str
) -> str:
    branches: list[str] = []
    for index, rule in enumerate(strategy.rules):
        if rule.condition is None:
            return f"CASE {' '.join(branches)} ELSE {settled(index)} END" if branches else settled(index)
        must = f"CASE WHEN {_must(rule.condition)} THEN {settled(index)} ELSE {open_rule(rule.condition)} END"
        branches.append(f"WHEN {_may(rule.condition)} THEN {must}")
    return f"CASE {' '.join(branches)} END"


def _must(condition: Condition) -> str:
    return _walk(condition, lambda test: _and([*_known(test), _sql(test)]))


def _may(condition: Condition) -> str:
    return _walk(condition, lambda test: _or([*_unknown(test), _sql(test)]))


def _settleable(condition: Condition) -> str:
    """Whether signals that were skipped could make the condition certain, either way."""
    true = _walk(condition, lambda test: _or([_and([*_known(test), _sql(test)]), _obtainable(test)]))
    false = _walk(
        condition,
        lambda test: _or([_and([*_known(test), f"({_sql(test)}) IS NOT TRUE"]), _obtainable(test)]),
        dual=True,
    )
    return f"(({true} OR {false}) IS TRUE)"


def _needs(condition: Condition, detector: str) -> str:
    """Whether `detector` was skipped and could help to settle the condition."""
    return _open_at(
        condition,
        detector,
        lambda test: _and([f"{_status(detector)} = '{SignalStatus.SKIPPED}'", _obtainable(test)]),
    )


def _blames(condition: Condition, detector: str) -> str:
    return _open_at(condition, detector, lambda _: f"{_status(detector)} = '{SignalStatus.FAILED}'")


def _open_at(condition: Condition, detector: str, leaf: Callable[[Test], str]) -> str:
    """Whether `leaf` holds of a test that reads `detector` and on which the condition still hangs."""
    match condition:
        case All(parts) | nodes.Any(parts):
            inner = _or([_open_at(p, detector, leaf) for p in parts if detector in nodes.detectors(p)])
            hangs = _may(condition) if isinstance(condition, All) else f"({_must(condition)}) IS NOT TRUE"
            return _and([hangs, inner])
        case _:
            return leaf(_as_test(condition))


def _walk(condition: Condition, leaf: Callable[[Test], str], *, dual: bool = False) -> str:
    match condition:
        case All(parts) | nodes.Any(parts):
            inner = [_walk(part, leaf, dual=dual) for part in parts]
            return _and(inner) if isinstance(condition, All) is not dual else _or(inner)
        case _:
            return leaf(_as_test(condition))


def _as_test(condition: Condition) -> Test:
    assert not isinstance(condition, All | nodes.Any | nodes.Not), "conditions are in normal form here"
    return condition


@lru_cache(maxsize=4096)
def _sql(test: Test) -> str:
    return condition_sql(test).sql(dialect="duckdb")


def _known(test: Test) -> list[str]:
    return [f"{_status(name)} {IS_KNOWN}" for name in sorted(nodes.detectors(test))]


def _unknown(test: Test) -> list[str]:
    return [f"{_status(name)} NOT {IS_KNOWN}" for name in sorted(nodes.detectors(test))]


def _obtainable(test: Test) -> str:
    """Whether the test is unknown, and none of its detectors failed."""
    if not nodes.detectors(test):
        return "FALSE"
    whole = [f"{_status(name)} <> '{SignalStatus.FAILED}'" for name in sorted(nodes.detectors(test))]
    return _and([_or(_unknown(test)), *whole])


def _status(detector: str) -> str:
    name = f"{detector}.{STATUS_FIELD}".replace('"', '""')
    return f'"{name}"'


def _and(parts: Sequence[str]) -> str:
    return f"({' AND '.join(parts)})"


def _or(parts: Sequence[str]) -> str:
    return f"({' OR '.join(parts)})"
