"""Launch gates: wrong verdicts under a look after every label, and labels until a right one.

`python -m benchmarks.measure.bench_gates [paths]` prints the tables of docs/measurement/gates.md. The
physical limit is ln 20 / KL: no test at 5 % stops a known bad arm with fewer labels, on average (Wald 1945).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np
from scipy.stats import binom

from benchmarks.figure import Figure
from benchmarks.measure.gate_trials import (
    LIMITS,
    Trial,
    drift,
    late,
    mismatches,
    noisy,
    paired,
    rivals,
    steady,
    weighted,
)

PATHS = 10_000
SEED = 20261123


def trials(paths: int) -> Iterator[Trial]:
    rng = np.random.default_rng(SEED)
    for limit in LIMITS:
        for times in (0.5, 1.0, 1.1, 2.0):
            yield steady(rng, paths, limit, times)
    for limit in LIMITS:
        for before in (0.5, 0.9, 1.0):
            yield drift(rng, paths, limit, before)
    for times in (0.5, 1.0, 2.0):
        yield weighted(rng, paths, times)
    for times in (0.25, 1.0, 2.0):
        yield noisy(rng, paths, times)
    for balance in (0.35, 0.5, 0.65):
        yield paired(rng, paths, balance)


def run(paths: int = PATHS) -> Iterator[Figure]:
    rng = np.random.default_rng(SEED)
    for limit, least in LIMITS.items():
        name = f"gate at {limit:.0%}"
        start = time.process_time()
        edge = steady(rng, paths, limit, 1.0)
        seconds = (time.process_time() - start) * 10_000 / paths
        yield Figure(f"{name}: false launches, a look after every label", edge.launched, "of gates")
        yield Figure(f"{name}: false roll-backs", edge.rolled_back, "of gates")
        yield Figure(f"{name}: 10,000 gates of {10 * least:,} labels", seconds, "s")
        stop = steady(rng, paths, limit, 2.0).median_roll_back
        yield Figure(f"{name}: labels to stop a doubled error", stop, "labels", "ln 20 / KL", stop / least)
        turned = drift(rng, paths, limit, 1.0)
        yield Figure(f"{name}: error doubles halfway, caught", turned.rolled_back, "of gates")
    found = rivals(rng, max(paths // 5, 1), 0.05)
    ours = found.pop("the gate")
    for name, theirs in found.items():
        for what, one, other in zip(("at once", "after a change"), ours[1:], theirs[1:], strict=True):
            yield Figure(
                f"gate at 5%: labels to stop a doubled error, {what}", one, "labels", name, one / other
            )
    false, naive = late(rng, max(paths // 5, 1))
    yield Figure(
        "gate, slow labels of errors: false launches", false, "of gates", "counting what came", false / naive
    )


def table(paths: int) -> Iterator[str]:
    yield "| gate | arm | advanced | rolled back | median labels to advance | to roll back | ÷ ln 20 / KL |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    start = time.process_time()
    gates = 0
    for one in trials(paths):
        gates += paths
        ratio = f"{one.median_roll_back / one.least:.2f}" if one.least else "–"
        late_launch = f" ({one.launched_late:.2%} late)" if one.changes else ""
        yield (
            f"| {one.gate} | {one.arm} | {one.launched:.2%}{late_launch} | {one.rolled_back:.2%} "
            f"| {_labels(one.median_advance)} | {_labels(one.median_roll_back)} | {ratio} |"
        )
    seconds = time.process_time() - start
    yield ""
    yield f"{gates:,} gates in {seconds:.0f} s of one core: {seconds * 10_000 / gates:.1f} s for 10,000."
    rng = np.random.default_rng(SEED)
    yield ""
    yield "| test | limit | false roll-backs | doubled error | doubled after a change | ÷ ln 20 / KL |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for limit, least in LIMITS.items():
        for name, (false, at_once, changed) in rivals(rng, max(paths // 5, 1), limit).items():
            ratios = " and ".join(f"{one / least:.2f}" for one in (at_once, changed))
            yield f"| {name} | {limit:.0%} | {false:.2%} | {at_once:,.0f} | {_labels(changed)} | {ratios} |"
    yield ""
    ours, naive = late(rng, max(paths // 5, 1))
    yield f"Slow labels of errors: {ours:.2%} false launches; {naive:.2%} when counting what has come."
    yield f"Looking at an exact 95 % interval after every label: {peeking(rng, paths):.2%} false launches."
    false, found = mismatches(rng, paths)
    yield f"Traffic split: {false:.2%} false mismatches; 48 : 52 for 50 : 50 is found at {found:,.0f} items."


def peeking(rng: np.random.Generator, paths: int, limit: float = 0.05, n: int = 1450) -> float:
    """False launches where an exact one-sided test at 5 % is looked at after every label from the 30th on."""
    x = rng.random((paths, n)) < limit
    errors = np.cumsum(x, axis=1)
    # The largest number of errors at which the test rejects, for each number of labels.
    most = binom.ppf(0.05, np.arange(1, n + 1), limit) - 1
    return float((errors[:, 29:] <= most[29:]).any(axis=1).mean())


def _labels(median: float) -> str:
    return f"{median:,.0f}" if np.isfinite(median) else "–"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else PATHS):
        print(line, flush=True)
