"""When a gate will answer: the same gate, played on from today with labels like those that have come."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from tidegate.measure.gates.evidence import Evidence, Stakes

Floats = npt.NDArray[np.float64]


PATHS = 200
"""So a share is known to about ± 7 points."""

_IN_WORK = 8_000

Step = tuple[Floats, Floats]


@dataclass(frozen=True)
class Answers:
    """(paths,) the label after which each path advances, and rolls back; inf where it never does."""

    advance: Floats
    roll_back: Floats

    @property
    def first(self) -> Floats:
        return np.minimum(self.advance, self.roll_back)


def play(
    evidence: Evidence,
    steps: Iterable[Step],
    to_advance: float,
    to_roll_back: float,
    *,
    after_advance: bool = False,
) -> Answers:
    """Follow all paths, with a look after every label, until each is answered.

    Args:
        evidence: where the paths start; it is used up.
        steps: the next label of each path and its weight, (paths,) each, in [0, 1].
        after_advance: whether a path that has advanced is still watched, until it is rolled back.
    """
    paths = evidence.paths
    advance, roll_back = np.full(paths, np.inf), np.full(paths, np.inf)
    alive = np.arange(paths)
    coming, taken = iter(steps), 0
    # Few paths take many labels at once, many paths few: what is in work stays small either way.
    while len(alive) and (some := list(islice(coming, max(1, _IN_WORK // len(alive))))):
        x, a = np.stack([x[alive] for x, _ in some]), np.stack([a[alive] for _, a in some])
        up, down = evidence.take(x, x, a)
        broken, met = _first(up >= to_roll_back) + taken, _first(down >= to_advance) + taken
        taken += len(some)
        roll_back[alive] = broken
        launched = met < broken
        advance[alive[launched]] = np.minimum(advance[alive[launched]], met[launched])
        gone = np.isfinite(broken)
        if not after_advance:
            roll_back[alive[launched]] = np.inf
            gone |= launched
        if gone.any():
            alive = alive[~gone]
            evidence.keep(~gone)
    return Answers(advance, roll_back)


def _first(reached: npt.NDArray[np.bool_]) -> Floats:
    """(paths,) the first of the (labels, paths) where it is so, from 1; inf where none is."""
    return np.where(reached.any(axis=0), reached.argmax(axis=0) + 1.0, np.inf)


def futures(rng: np.random.Generator, x: Floats, a: Floats, paths: int, n: int) -> tuple[Floats, Floats]:
    """(paths, n) labels and weights that may come, by the Bayesian bootstrap (D. Rubin 1981).

    Half an error and half a non-error of full weight are added to the labels that have come. For labels of
    0 and 1 of equal weight each path's rate is then a draw from Jeffreys' posterior, Beta(errors + ½, others
    + ½).
    """
    kinds, times = np.unique(
        np.concatenate([np.stack([x, a]), [[0.0, 1.0], [1.0, 1.0]]], axis=1), axis=1, return_counts=True
    )
    mass = times.astype(np.float64)
    for value in (0.0, 1.0):
        mass[(kinds[0] == value) & (kinds[1] == 1.0)] -= 0.5
    shares = rng.standard_gamma(mass, (paths, len(mass)))
    # Gammas of shape ½ alone may both come out as 0.
    ends = np.cumsum(shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300), axis=1)
    picks = np.empty((paths, n), dtype=np.int64)
    for path in range(paths):
        picks[path] = np.searchsorted(ends[path, :-1], rng.random(n), side="right")
    return kinds[0][picks], kinds[1][picks]


def forecast_paths(
    stakes: Stakes, x: Floats, a: Floats, *, within: int, to_advance: float, to_roll_back: float, seed: int
) -> Answers:
    """Futures of a gate that has seen (n,) labels x of weights a, and has not answered.

    Labels to come are drawn by `futures` (D. Rubin 1981). The past is read as if nothing were awaited: a
    forecast may be wrong, and decides nothing.
    """
    rng = np.random.default_rng(seed)
    start = Evidence(stakes)
    start.take(x[:, None], x[:, None], a[:, None])
    start.keep(np.zeros(PATHS, dtype=np.int64))
    labels, weights = futures(rng, x, a, PATHS, within)
    return play(start, zip(labels.T, weights.T, strict=True), to_advance, to_roll_back)
