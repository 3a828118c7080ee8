"""Row evaluation against the fastest rule engines on the package index, and against Python's own expressions.

The same rules and events on all sides, taken in turns within one run; each side answers per event with the
rule that decided, its action and its policy. The others get the whole strategy as one compiled expression
that gives the place of the deciding rule, which is the fastest form that each of them has.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import cel
import rule_engine
import zen
from benchmarks.figure import Figure
from benchmarks.strategy import workload
from benchmarks.strategy.workload import BenchRule

from tidegate.strategy import compile_row

EVENTS = 10_000
ROUNDS = 9
CEL_RULES = 20
"""The most rules of a part: CEL's parser nests no deeper than 96 levels."""
Event = dict[str, Any]
Answer = tuple[str, str, str | None]
Decide = Callable[[Event], Answer]


def flat(name: str) -> str:
    """A signal's name where dots mean something else."""
    return name.replace(".", "_")


def nested(rules: list[BenchRule], both: str, equals: str, either: str, quote: str = "'") -> str:
    """All rules as one conditional expression: the place of the first that matches, or their number."""
    text = str(len(rules))
    for place in range(len(rules) - 1, -1, -1):
        rule = rules[place]
        terms = [f"{flat(name)} >= {least}" for name, least in rule.thresholds]
        if rule.member is not None:
            signal, words = rule.member
            options = either.join(f"{flat(signal)} {equals} {quote}{word}{quote}" for word in words)
            terms.append(f"({options})")
        text = f"({both.join(terms)}) ? {place} : ({text})"
    return text


def python_source(rules: list[BenchRule]) -> str:
    """What somebody would write by hand: one function with an if per rule."""
    lines = ["def decide(event):"]
    for place, rule in enumerate(rules):
        terms = [f"event[{name!r}] >= {least}" for name, least in rule.thresholds]
        if rule.member is not None:
            terms.append(f"event[{rule.member[0]!r}] in {set(rule.member[1])!r}")
        lines += [f"    if {' and '.join(terms)}:", f"        return answers[{place}]"]
    return "\n".join([*lines, f"    return answers[{len(rules)}]"])


def python_expression(rules: list[BenchRule]) -> str:
    """The whole strategy as one of Python's own expressions over an event's names."""
    text = str(len(rules))
    for place in range(len(rules) - 1, -1, -1):
        rule = rules[place]
        terms = [f"{flat(name)} >= {least}" for name, least in rule.thresholds]
        if rule.member is not None:
            terms.append(f"{flat(rule.member[0])} in {set(rule.member[1])!r}")
        text = f"{place} if {' and '.join(terms)} else {text}"
    return text


def engines(rules: list[BenchRule]) -> dict[str, tuple[Decide, bool]]:
    """Each engine's function, and whether its events have flat names."""
    answers: list[Answer] = [
        (f"rule-{place}", workload.ACTIONS[place % 4], f"policy-{place % 9}") for place in range(len(rules))
    ]
    answers.append(("otherwise", "allow", None))

    evaluate = compile_row(workload.strategy(rules))

    def tidegate(event: Event) -> Answer:
        rule = evaluate.from_mapping(event)
        return rule.id, rule.then, rule.policy

    zen_expression = zen.compile_expression(nested(rules, " and ", "==", " or "))
    cel_parts = [
        (
            start,
            len(rules[start : start + CEL_RULES]),
            cel.compile(nested(rules[start : start + CEL_RULES], " && ", "==", " || ")),
        )
        for start in range(0, len(rules), CEL_RULES)
    ]

    def by_cel(event: Event) -> Answer:
        for start, size, program in cel_parts:
            place = program.execute(event)
            if place < size:
                return answers[start + place]
        return answers[-1]

    engine_rule = rule_engine.Rule(nested(rules, " and ", "==", " or "))
    code = compile(python_expression(rules), "<expression>", "eval")
    namespace: dict[str, Any] = {"answers": answers}
    exec(python_source(rules), namespace)
    return {
        "tidegate": (tidegate, False),
        "zen-engine": (lambda event: answers[int(zen_expression.evaluate(event))], True),
        "common-expression-language": (by_cel, True),
        "rule-engine": (lambda event: answers[int(engine_rule.evaluate(event))], True),
        "Python expression": (lambda event: answers[eval(code, {}, event)], True),
        "Python function": (namespace["decide"], False),
    }


def rates(rules: list[BenchRule], events: list[Event]) -> dict[str, float]:
    """Events per CPU second per engine: the median over rounds, every engine once in each round.

    CPU time, because a slice lasts a few milliseconds, and a busy machine may take the core away for as long.
    """
    sides = engines(rules)
    flattened = [{flat(name): value for name, value in event.items()} for event in events]
    expected = [sides["tidegate"][0](event) for event in events]
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, (decide, is_flat) in sides.items():
            given = flattened if is_flat else events
            if name == "rule-engine":
                given = given[: EVENTS // 50]
            started = time.process_time()
            found = [decide(event) for event in given]
            measured[name].append(len(given) / (time.process_time() - started))
            assert found == expected[: len(found)], f"{name} decides otherwise"
    return {name: statistics.median(each) for name, each in measured.items()}


def run() -> Iterator[Figure]:
    events = workload.events(EVENTS)
    for count in (10, 100):
        found = rates(workload.rules(count), events)
        ours = found.pop("tidegate")
        for name, rate in found.items():
            yield Figure(
                f"row, {count} rules", ours, "events per CPU second", against=name, ratio=ours / rate
            )
