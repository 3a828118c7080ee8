"""Root causes: are planted ones among the first ten, and how often is one found where there is none?

Errors are drawn anew on real posts: 4 % everywhere, and 2–5 times that in one planted slice of 0.5–5 % of the
items. It counts as found where one of the ten slices told has a Jaccard overlap of at least 0.5 with it.
`python -m benchmarks.measure.bench_causes [plants] [permuted reports] [of sliceline] [items]` prints the
tables of docs/measurement/root-causes.md. Needs the folder TIDEGATE_DATA.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from benchmarks.data import DATA
from benchmarks.figure import Figure
from benchmarks.measure.causes_rival import sliceline_slices
from benchmarks.measure.causes_world import Members, Plant, World, errors, plants, world
from tidegate.measure.causes.choose import choose
from tidegate.measure.causes.finding import lift_limits
from tidegate.measure.causes.search import Slices, candidates
from tidegate.measure.causes.significance import luck

ITEMS = 10_000
PLANTS, REPORTS, OF_SLICELINE = 40, 40, 4
"""Enough for `make bench`; the tables in the docs are of 200, 3,000 and 40."""
PERMUTATIONS = 400
LEVEL = 0.025
"""A report searches twice, for leakage and for overkill, and its 5 % are shared by the two."""
ACTIONED, OVERKILL = 0.2, 0.1
"""Of a permuted report: the share of the items that are actioned, and of these the share that are fine."""
TOLD, OVERLAP = 10, 0.5


@dataclass(frozen=True)
class Trial:
    """One plant, searched for: its rank among the slices told (None where it is not), and whether proven.

    `covered`: whether the interval of the slice that found it holds that slice's true lift.
    """

    plant: Plant
    rank: int | None
    proven: bool
    covered: bool | None
    seconds: float


def tried(slices: Slices, plant: Plant, seed: int) -> Trial:
    wrong = errors(plant, np.random.default_rng(seed))
    start = time.process_time()
    even = np.zeros(len(wrong), dtype=np.intp)
    chance = luck(slices, wrong, even, permutations=PERMUTATIONS, confidence=1 - LEVEL, seed=seed)
    chosen = choose(slices, wrong, even, chance, most=TOLD)
    seconds = time.process_time() - start
    for rank, one in enumerate(chosen, start=1):
        inside = members(slices, one.number)
        if jaccard(inside, plant.members) >= OVERLAP:
            low, high = lift_limits(inside, wrong, np.ones(len(wrong)), chance.critical)
            rate = np.where(plant.members, plant.uplift, 1.0)
            lift = rate[inside].mean() / rate.mean()
            return Trial(plant, rank, one.p_value <= LEVEL, low <= lift <= high, seconds)
    return Trial(plant, None, False, None, seconds)


def false_alarms(of: World, plant: Plant, reports: int) -> list[tuple[bool, bool]]:
    """Whether anything is proven of permuted leakage and of permuted overkill, per report."""
    actioned = np.random.default_rng(2).random(len(of.fields)) < ACTIONED
    passed_slices, actioned_slices = (candidates(of.where(part).clauses) for part in (~actioned, actioned))
    leaks = errors(plant, np.random.default_rng(3))[~actioned]
    fine = np.random.default_rng(4).random(int(actioned.sum())) < OVERKILL
    return [
        (_alarm(passed_slices, leaks, [2, seed]), _alarm(actioned_slices, fine, [3, seed]))
        for seed in range(reports)
    ]


def _alarm(slices: Slices, wrong: Members, seed: list[int]) -> bool:
    wrong = np.random.default_rng(seed).permutation(wrong)
    even = np.zeros(len(wrong), dtype=np.intp)
    chance = luck(slices, wrong, even, permutations=PERMUTATIONS, confidence=1 - LEVEL, seed=seed[1])
    return any(one.p_value <= LEVEL for one in choose(slices, wrong, even, chance, most=1))


def members(slices: Slices, number: int) -> Members:
    return np.asarray(slices.members[:, [number]].toarray()[:, 0] > 0)


def jaccard(one: Members, other: Members) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def rival(of: World, planted: Sequence[Plant]) -> list[tuple[bool, float]]:
    """Whether sliceline finds each plant among its first ten, and the seconds; empty where it is missing."""
    found = []
    for seed, plant in enumerate(planted):
        start = time.process_time()
        told = sliceline_slices(of, errors(plant, np.random.default_rng(seed)), TOLD)
        if told is None:
            return []
        hit = any(jaccard(one, plant.members) >= OVERLAP for one in told)
        found.append((hit, time.process_time() - start))
    return found


def grouped(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    groups = {"all": list(trials)}
    for kind in dict.fromkeys(one.plant.kind for one in trials):
        groups[kind] = [one for one in trials if one.plant.kind == kind]
    for low, high in ((0.5, 1), (1, 2), (2, 5)):
        of = [t for t in trials if low <= 100 * t.plant.members.mean() < high + 0.1 * (high == 5)]
        groups[f"{low:g}–{high:g} % of the items"] = of
    for less, more in ((2, 3), (3, 4), (4, 5)):
        groups[f"uplift {less}–{more}"] = [t for t in trials if less <= t.plant.uplift < more]
    return {name: of for name, of in groups.items() if of}


def percent(hits: Sequence[bool | None]) -> float:
    return 100 * float(np.mean([bool(hit) for hit in hits])) if hits else 0.0


def limits(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval in percent."""
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return 100 * float(low), 100 * float(high)


def run() -> Iterator[Figure]:
    if not DATA.exists():
        return
    of = world(ITEMS)
    slices, planted = candidates(of.clauses), plants(of, PLANTS)
    trials = [tried(slices, plant, seed) for seed, plant in enumerate(planted)]
    name = f"causes: {ITEMS:,} items, {len(slices.sizes):,} slices"
    yield Figure(f"{name}, a search", float(np.median([one.seconds for one in trials])), "seconds")
    for group, part in grouped(trials).items():
        found = percent([one.rank is not None for one in part])
        yield Figure(f"{name}, planted, among ten, {group} ({len(part)})", found, "%")
    alarms = false_alarms(of, planted[0], REPORTS)
    yield Figure(f"{name}, {REPORTS} permuted reports, false alarms", percent([any(a) for a in alarms]), "%")
    beside = rival(of, planted[:OF_SLICELINE])
    if beside:
        ours = percent([one.rank is not None for one in trials[:OF_SLICELINE]])
        theirs = percent([hit for hit, _ in beside])
        said = f"{name}, the first {OF_SLICELINE} plants, among ten"
        yield Figure(said, ours, "%", "sliceline", ours / theirs if theirs else None)
        yield Figure(f"{said}, sliceline", theirs, "%")


def tables(number: int, reports: int, of_sliceline: int, items: int) -> Iterator[str]:
    """The tables of the docs page, line by line."""
    of = world(items)
    start = time.process_time()
    slices = candidates(of.clauses)
    counted = time.process_time() - start
    planted = plants(of, number)
    trials = [tried(slices, plant, seed) for seed, plant in enumerate(planted)]
    yield f"{items:,} posts, {len(of.clauses.clauses):,} clauses, {len(slices.sizes):,} slices"
    yield "| causes | number | among ten | first | proven |"
    yield "| --- | --- | --- | --- | --- |"
    for name, part in grouped(trials).items():
        hits = ([t.rank is not None for t in part], [t.rank == 1 for t in part], [t.proven for t in part])
        yield f"| {name} | {len(part)} | " + " | ".join(f"{percent(hit):.0f} %" for hit in hits) + " |"
    held = [one.covered for one in trials if one.covered is not None]
    yield f"The lift's interval held the true lift in {sum(held)} of {len(held)} cases."
    spent = float(np.median([one.seconds for one in trials]))
    yield f"Seconds of one core: {counted:.1f} to count the slices, {spent:.1f} to search them."
    beside = rival(of, planted[:of_sliceline])
    if beside:
        yield from _beside(trials[:of_sliceline], beside)
    if reports:
        yield from _alarms(false_alarms(of, planted[0], reports))


def _beside(trials: Sequence[Trial], beside: Sequence[tuple[bool, float]]) -> Iterator[str]:
    yield "| causes | number | tidegate | sliceline |"
    yield "| --- | --- | --- | --- |"
    kinds = [one.plant.kind for one in trials]
    for kind in ("all", *dict.fromkeys(kinds)):
        of = [at for at, its in enumerate(kinds) if kind in ("all", its)]
        ours, theirs = (
            percent([trials[at].rank is not None for at in of]),
            percent([beside[at][0] for at in of]),
        )
        yield f"| {kind} | {len(of)} | {ours:.0f} % | {theirs:.0f} % |"
    yield f"sliceline: {np.median([seconds for _, seconds in beside]):.1f} seconds each."


def _alarms(alarms: Sequence[tuple[bool, bool]]) -> Iterator[str]:
    yield "| permuted errors | reports | false alarms | 95 % interval |"
    yield "| --- | --- | --- | --- |"
    leakage, overkill = zip(*alarms, strict=True)
    searches = {"either search": [any(one) for one in alarms], "leakage": leakage, "overkill": overkill}
    for name, hits in searches.items():
        low, high = limits(sum(hits), len(hits))
        yield f"| {name} | {len(hits):,} | {sum(hits)} ({percent(hits):.1f} %) | {low:.1f}–{high:.1f} % |"


if __name__ == "__main__":
    asked = [int(one) for one in sys.argv[1:]]
    for line in tables(*asked, *(PLANTS, REPORTS, OF_SLICELINE, ITEMS)[len(asked) :]):
        print(line, flush=True)
