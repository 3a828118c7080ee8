"""The cascade for items that come one by one: the same decisions as `planner`, without building tables.

A few hundred items are decided sooner in Python than a query is planned. For each set of statuses that occurs
(this detector computed, that one not yet) one function is generated, in which the tests that cannot be
answered are gone; so it never looks at a status.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import orjson
import polars as pl

from tidegate.policy.ladder import Ladder
from tidegate.strategy import nodes, runtime
from tidegate.strategy.border import clean_value
from tidegate.strategy.decisions import BY_RULE, FAILED_PREFIX, declared_money
from tidegate.strategy.model import Rule, Strategy
from tidegate.strategy.nodes import Condition, Test
from tidegate.strategy.partial import DETECTOR_FAILED, FIRST_NEED, blames, may, must, needs, settleable
from tidegate.strategy.planner import Compute, conditions_read, trial_order
from tidegate.strategy.python_code import Writer
from tidegate.strategy.row import Clean
from tidegate.tables import KNOWN, Catalog, DetectorSpec, SignalStatus

Statuses = tuple[str, ...]
Step = Callable[[tuple[Clean, ...]], int]
Blame = Callable[[tuple[Clean, ...]], tuple[str, ...]]

TRUE, FALSE = "True", "False"


@dataclass
class Case:
    """One item on its way to a decision.

    values: border-clean, by signal of the strategy; those that are not known are None.
    statuses, failures: by detector of the strategy; a failure is what the detector reported.
    rule: the one that decides; None while the item is open, and where failed detectors leave it undecided.
    failed: the detectors that are missed then.
    paid: US dollars, by detector that says what was paid.
    pending: the detector that was asked and has not answered yet; the item is open for want of it.
    """

    values: dict[str, Clean]
    statuses: dict[str, str]
    failures: dict[str, str | None] = field(default_factory=dict)
    rule: Rule | None = None
    failed: tuple[str, ...] = ()
    paid: dict[str, float] = field(default_factory=dict)
    pending: str | None = None


def decide_online(
    strategy: Strategy,
    items: pl.DataFrame,
    compute: Compute,
    *,
    catalog: Catalog,
    given: Sequence[Mapping[str, Clean]] | None = None,
) -> list[Case]:
    """Decide a few items, computing as little as possible; the meaning is that of `planner.cascade`.

    Args:
        items: frame with at least id and kind.
        compute: as in `planner.cascade`; but an answer may leave items skipped, where it does not come in
            time. They stay open, and their cases say under `pending` for want of which detector.
        given: per item the signals that are there already, by name; a detector of which an item has any
            is not asked about it.

    Returns:
        One case per item, in their order.
    """
    specs = {name: catalog.detectors[name] for name in sorted(strategy.detectors)}
    order = trial_order(conditions_read(strategy), catalog)
    signals = given if given is not None else [{}] * len(items)
    cases = [_begin(strategy, specs, kind, known) for kind, known in zip(items["kind"], signals, strict=True)]
    open_cases = list(range(len(cases)))
    while open_cases:
        wanted: dict[str, list[int]] = defaultdict(list)
        for place in open_cases:
            case = cases[place]
            statuses = tuple(case.statuses.values())
            code = compiled_step(strategy, order, statuses)(tuple(case.values.values()))
            if code >= 0:
                case.rule = strategy.rules[code]
            elif code == DETECTOR_FAILED:
                case.failed = compiled_blame(strategy, statuses)(tuple(case.values.values()))
            else:
                wanted[order[FIRST_NEED - code]].append(place)
        # Only the cheapest detector is asked; its answers may settle what others would be asked about.
        open_cases = sorted(place for places in wanted.values() for place in places)
        if wanted:
            cheapest = min(wanted, key=order.index)
            _ask(specs[cheapest], items, compute, cases, wanted[cheapest])
            for place in wanted[cheapest]:
                if cases[place].statuses[cheapest] == SignalStatus.SKIPPED:
                    cases[place].pending = cheapest
            open_cases = [place for place in open_cases if cases[place].pending is None]
    _ask_for_scores(strategy, specs, items, compute, cases)
    return cases


@lru_cache(maxsize=256)
def compiled_step(strategy: Strategy, order: tuple[str, ...], statuses: Statuses) -> Step:
    """What to do about an item whose detectors have these statuses, as `partial.step_sql` codes it.

    `statuses` are those of the strategy's detectors in alphabetical order; the function takes border-clean
    values in the order of `strategy.types`.
    """
    writer, tongue = _writing(strategy, statuses)
    lines: list[str] = []
    for index, rule in enumerate(strategy.rules):
        if rule.condition is None:
            lines.append(f"return {index}")
            break
        lines += _branch(rule.condition, tongue, str(index), _open_lines(rule.condition, tongue, order))
    return cast(Step, _function(writer, lines))


@lru_cache(maxsize=256)
def compiled_blame(strategy: Strategy, statuses: Statuses) -> Blame:
    """The failed detectors that an item's first open rule misses, in alphabetical order."""
    writer, tongue = _writing(strategy, statuses)
    lines: list[str] = []
    for rule in strategy.rules:
        if rule.condition is None:
            lines.append("return ()")
            break
        texts = {name: blames(rule.condition, name, tongue) for name in nodes.detectors(rule.condition)}
        missed = [f"({name!r},) * bool({texts[name]})" for name in sorted(texts)]
        names = f"return {' + '.join(missed) or '()'}"
        lines += _branch(rule.condition, tongue, "()", [names])
    return cast(Blame, _function(writer, lines))


class _Python:
    """A `partial.Tongue`: Python over the locals of a `Writer`, the statuses being known beforehand."""

    def __init__(self, writer: Writer, statuses: Mapping[str, str]) -> None:
        self.writer, self.statuses = writer, statuses
        self.texts: dict[Test, str] = {}

    def holds(self, test: Test) -> str:
        if test not in self.texts:
            self.texts[test] = f"({self.writer.test(test)})"
        return self.texts[test]

    def is_not_true(self, text: str) -> str:
        return {TRUE: FALSE, FALSE: TRUE}.get(text, f"(not {text})")

    def is_known(self, detector: str) -> str:
        return str(self.statuses[detector] in KNOWN)

    def is_unknown(self, detector: str) -> str:
        return str(self.statuses[detector] not in KNOWN)

    def was_skipped(self, detector: str) -> str:
        return str(self.statuses[detector] == SignalStatus.SKIPPED)

    def has_failed(self, detector: str) -> str:
        return str(self.statuses[detector] == SignalStatus.FAILED)

    def has_not_failed(self, detector: str) -> str:
        return str(self.statuses[detector] != SignalStatus.FAILED)

    def every(self, parts: Sequence[str]) -> str:
        return _joined(parts, " and ", settles=FALSE, otherwise=TRUE)

    def some(self, parts: Sequence[str]) -> str:
        return _joined(parts, " or ", settles=TRUE, otherwise=FALSE)


def _joined(parts: Sequence[str], word: str, *, settles: str, otherwise: str) -> str:
    left = [part for part in parts if part != otherwise]
    if settles in left:
        return settles
    return f"({word.join(left)})" if left else otherwise


def _writing(strategy: Strategy, statuses: Statuses) -> tuple[Writer, _Python]:
    writer = Writer(strategy)
    return writer, _Python(writer, dict(zip(sorted(strategy.detectors), statuses, strict=True)))


def _branch(condition: Condition, tongue: _Python, settled: str, open_lines: Sequence[str]) -> list[str]:
    """The lines of one rule: leave with `settled` if it must match, by the open lines if it may."""
    possible, sure = may(condition, tongue), must(condition, tongue)
    if possible == FALSE:
        return []
    if possible == sure:
        return [f"if {sure}: return {settled}"]
    certain = [] if sure == FALSE else [f"    if {sure}: return {settled}"]
    return [f"if {possible}:", *certain, *(f"    {line}" for line in open_lines)]


def _open_lines(condition: Condition, tongue: _Python, order: Sequence[str]) -> list[str]:
    lines = [f"if not {settleable(condition, tongue)}: return {DETECTOR_FAILED}"]
    for place, name in enumerate(order):
        if name in nodes.detectors(condition):
            wanted = needs(condition, name, tongue)
            lines += [f"if {wanted}: return {FIRST_NEED - place}"] if wanted != FALSE else []
    return [*lines, f"return {DETECTOR_FAILED}"]


def _function(writer: Writer, lines: Sequence[str]) -> object:
    """The generated function over a tuple of values, every signal loaded first."""
    head = [f"{', '.join(writer.locals.values())}, = values"] if writer.locals else []
    head += [f"{' = '.join(writer.memos.values())} = unset"] if writer.memos else []
    for signal in writer.locals:
        head += writer.load(signal, positional=True)
    head += [line for _, bounded, _ in writer.rules for line in bounded]
    source = "\n    ".join(["def decide(values):", *head, *lines])
    namespace: dict[str, object] = {**runtime.NAMES, **writer.constants}
    exec(compile(source, "<online strategy>", "exec"), namespace)
    return namespace["decide"]


def _begin(
    strategy: Strategy, specs: Mapping[str, DetectorSpec], kind: str, known: Mapping[str, Clean]
) -> Case:
    statuses = {}
    for name, spec in specs.items():
        if any(spec.column(one.name) in known for one in spec.fields):
            statuses[name] = SignalStatus.COMPUTED.value
        elif kind in spec.kinds:
            statuses[name] = SignalStatus.SKIPPED.value
        else:
            statuses[name] = SignalStatus.NOT_APPLICABLE.value
    values = {name: clean_value(known.get(name), of) for name, of in strategy.types.items()}
    return Case(values, statuses)


def _ask(
    spec: DetectorSpec, items: pl.DataFrame, compute: Compute, cases: Sequence[Case], places: Sequence[int]
) -> None:
    """Ask one detector about the items at these places, and note its answers in their cases."""
    whole = len(places) == len(items)
    answer = compute(spec.name, items if whole else items[list(places)]).to_dict(as_series=False)
    read = [
        name for name in (spec.column(one.name) for one in spec.fields) if name in cases[places[0]].values
    ]
    types = {spec.column(one.name): one.type for one in spec.fields}
    failures = answer.get(spec.failure_column, [None] * len(places))
    for row, place in enumerate(places):
        case = cases[place]
        case.statuses[spec.name] = answer[spec.status_column][row]
        case.failures[spec.name] = failures[row]
        for name in read:
            case.values[name] = clean_value(answer[name][row], types[name])
        if spec.paid is not None:
            case.paid[spec.name] = answer[spec.column(spec.paid)][row] or 0.0


def _ask_for_scores(
    strategy: Strategy,
    specs: Mapping[str, DetectorSpec],
    items: pl.DataFrame,
    compute: Compute,
    cases: Sequence[Case],
) -> None:
    """Ask for missing signals to which audit plans are proportional, as the cascade does last."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        if case.pending is not None:
            continue  # nothing is decided that could be audited
        plan = case.rule.audit if case.rule is not None else strategy.audit
        if plan.proportional_to is not None:
            detector = plan.proportional_to.partition(".")[0]
            if case.statuses[detector] == SignalStatus.SKIPPED:
                wanted[detector].append(place)
    for detector, places in wanted.items():
        _ask(specs[detector], items, compute, cases, places)


def decision_record(
    strategy: Strategy, case: Case, catalog: Catalog, *, arm: str = "current", ladder: Ladder | None = None
) -> dict[str, str | float | None]:
    """The decision on one case: what `decisions_frame` has for it, but for item_id and the audit columns.

    Raises:
        ValueError: the case is open.
    """
    if case.pending is not None:
        raise ValueError(f"nothing is decided yet: '{case.pending}' has not answered")
    rule = case.rule
    computed = [name for name, status in case.statuses.items() if status == SignalStatus.COMPUTED]
    known = {name for name, status in case.statuses.items() if status in KNOWN}
    failed = {
        name: case.failures.get(name)
        for name, status in case.statuses.items()
        if status == SignalStatus.FAILED
    }
    values = {name: value for name, value in case.values.items() if name.partition(".")[0] in known}
    specs = [catalog.detectors[name] for name in computed]
    return {
        "strategy": strategy.name,
        "strategy_version": strategy.label,
        "arm": arm,
        "action": (ladder or strategy.ladder).review if rule is None else rule.then,
        "rule": None if rule is None else rule.id,
        "policy": None if rule is None else rule.policy,
        "queue": None if rule is None else rule.queue,
        "escalate": None if rule is None else rule.escalate,
        "reason": FAILED_PREFIX + ", ".join(case.failed) if rule is None else BY_RULE,
        "failure": orjson.dumps(failed).decode() if failed else None,
        "values": orjson.dumps(values).decode(),
        "detectors": orjson.dumps({spec.name: spec.version for spec in specs}).decode(),
        "cost_ms": sum(spec.cost_ms for spec in specs),
        "cost_money": declared_money(specs) + sum(case.paid.values()),
    }
