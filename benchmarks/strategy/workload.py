"""The rules and events that the strategy benchmarks share: thresholds and text tests over a dozen signals.

Rules are kept as data, so that each engine gets them in its own language, in the form that suits it best.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tidegate.strategy import Strategy, load_strategy
from tidegate.tables import Catalog, DetectorSpec, SignalField, SignalType

NUMBERS = [f"text.risk_{k}" for k in range(8)] + ["account.age_days", "item.views"]
TEXTS = ["item.market", "item.language"]
WORDS = {"item.market": ["US", "DE", "BR", "JP", "IN"], "item.language": ["en", "de", "pt", "ja", "zh"]}
ACTIONS = ["remove", "review", "label", "limit_reach"]


@dataclass(frozen=True)
class BenchRule:
    """`thresholds` are (signal, least value), `member` is (text signal, allowed values); AND joins all."""

    thresholds: tuple[tuple[str, float], ...]
    member: tuple[str, tuple[str, ...]] | None


def rules(count: int, seed: int = 7) -> list[BenchRule]:
    """Rules of two or three terms, strict enough that most events fall through most of them."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        names = chance.sample(NUMBERS[:8], 2)
        thresholds = tuple((name, round(chance.uniform(0.9, 0.99), 3)) for name in names)
        member = None
        if chance.random() < 0.5:
            signal = chance.choice(TEXTS)
            member = (signal, tuple(chance.sample(WORDS[signal], 2)))
        made.append(BenchRule(thresholds, member))
    return made


def catalog() -> Catalog:
    specs: dict[str, list[SignalField]] = {}
    for name in NUMBERS + TEXTS:
        detector, _, field = name.partition(".")
        kind = SignalType.NUMBER if name in NUMBERS else SignalType.TEXT
        specs.setdefault(detector, []).append(SignalField(field, kind, ""))
    return Catalog.of(*(DetectorSpec(name, "1", tuple(fields), 1.0) for name, fields in specs.items()))


def sql_condition(rule: BenchRule) -> str:
    terms = [f"{name} >= {least}" for name, least in rule.thresholds]
    if rule.member is not None:
        signal, words = rule.member
        terms.append(f"{signal} in ({', '.join(map(repr, words))})")
    return " and ".join(terms)


def strategy(each: list[BenchRule]) -> Strategy:
    lines = ["strategy: benchmark", "version: 1", "rules:"]
    for place, rule in enumerate(each):
        lines += [
            f"  - id: rule-{place}",
            f"    when: {sql_condition(rule)}",
            f"    then: {ACTIONS[place % 4]}",
        ]
        lines.append(f"    policy: policy-{place % 9}")
    lines += ["  - id: otherwise", "    then: allow"]
    return load_strategy("\n".join(lines), catalog=catalog())


def events(count: int, seed: int = 11) -> list[dict[str, float | str]]:
    """Events with a value for every signal, so that no engine's idea of null matters."""
    chance = random.Random(seed)
    return [
        {
            **{name: chance.random() for name in NUMBERS},
            **{name: chance.choice(WORDS[name]) for name in TEXTS},
        }
        for _ in range(count)
    ]
