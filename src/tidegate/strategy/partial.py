"""Deciding while signals are missing: what must hold, what may hold, and what to compute next.

Per rule and item, from the tests whose detectors were computed: the condition *must* be TRUE whatever the
missing signals say, or it *may* be. The first rule that may match decides if it must; otherwise that rule
is open, and only a missing signal in its open part can settle the item, so that the signals of later rules
can wait. What follows is written in a `Tongue`: as one SQL CASE over the columns `<detector>.<field>` and
`<detector>.status` here, as Python in `online`. Both grow with the rules, never faster.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Protocol

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


class Tongue(Protocol):
    """How a question about one item is written. Each method gives text."""

    def holds(self, test: Test) -> str:
        """TRUE exactly where the test is, if all that it reads is known."""

    def is_not_true(self, text: str) -> str: ...

    def is_known(self, detector: str) -> str: ...

    def is_unknown(self, detector: str) -> str: ...

    def was_skipped(self, detector: str) -> str: ...

    def has_failed(self, detector: str) -> str: ...

    def has_not_failed(self, detector: str) -> str: ...

    def every(self, parts: Sequence[str]) -> str: ...

    def some(self, parts: Sequence[str]) -> str: ...


class Sql:
    """DuckDB SQL over the columns of signals and statuses."""

    def holds(self, test: Test) -> str:
        return _sql(test)

    def is_not_true(self, text: str) -> str:
        return f"({text}) IS NOT TRUE"

    def is_known(self, detector: str) -> str:
        return f"{_status(detector)} {IS_KNOWN}"

    def is_unknown(self, detector: str) -> str:
        return f"{_status(detector)} NOT {IS_KNOWN}"

    def was_skipped(self, detector: str) -> str:
        return f"{_status(detector)} = '{SignalStatus.SKIPPED}'"

    def has_failed(self, detector: str) -> str:
        return f"{_status(detector)} = '{SignalStatus.FAILED}'"

    def has_not_failed(self, detector: str) -> str:
        return f"{_status(detector)} <> '{SignalStatus.FAILED}'"

    def every(self, parts: Sequence[str]) -> str:
        return f"({' AND '.join(parts)})"

    def some(self, parts: Sequence[str]) -> str:
        return f"({' OR '.join(parts)})" if parts else "FALSE"


SQL = Sql()


@lru_cache(maxsize=64)
def step_sql(strategy: Strategy, detectors: tuple[str, ...]) -> str:
    """What to do about a row: a rule's index, DETECTOR_FAILED, or the first of `detectors` to settle it.

    `detectors` are all those of the strategy's conditions, in the order in which they should be tried.
    """

    def open_rule(condition: Condition) -> str:
        wanted = "".join(
            f" WHEN {needs(condition, name, SQL)} THEN {FIRST_NEED - place}"
            for place, name in enumerate(detectors)
            if name in nodes.detectors(condition)
        )
        hopeless = f"WHEN NOT {_settleable(condition)} THEN {DETECTOR_FAILED}"
        return f"CASE {hopeless}{wanted} ELSE {DETECTOR_FAILED} END"

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
        return blames(condition, detector, SQL) if detector in nodes.detectors(condition) else "FALSE"

    return _first_match(strategy, blamed, settled=lambda _: "FALSE")


def _first_match(
    strategy: Strategy, open_rule: Callable[[Condition], str], settled: Callable[[int], str] = str
) -> str:
    branches: list[str] = []
    for index, rule in enumerate(strategy.rules):
        if rule.condition is None:
            return f"CASE {' '.join(branches)} ELSE {settled(index)} END" if branches else settled(index)
        surely = must(rule.condition, SQL)
        outcome = f"CASE WHEN {surely} THEN {settled(index)} ELSE {open_rule(rule.condition)} END"
        branches.append(f"WHEN {may(rule.condition, SQL)} THEN {outcome}")
    return f"CASE {' '.join(branches)} END"


def _settleable(condition: Condition) -> str:
    return f"({settleable(condition, SQL)} IS TRUE)"


def must(condition: Condition, tongue: Tongue) -> str:
    return _walk(condition, tongue, lambda test: tongue.every([*_known(test, tongue), tongue.holds(test)]))


def may(condition: Condition, tongue: Tongue) -> str:
    return _walk(condition, tongue, lambda test: tongue.some([*_unknown(test, tongue), tongue.holds(test)]))


def settleable(condition: Condition, tongue: Tongue) -> str:
    """Whether signals that were skipped could make the condition certain, either way."""

    def true(test: Test) -> str:
        known = tongue.every([*_known(test, tongue), tongue.holds(test)])
        return tongue.some([known, _obtainable(test, tongue)])

    def false(test: Test) -> str:
        known = tongue.every([*_known(test, tongue), tongue.is_not_true(tongue.holds(test))])
        return tongue.some([known, _obtainable(test, tongue)])

    return tongue.some([_walk(condition, tongue, true), _walk(condition, tongue, false, dual=True)])


def needs(condition: Condition, detector: str, tongue: Tongue) -> str:
    """Whether `detector` was skipped and could help to settle the condition."""
    return _open_at(
        condition,
        detector,
        tongue,
        lambda test: tongue.every([tongue.was_skipped(detector), _obtainable(test, tongue)]),
    )


def blames(condition: Condition, detector: str, tongue: Tongue) -> str:
    """Whether `detector` failed and could have helped to settle the condition."""
    return _open_at(condition, detector, tongue, lambda _: tongue.has_failed(detector))


def _open_at(condition: Condition, detector: str, tongue: Tongue, leaf: Callable[[Test], str]) -> str:
    """Whether `leaf` holds of a test that reads `detector` and on which the condition still hangs."""
    match condition:
        case All(parts) | nodes.Any(parts):
            inner = tongue.some(
                [
                    _open_at(part, detector, tongue, leaf)
                    for part in parts
                    if detector in nodes.detectors(part)
                ]
            )
            conjunction = isinstance(condition, All)
            hangs = may(condition, tongue) if conjunction else tongue.is_not_true(must(condition, tongue))
            return tongue.every([hangs, inner])
        case _:
            return leaf(_as_test(condition))


def _walk(condition: Condition, tongue: Tongue, leaf: Callable[[Test], str], *, dual: bool = False) -> str:
    match condition:
        case All(parts) | nodes.Any(parts):
            inner = [_walk(part, tongue, leaf, dual=dual) for part in parts]
            return tongue.every(inner) if isinstance(condition, All) is not dual else tongue.some(inner)
        case _:
            return leaf(_as_test(condition))


def _as_test(condition: Condition) -> Test:
    assert not isinstance(condition, All | nodes.Any | nodes.Not), "conditions are in normal form here"
    return condition


def _known(test: Test, tongue: Tongue) -> list[str]:
    return [tongue.is_known(name) for name in sorted(nodes.detectors(test))]


def _unknown(test: Test, tongue: Tongue) -> list[str]:
    return [tongue.is_unknown(name) for name in sorted(nodes.detectors(test))]


def _obtainable(test: Test, tongue: Tongue) -> str:
    """Whether the test is unknown, and none of its detectors failed."""
    whole = [tongue.has_not_failed(name) for name in sorted(nodes.detectors(test))]
    return tongue.every([tongue.some(_unknown(test, tongue)), *whole])


@lru_cache(maxsize=4096)
def _sql(test: Test) -> str:
    return condition_sql(test).sql(dialect="duckdb")


def _status(detector: str) -> str:
    name = f"{detector}.{STATUS_FIELD}".replace('"', '""')
    return f'"{name}"'
