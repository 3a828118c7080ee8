"""`tune` as users run it, from files to numbers: limits broken over fresh runs, and its speed.

Two strategies over two harms: three thresholds, and one in which a rule that reviews stands before the rule
that acts. `python -m benchmarks.measure.bench_tune [runs]` prints what the page shows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.bench_certificates import Score
from benchmarks.measure.tuning_world import Bools, Floats, scores, world
from tidegate.measure.certificates.limits import Limit
from tidegate.runs.tuning import tune

RUNS = 200
THREE = """strategy: three
version: 1
let: {hate: 0.97, spam: 0.97, review: 0.3}
rules:
  - {id: hate, when: "text.hate >= :hate", then: remove}
  - {id: spam, when: "text.spam >= :spam", then: remove}
  - {id: unsure, when: "greatest(text.hate, text.spam) >= :review", then: review}
  - {id: otherwise, then: allow}
"""
DESK_FIRST = """strategy: desk-first
version: 1
let: {remove: 0.97, review: 0.3}
rules:
  - {id: desk, when: "text.spam >= :review", then: review}
  - {id: sure, when: "text.hate >= :remove", then: remove}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""


@dataclass(frozen=True)
class Task:
    """A strategy of hate and spam, and which items it acts on: (scores, let: numbers) → (items,). What is
    neither acted on nor at `review` in either score passes."""

    strategy: str
    acts: Callable[[Mapping[str, Floats], Mapping[str, float]], Bools]


TASKS = {
    "3 thresholds": Task(THREE, lambda x, let: (x["hate"] >= let["hate"]) | (x["spam"] >= let["spam"])),
    "a reviewing rule first": Task(
        DESK_FIRST, lambda x, let: (x["hate"] >= let["remove"]) & (x["spam"] < let["review"])
    ),
}


def two_harms(rng: np.random.Generator, items: int) -> tuple[dict[str, Floats], Bools]:
    hate, spam = rng.random(items) < 0.1, rng.random(items) < 0.05
    return {"hate": scores(rng, hate, 0.98, 0.1), "spam": scores(rng, spam, 0.95, 0.05)}, hate | spam


def through_tune(task: Task, runs: int, items: int = 20_000, rate: float = 0.5) -> Score:
    """`tune` on fresh runs of one traffic: how often a limit is broken on a million further items, and how
    much is automated there; where nothing is certified nothing is broken, and the numbers stay."""
    overkill, leakage = Limit("overkill_rate", 0.05), Limit("leakage_rate", 0.02)
    signals, violates = two_harms(np.random.default_rng(0), 1_000_000)
    worst = np.maximum(signals["hate"], signals["spam"])
    broken, automated = 0, 0.0
    for seed in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            here = two_harms(np.random.default_rng(seed), items)
            # A seed of its own, so that who is labelled has nothing to do with who violates.
            made = world(Path(folder), task.strategy, *here, p=rate, seed=runs + seed)
            (found,) = tune(made.run, made.strategy, made.labels, [overkill, leakage])
        acted = task.acts(signals, found.strategy.let)
        passed = ~acted & (worst < found.strategy.let["review"])
        automated += float((acted | passed).mean()) / runs
        if found.certified:
            over = acted.any() and (~violates[acted]).mean() > overkill.at_most
            broken += bool(over or violates[passed].mean() > leakage.at_most)
    return Score(broken / runs, automated)


def speed(labels: int = 100_000) -> Iterator[Figure]:
    """`tune` over five thresholds and as many labels, files read and all, in time of the processor."""
    harms = {
        "hate": (0.98, 0.05),
        "sexual": (0.93, 0.02),
        "violence": (0.97, 0.03),
        "harassment": (0.9, 0.02),
    }
    rng = np.random.default_rng(5)
    truths = {harm: rng.random(labels) < share for harm, (_, share) in harms.items()}
    signals = {harm: scores(rng, truths[harm], *harms[harm]) for harm in harms}
    signals["max_risk"] = np.max(list(signals.values()), axis=0)
    lines = ["strategy: five", "version: 1", "let:", *(f"  {harm}: 0.97" for harm in harms), "  review: 0.5"]
    lines += ["rules:", *(f"  - {{id: {h}, when: text.{h} >= :{h}, then: remove}}" for h in harms)]
    lines += ["  - {id: unsure, when: text.max_risk >= :review, then: review}", "  - {id: rest, then: allow}"]
    with tempfile.TemporaryDirectory() as folder:
        made = world(Path(folder), "\n".join(lines), signals, np.any(list(truths.values()), axis=0))
        limits = [Limit("overkill_rate", 0.05), Limit("leakage_rate", 0.02)]
        start = time.process_time()
        (found,) = tune(made.run, made.strategy, made.labels, limits)
        seconds = time.process_time() - start
        assert found.certified
    yield Figure("tune, 5 thresholds, 100,000 labels", seconds, "s of one core")


def run(runs: int = RUNS) -> Iterator[Figure]:
    for name, task in TASKS.items():
        score = through_tune(task, runs)
        yield Figure(f"tune, {name}, limits broken", score.broken, "of runs")
        yield Figure(f"tune, {name}, automated", score.automated, "of items")
    yield from speed()


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value:.3g} {figure.unit}", flush=True)
