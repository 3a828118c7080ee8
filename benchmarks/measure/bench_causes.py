"""Root causes: are planted ones among the first ten, and how often is one found where there is none?

Errors are drawn anew on real posts: 4 % everywhere, and 2–5 times that in one planted slice of 0.5–5 % of the
items. It counts as found where one of the ten slices told has a Jaccard overlap of at least 0.5 with it.
`python -m benchmarks.measure.bench_causes [plants] [permuted runs] [of sliceline]` prints the tables of
docs/measurement/root-causes.md. Needs the folder TIDEGATE_DATA.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.figure import Figure
from benchmarks.measure.causes_rival import sliceline_slices
from benchmarks.measure.causes_world import Members, Plant, World, errors, plants, world
from tidegate.measure.causes.choose import choose
from tidegate.measure.causes.finding import excess, share_limits
from tidegate.measure.causes.search import Slices, candidates
from tidegate.measure.causes.significance import luck

ITEMS = (10_000, 20_000)
PLANTS, RUNS, OF_SLICELINE = 200, 400, 10
PERMUTATIONS = 200
TOLD, OVERLAP = 10, 0.5


@dataclass(frozen=True)
class Trial:
    """One plant, searched for: its rank among the slices told (None where it is not), and whether proven."""

    plant: Plant
    rank: int | None
    proven: bool
    covered: bool | None
    seconds: float


def tried(slices: Slices, plant: Plant, seed: int) -> Trial:
    """`covered`: whether the interval of the slice that found it holds that slice's true lift."""
    wrong = errors(plant, np.random.default_rng(seed))
    start = time.process_time()
    even = np.zeros(len(wrong), dtype=np.intp)
    chance = luck(slices, wrong, even, permutations=PERMUTATIONS, seed=seed)
    chosen = choose(slices, wrong, even, chance, most=TOLD)
    seconds = time.process_time() - start
    for rank, one in enumerate(chosen, start=1):
        inside = members(slices, one.number)
        if jaccard(inside, plant.members) >= OVERLAP:
            share, of_errors = excess(inside, wrong, np.ones(len(wrong)))
            low, high = share_limits(of_errors, float(wrong.sum()), chance.critical)
            rate = np.where(plant.members, plant.uplift, 1.0)
            lift = rate[inside].mean() / rate.mean()
            return Trial(plant, rank, one.p_value <= 0.05, low <= lift * share <= high, seconds)
    return Trial(plant, None, False, None, seconds)


def false_alarms(slices: Slices, plant: Plant, runs: int) -> float:
    """How often something is proven once the errors have been permuted."""
    alarms = 0
    for seed in range(runs):
        rng = np.random.default_rng([2, seed])
        wrong = rng.permutation(errors(plant, rng))
        even = np.zeros(len(wrong), dtype=np.intp)
        chance = luck(slices, wrong, even, permutations=PERMUTATIONS, seed=seed)
        first = choose(slices, wrong, even, chance, most=1)
        alarms += bool(first) and first[0].p_value <= 0.05
    return alarms / runs


def members(slices: Slices, number: int) -> Members:
    return np.asarray(slices.members[:, [number]].toarray()[:, 0] > 0)


def jaccard(one: Members, other: Members) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def rival(of: World, planted: Sequence[Plant]) -> list[tuple[bool, float]] | None:
    """Whether sliceline finds each plant among its first ten, and the seconds; None where it is missing."""
    found = []
    for seed, plant in enumerate(planted):
        start = time.process_time()
        told = sliceline_slices(of, errors(plant, np.random.default_rng(seed)), TOLD)
        if told is None:
            return None
        hit = any(jaccard(one, plant.members) >= OVERLAP for one in told)
        found.append((hit, time.process_time() - start))
    return found


def run() -> Iterator[Figure]:
    yield from measured(PLANTS, RUNS, OF_SLICELINE)


def measured(number: int, runs: int, of_sliceline: int) -> Iterator[Figure]:
    if "TIDEGATE_DATA" not in os.environ:
        return
    for items in ITEMS:
        of = world(items)
        start = time.process_time()
        slices = candidates(of.clauses)
        searched = time.process_time() - start
        planted = plants(of, number)
        trials = [tried(slices, plant, seed) for seed, plant in enumerate(planted)]
        name = f"causes: {items:,} items"
        yield Figure(f"{name}, slices searched", len(slices.sizes), "slices")
        yield Figure(f"{name}, seconds of a search", searched + trials[0].seconds, "seconds")
        yield from _recall(name, trials)
        yield Figure(f"{name}, false alarms of {runs}", 100 * false_alarms(slices, planted[0], runs), "%")
        if of_sliceline and items == ITEMS[0]:
            beside = rival(of, planted[:of_sliceline])
            if beside is not None:
                ours = 100 * np.mean([one.rank is not None for one in trials[:of_sliceline]])
                theirs = 100 * np.mean([hit for hit, _ in beside])
                yield Figure(f"{name}, the first {of_sliceline} plants, ours", float(ours), "%")
                yield Figure(f"{name}, the first {of_sliceline} plants, sliceline", float(theirs), "%")
                yield Figure(f"{name}, sliceline", float(np.median([s for _, s in beside])), "seconds")


def _recall(name: str, trials: Sequence[Trial]) -> Iterator[Figure]:
    groups = {"all": trials}
    for kind in dict.fromkeys(one.plant.kind for one in trials):
        groups[kind] = [one for one in trials if one.plant.kind == kind]
    for low, high in ((0.005, 0.01), (0.01, 0.02), (0.02, 0.051)):
        groups[f"size {low:.1%}–{high:.1%}"] = [t for t in trials if low <= t.plant.members.mean() < high]
    for less, more in ((2, 3), (3, 4), (4, 5)):
        groups[f"uplift {less}–{more}"] = [t for t in trials if less <= t.plant.uplift < more]
    for group, of in groups.items():
        if of:
            for said, hits in (
                ("among ten", [one.rank is not None for one in of]),
                ("first", [one.rank == 1 for one in of]),
                ("proven", [one.proven for one in of]),
            ):
                yield Figure(f"{name}, {group} ({len(of)}), {said}", 100 * float(np.mean(hits)), "%")
    covered = [one.covered for one in trials if one.covered is not None]
    yield Figure(f"{name}, lift within its interval", 100 * float(np.mean(covered)), "%")


if __name__ == "__main__":
    asked = [int(one) for one in sys.argv[1:]] + [PLANTS, RUNS, OF_SLICELINE][len(sys.argv) - 1 :]
    for figure in measured(*asked):
        print(f"| {figure.name.removeprefix('causes: ')} | {figure.value:,.1f} {figure.unit} |", flush=True)
