"""Audits over and over on populations whose truth is known: how often an interval holds, and how wide it is.

The audits run through the engine's own `cells`, `parts` and `limits`, without frames, so that thousands of
repetitions per setting are affordable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri

from tidegate.measure.cells import CERTAIN, Cell, Seen, Whole, band_of, cell
from tidegate.measure.designs import fixed_rate, proportional, risk_proportional, stratified
from tidegate.measure.hypergeometric import hypergeometric_limits
from tidegate.measure.limits import two_sided
from tidegate.measure.parts import Part, certainty, evidence, is_assisted, rate
from tidegate.measure.streaming import DAY, Budget, Stream, assign

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

ALPHA = 0.05
Z = float(ndtri(1 - ALPHA / 2))
FLOOR_SHARE = 0.5
"""Proportional designs keep a floor at this share of the fixed rate that would spend the same budget."""


@dataclass(frozen=True)
class World:
    """A finite population with its truth: (n,) labels, weights, audit probabilities, and scores if any."""

    y: Bools
    weight: Floats
    p: Floats
    score: Floats | None = None

    @property
    def truth(self) -> float:
        return float(self.weight[self.y].sum() / self.weight.sum())

    def part(self, rows: Bools) -> World:
        return World(self.y[rows], self.weight[rows], self.p[rows])

    def without_score(self) -> World:
        return replace(self, score=None)


@dataclass(frozen=True)
class Limits:
    """(repetitions,) lower and upper limits."""

    low: Floats
    high: Floats

    def coverage(self, truth: float) -> float:
        slack = 1e-9 * (1 + abs(truth))
        return float(np.mean((self.low <= truth + slack) & (truth <= self.high + slack)))

    @property
    def width(self) -> float:
        return float(np.mean(self.high - self.low))


def world(
    rng: np.random.Generator,
    n: int,
    prevalence: float,
    labels: float,
    design: float | None,
    *,
    views: bool,
    kind: str = "score",
    floor_share: float = FLOOR_SHARE,
    unknown: float = 0.0,
) -> World:
    """n items, audited at a fixed rate (None), by views (0), or by a calibrated score of that AUC.

    With a score, `kind` is "score" (in proportion to it), "risk" (to its root, floor chosen by the engine),
    "strata" (Neyman's allocation over five strata of it) or "stream" (item by item, to its root). A share
    `unknown` of the violations have the scores of fine items.
    """
    y = np.zeros(n, dtype=bool)
    y[: max(1, round(n * prevalence))] = True
    # Pareto of index 1.5: a tenth of the items has about half the views, and the variance is infinite.
    weight = np.ceil(10 * (1 + rng.pareto(1.5, n))) if views else np.ones(n)
    if design is None and views:
        return World(y, weight, fixed_rate(n, labels / n))
    floor = floor_share * labels / n
    if design == 0:
        return World(y, weight, proportional(weight, None, labels, floor))
    # Binormal scores: with equal variances AUC = Φ(d/√2).
    d = np.sqrt(2) * float(ndtri(design or 0.9))
    known = y & (np.arange(n) >= round(unknown * y.sum()))
    x = rng.normal(size=n) + d * known
    score = 1 / (1 + np.exp(-(np.log(prevalence / (1 - prevalence)) + d * x - d * d / 2)))
    if design is None:
        return World(y, weight, fixed_rate(n, labels / n), score)
    if kind == "risk":
        return World(y, weight, risk_proportional(score, None, labels), score)
    if kind == "strata":
        cuts = np.quantile(score, [0.5, 0.8, 0.95, 0.99])
        return World(y, weight, stratified(np.searchsorted(cuts, score), score, None, labels), score)
    if kind == "stream":
        return World(y, weight, streamed(rng, np.sqrt(score), labels, floor), score)
    return World(y, weight, proportional(score, None, labels, floor), score)


def streamed(rng: np.random.Generator, size: Floats, labels: float, least: float) -> Floats:
    """Five days of items in random order; a tenth of them come in half an hour of the third day."""
    days, burst = 5, len(size) // 10
    times = np.concatenate(
        [rng.uniform(0, days * DAY, len(size) - burst), rng.uniform(2.5 * DAY, 2.5 * DAY + 1800, burst)]
    )
    p = np.empty(len(size))
    order = rng.permutation(len(size))
    p[order], _ = assign(Stream(), Budget(labels / days, least), np.sort(times), size[order])
    return p


def audits(rng: np.random.Generator, world: World, repetitions: int) -> Iterator[Numbers]:
    """Poisson samples of the world, as positions, drawn by thinning samples of equal probability."""
    octave = np.floor(np.log2(world.p)).astype(int)
    groups = [(np.flatnonzero(octave == o), min(1.0, 2.0 ** (o + 1))) for o in np.unique(octave)]
    for _ in range(repetitions):
        drawn = []
        for members, top in groups:
            count = rng.binomial(len(members), top)
            candidates = members[rng.choice(len(members), count, replace=False, shuffle=False)]
            drawn.append(candidates[rng.random(count) * top < world.p[candidates]])
        yield np.concatenate(drawn)


def whole(world: World) -> Whole:
    """What is known of the population before any label."""
    a = world.weight / world.p
    band, sure = band_of(a / a.max()), world.p >= CERTAIN
    group, at = np.unique(2 * band + sure, return_inverse=True)
    heaviest = np.zeros(len(group))
    np.maximum.at(heaviest, at, a)
    return Whole(
        weight=np.bincount(at, world.weight),
        chance=np.bincount(at, world.p),
        heaviest=heaviest,
        sure=group % 2 == 1,
        items=len(a),
        audited=0,
        one_probability=bool(world.p.min() == world.p.max()),
        predicted=None
        if world.score is None
        else (
            float(world.weight @ world.score),
            float((a * world.score).max()),
        ),
    )


def audited_cells(world: World, samples: Iterable[Numbers]) -> list[Cell]:
    """The world as each of the samples shows it."""
    known = whole(world)
    return [
        cell(
            replace(known, audited=len(drawn)),
            Seen(
                world.y[drawn],
                world.weight[drawn],
                world.p[drawn],
                None if world.score is None else world.score[drawn],
            ),
            ALPHA,
        )
        for drawn in samples
    ]


def tidegate(parts: Sequence[Sequence[Part]]) -> Limits:
    """The engine's interval for each set of parts."""
    low, high = two_sided([evidence(one) for one in parts], ALPHA, 0.0, 1.0)
    least, most = two_sided([certainty(one) for one in parts], ALPHA, 0.0, 1.0)
    return Limits(np.maximum(low, least), np.minimum(high, most))


def rates(world: World, samples: Sequence[Numbers]) -> Limits:
    """The engine's interval for the rate of violation, as `estimate` gives it."""
    parts = [[Part(one, rate(1))] for one in audited_cells(world, samples)]
    if not (world.p == world.p[0]).all() or not (world.weight == 1).all():
        return tidegate(parts)
    exact = np.array(
        [_hypergeometric(one.cell.items, one.cell.labels, one.cell.found[1]) for (one,) in parts]
    )
    limits = exact.T / len(world.y)
    helped = [i for i, one in enumerate(parts) if is_assisted(one)]
    if helped:
        assisted = tidegate([parts[i] for i in helped])
        limits[:, helped] = assisted.low, assisted.high
    return Limits(*limits)


@cache
def _hypergeometric(items: int, labels: int, found: int) -> tuple[int, int]:
    return hypergeometric_limits(items, labels, found, ALPHA)


def clopper_pearson(found: Floats, labels: Floats) -> Limits:
    with np.errstate(invalid="ignore"):
        low = np.where(found == 0, 0.0, betaincinv(np.maximum(found, 0.5), labels - found + 1, ALPHA / 2))
        high = np.where(
            found == labels, 1.0, betaincinv(found + 1, np.maximum(labels - found, 0.5), 1 - ALPHA / 2)
        )
    return Limits(low, high)


def wilson(found: Floats, labels: Floats) -> Limits:
    share = found / labels
    middle = (share + Z * Z / (2 * labels)) / (1 + Z * Z / labels)
    half = Z * np.sqrt(share * (1 - share) / labels + Z * Z / (4 * labels**2)) / (1 + Z * Z / labels)
    return Limits(middle - half, middle + half)


def normal(world: World, samples: Sequence[Numbers]) -> Limits:
    """The usual interval: the Hájek estimate ± 1.96 linearised standard errors."""
    low, high = [], []
    for drawn in samples:
        a, y, p = world.weight[drawn] / world.p[drawn], world.y[drawn], world.p[drawn]
        size = a.sum()
        middle = (a * y).sum() / size if size else 0.5
        half = Z * np.sqrt((a * a * (1 - p) * (y - middle) ** 2).sum()) / size if size else 0.5
        low.append(middle - half)
        high.append(middle + half)
    return Limits(np.array(low), np.array(high))


def counts(world: World, samples: Sequence[Numbers]) -> tuple[Floats, Floats]:
    """(repetitions,) violations found, and labels."""
    return (
        np.array([world.y[drawn].sum() for drawn in samples], dtype=float),
        np.array([len(drawn) for drawn in samples], dtype=float),
    )
