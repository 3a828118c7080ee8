"""Gates played over and over on arms whose error is known; the engine's own evidence, many paths at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.measure.gate_rivals import beta_mixture, learning_bets, stops
from tidegate.measure import proportional
from tidegate.measure.gates import Criterion, GateSettings, Reviewers
from tidegate.measure.gates.evidence import CHECKPOINTS, Evidence
from tidegate.measure.gates.forecast import Answers, play
from tidegate.measure.gates.late import courses, today
from tidegate.measure.gates.ratio import log_evidence
from tidegate.measure.gates.scale import stakes

Floats = npt.NDArray[np.float64]
Steps = Iterator[tuple[Floats, Floats]]

LIMITS = {0.05: 145, 0.02: 378, 0.01: 765}
"""Each limit with ln 20 / KL(twice the limit ‖ limit)."""

LIFE = 10
"""A gate is followed for so many times the physical limit."""


@dataclass(frozen=True)
class Trial:
    """What became of the gates; `launched_late`: after the change, and after the memory has passed too."""

    gate: str
    arm: str
    answers: Answers
    least: int | None = None
    changes: int = 0
    memory: int = 0

    @property
    def launched(self) -> float:
        """Share that advanced; where the arm changes, after the change and before a roll back."""
        return float((np.isfinite(self.answers.advance) & (self.answers.advance > self.changes)).mean())

    @property
    def launched_late(self) -> float:
        after = self.changes + self.memory * (1 + 1 / CHECKPOINTS)
        return float((np.isfinite(self.answers.advance) & (self.answers.advance > after)).mean())

    @property
    def rolled_back(self) -> float:
        return float(np.isfinite(self.answers.roll_back).mean())

    @property
    def median_advance(self) -> float:
        return float(np.median(self.answers.advance))

    @property
    def median_roll_back(self) -> float:
        """Labels from the change on."""
        return float(np.median(self.answers.roll_back)) - self.changes


def steady(rng: np.random.Generator, paths: int, limit: float, times: float) -> Trial:
    """An arm whose error is always `times` the limit; every drawn item had the same probability."""
    least = LIMITS[limit]
    answers = _play(
        Criterion("overkill_rate", limit), paths, _coins(rng, paths, _rates(limit * times, LIFE * least))
    )
    return Trial(f"{limit:.0%}", f"{limit * times:.2%}", answers, least if times == 2 else None)


def drift(rng: np.random.Generator, paths: int, limit: float, before: float) -> Trial:
    """An arm whose error goes from `before` times the limit to twice the limit, halfway."""
    least = LIMITS[limit]
    change = LIFE * least // 4
    rates = _rates(limit * before, change), _rates(2 * limit, LIFE * least)
    criterion = Criterion("overkill_rate", limit)
    answers = _play(criterion, paths, _coins(rng, paths, np.concatenate(rates)), after_advance=True)
    arm = f"{limit * before:.2%}, from label {change + 1:,} on {2 * limit:.0%}"
    return Trial(f"{limit:.0%}", arm, answers, least, change, stakes(criterion, 20).memory)


def weighted(rng: np.random.Generator, paths: int, times: float, limit: float = 0.02) -> Trial:
    """Labels drawn in proportion to a score that knows something (AUC 0.9 or so) of the error."""
    people = 200_000
    error = rng.random(people) < limit * times
    score = np.exp(1.8 * (rng.normal(size=people) + 1.8 * error))
    p = proportional(score, None, people * 0.02, 0.01)
    chance, a = p / p.sum(), p.min() / p
    ends = np.cumsum(chance)

    def steps() -> Steps:
        for _ in range(4_000):
            drawn = np.searchsorted(ends[:-1], rng.random(paths), side="right")
            yield error[drawn].astype(np.float64), a[drawn]

    criterion = Criterion("leakage_rate", limit)
    answers = _play(criterion, paths, steps(), mean_weight=float((chance * a).sum()))
    return Trial(f"{limit:.0%}, by score", f"{error.mean():.2%}", answers)


def noisy(rng: np.random.Generator, paths: int, times: float, limit: float = 0.02) -> Trial:
    """Reviewers of sensitivity 0.85 and specificity 0.995, known to within 0.80–0.90 and 0.99–1."""
    rate = limit * times
    criterion = Criterion("leakage_rate", limit, reviewers=Reviewers((0.80, 0.90), (0.99, 1.0)))
    shown = rate * 0.85 + (1 - rate) * 0.005
    answers = _play(criterion, paths, _coins(rng, paths, _rates(shown, 6_000)))
    return Trial(f"{limit:.0%}, fallible", f"{rate:.2%}", answers)


def paired(rng: np.random.Generator, paths: int, balance: float) -> Trial:
    """Disagreements: half are errors of either strategy, of these `balance` are errors of the arm."""

    def steps() -> Steps:
        for _ in range(2_000):
            error = rng.random(paths) < 0.5
            yield np.where(error, (rng.random(paths) < balance).astype(np.float64), 0.5), np.ones(paths)

    criterion = Criterion("overkill_change", 0.0, share=0.03, net=0.0)
    name = f"{balance:.0%} of errors on disagreements"
    return Trial("change 0", name, _play(criterion, paths, steps()))


def rivals(rng: np.random.Generator, paths: int, limit: float) -> dict[str, tuple[float, float, float]]:
    """Of each test for roll back: false ones at the limit, and median labels to stop a doubled error, at once
    and after a change from half the limit."""
    least = LIMITS[limit]
    change = LIFE * least // 4
    good, bad = _rates(limit / 2, change), _rates(2 * limit, LIFE * least)
    worlds = (_rates(limit, LIFE * least), bad, np.concatenate([good, bad]))

    def labels(rates: Floats) -> Iterator[Floats]:
        return (x for x, _ in _coins(rng, paths, rates))

    def ours(rates: Floats) -> Floats:
        criterion = Criterion("overkill_rate", limit)
        return _play(criterion, paths, _coins(rng, paths, rates), after_advance=True).roll_back

    tests: dict[str, Callable[[Floats], Floats]] = {
        "the gate": ours,
        "beta-binomial mixture": lambda rates: stops(beta_mixture(labels(rates), paths, limit), paths),
        "bets that learn": lambda rates: stops(learning_bets(labels(rates), paths, limit), paths),
    }
    found = {}
    for name, test in tests.items():
        false, at_once, changed = (test(rates) for rates in worlds)
        delay = float(np.median(changed)) - change
        found[name] = float(np.isfinite(false).mean()), float(np.median(at_once)), delay
    return found


def late(rng: np.random.Generator, paths: int, limit: float = 0.05) -> tuple[float, float]:
    """False launches where labels of errors take ten times as long: ours, and counting what has come."""
    n, every = 600, 20
    x = (rng.random((paths, n)) < limit).astype(np.float64)
    comes = np.arange(n) + rng.exponential(np.where(x == 1, 200.0, 20.0))
    plan = stakes(Criterion("overkill_rate", limit), 20)
    ours = naive = np.zeros(paths, dtype=bool)
    order = np.argsort(comes, axis=1)
    as_they_come = courses(plan, np.take_along_axis(x, order, axis=1), np.ones((paths, n)))[1]
    for look in range(every, n + 1, every):
        there = np.where(comes[:, :look] <= look, x[:, :look], np.nan)
        advance = courses(plan, there, np.ones((paths, look)))[1]
        best = today(plan, np.isnan(there), advance)
        ours = ours | (np.take_along_axis(advance, best[:, None], axis=1)[:, 0] >= 20)
        counted = (comes <= look).sum(axis=1)
        naive = naive | (np.take_along_axis(as_they_come, counted[:, None], axis=1)[:, 0] >= 20)
    return float(ours.mean()), float(naive.mean())


def _play(
    criterion: Criterion, paths: int, steps: Steps, *, after_advance: bool = False, mean_weight: float = 1.0
) -> Answers:
    settings = GateSettings((criterion,))
    evidence = Evidence(stakes(criterion, settings.to_advance, mean_weight), paths)
    return play(evidence, steps, settings.to_advance, settings.to_roll_back, after_advance=after_advance)


def _rates(rate: float, labels: int) -> Floats:
    return np.full(labels, rate)


def _coins(rng: np.random.Generator, paths: int, rates: Floats) -> Steps:
    ones = np.ones(paths)
    for rate in rates:
        yield (rng.random(paths) < rate).astype(np.float64), ones


def mismatches(rng: np.random.Generator, paths: int) -> tuple[float, float]:
    """False mismatches over 200 looks at a right split, and the median items until 48 to 52 is found."""
    size = 500

    def evidence(share: float) -> Floats:
        arm = np.cumsum(rng.binomial(size, share, (paths, 200)), axis=1).astype(np.float64)
        total = size * np.arange(1, 201)
        return log_evidence(np.stack([arm, total - arm], axis=-1), np.array([0.5, 0.5]))

    def first(logs: Floats) -> Floats:
        over = logs >= np.log(100)
        return np.where(over.any(axis=1), size * (over.argmax(axis=1) + 1.0), np.inf)

    return float(np.isfinite(first(evidence(0.5))).mean()), float(np.median(first(evidence(0.48))))
