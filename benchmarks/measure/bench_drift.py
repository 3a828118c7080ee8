"""Drift: how often a report is wrong where nothing has changed, and how often it sees a change.

`python -m benchmarks.measure.bench_drift [REPORTS [NULL_REPORTS]]` prints the first table of
docs/measurement/drift.md. A report watches all items and six languages: scores, mix, override rates and
calibration of each. Risky items are drawn for audit more often than others.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import chi2, ks_2samp

from benchmarks.figure import Figure
from tidegate.measure.drift import (
    Check,
    calibration_drift,
    corrected,
    mix_drift,
    override_drift,
    score_drift,
)

ITEMS, LANGUAGES = 12_000, ("ar", "de", "en", "es", "pt", "zh")
RATE, RATE_OF_RISKY, RISKY = 0.1, 0.8, 0.1
LEVEL, AT_LEAST = 0.05, 0.01
PSI_ALARM = 0.2


@dataclass(frozen=True)
class World:
    """A window's items: `harm` violate, and `hidden` whatever their score; `off` is added to the chance that
    a score above `RISKY` promises."""

    harm: float = 0.02
    hidden: float = 0.0
    off: float = 0.0
    broken: bool = False
    shift: float = 0.0


@dataclass(frozen=True)
class Window:
    score: np.ndarray
    people: pl.DataFrame
    labels: pl.DataFrame


NOTHING = World()
CHANGES = {
    "nothing": NOTHING,
    "harm doubles": World(harm=0.04),
    "3 % of items violate, whatever their score": World(hidden=0.03),
    "scores move up by a tenth of a logit": World(shift=0.1),
    "a score promises 15 points too little": World(off=0.15),
    "the detector gives a constant in one language": World(broken=True),
}


def window(world: World, seed: int) -> Window:
    rng = np.random.default_rng(seed)
    language = rng.choice(LANGUAGES, ITEMS)
    risky = rng.random(ITEMS) < world.harm / 0.6
    logit = np.where(risky, rng.normal(1.0, 1.5, ITEMS), rng.normal(-5.0, 1.0, ITEMS)) + world.shift
    honest = 1 / (1 + np.exp(-logit))
    promised = np.where(risky, honest, honest / 2) + world.off * (honest > RISKY)
    violates = rng.random(ITEMS) < np.clip(promised, 0, 1)
    violates |= rng.random(ITEMS) < world.hidden
    score = np.where((language == "zh") & world.broken, 0.01, honest)
    chance = np.where(score > RISKY, RATE_OF_RISKY, RATE)
    audited = rng.random(ITEMS) < chance
    people = pl.DataFrame(
        {
            "item_id": [f"{seed}-{i}" for i in range(ITEMS)],
            "outcome": np.where(score > 0.8, "actioned", "passed"),
            "views": np.ones(ITEMS, np.int64),
            "audit_probability": chance,
            "audited": audited,
            "language": language,
        }
    )
    labels = people.select("item_id").with_columns(violates=pl.Series(violates)).filter(audited)
    return Window(score, people, labels)


def ours(before: Window, now: Window, at_least: float = AT_LEAST) -> bool:
    """The whole report, as `tidegate drift --by language` makes it."""
    checks: list[Check] = []
    for value in ("", *LANGUAGES):
        rows = [
            np.full(ITEMS, True) if not value else (one.people["language"] == value).to_numpy()
            for one in (before, now)
        ]
        old, new = before.score[rows[0]], now.score[rows[1]]
        checks += score_drift("score", old, new, value=value, at_least=at_least)
        answered = [_answered(one, mask) for one, mask in zip((before, now), rows, strict=True)]
        checks += calibration_drift("score", answered[0], answered[1], value=value, at_least=at_least)
    for name in ("outcome", "language"):
        old, new = (one.people[name].to_numpy().astype(str) for one in (before, now))
        checks += mix_drift(name, old, new, at_least=at_least)
    labelled = [(one.people, one.labels) for one in (before, now)]
    checks += override_drift(labelled[0], labelled[1], ["language"], at_least=at_least)
    return any(p is not None and p <= LEVEL for p in corrected([check.p for check in checks]))


def ours_of_anything(before: Window, now: Window) -> bool:
    """The same report, asked whether anything at all has changed."""
    return ours(before, now, at_least=0.0)


def _answered(one: Window, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    drawn = one.people["audited"].to_numpy()
    answers = np.zeros(ITEMS, bool)
    answers[drawn] = one.labels["violates"].to_numpy()
    rows = drawn & mask
    return one.score[rows], answers[rows], one.people["audit_probability"].to_numpy()[rows]


def plain_ks(before: Window, now: Window) -> bool:
    """A Kolmogorov–Smirnov test at 5 % per slice, as dashboards do."""
    return any(ks_2samp(old, new, method="asymp").pvalue <= LEVEL for old, new in _sliced(before, now))


def stability_index(before: Window, now: Window) -> bool:
    """The population stability index over ten bins of the reference, and its rule of 0.2."""
    return any(_psi(old, new) > PSI_ALARM for old, new in _sliced(before, now))


def hosmer_lemeshow(before: Window, now: Window) -> bool:
    """Hosmer and Lemeshow's chi-square of the labels now against the score, by ten bins of risk."""
    del before
    score, violates, _ = _answered(now, np.full(ITEMS, True))
    order = np.array_split(np.argsort(score, kind="stable"), 10)
    statistic = sum(
        (violates[rows].sum() - score[rows].sum()) ** 2
        / max(score[rows].sum() * (1 - score[rows].mean()), 1e-9)
        for rows in order
    )
    return float(chi2.sf(statistic, 10)) <= LEVEL


def _sliced(before: Window, now: Window) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield before.score, now.score
    for value in LANGUAGES:
        yield tuple(one.score[(one.people["language"] == value).to_numpy()] for one in (before, now))


def _psi(old: np.ndarray, new: np.ndarray) -> float:
    cuts = np.unique(np.quantile(old, np.linspace(0, 1, 11)[1:-1]))
    a, b = (
        np.maximum(np.bincount(np.searchsorted(cuts, x), minlength=len(cuts) + 1) / len(x), 1e-4)
        for x in (old, new)
    )
    return float(((b - a) * np.log(b / a)).sum())


JUDGES: dict[str, Callable[[Window, Window], bool]] = {
    "tidegate": ours,
    "tidegate, --at-least 0": ours_of_anything,
    "KS at 5 % per slice": plain_ks,
    "PSI above 0.2": stability_index,
    "Hosmer–Lemeshow at 5 %": hosmer_lemeshow,
}


def alarms(world: World, reports: int) -> dict[str, float]:
    """The share of reports that each judge flags."""
    found = dict.fromkeys(JUDGES, 0)
    for report in range(reports):
        before, now = window(NOTHING, 2 * report), window(world, 2 * report + 1)
        for name, judge in JUDGES.items():
            found[name] += judge(before, now)
    return {name: count / reports for name, count in found.items()}


def run() -> Iterator[Figure]:
    for name, world in CHANGES.items():
        for judge, share in alarms(world, 5).items():
            yield Figure(f"drift reports flagged: {name}, {judge}", share, "share")


def main(reports: int, null_reports: int) -> None:
    print(f"| what has changed | reports | {' | '.join(JUDGES)} |\n| --- | --- |{' --- |' * len(JUDGES)}")
    for name, world in CHANGES.items():
        # A false alarm is rarer than a change that is seen, and wants more reports to be counted.
        many = null_reports if world == NOTHING else reports
        cells = " | ".join(f"{share:.1%}" for share in alarms(world, many).values())
        print(f"| {name} | {many} | {cells} |", flush=True)


if __name__ == "__main__":
    given = [int(number) for number in sys.argv[1:]]
    main(given[0] if given else 40, given[1] if len(given) > 1 else 300)
