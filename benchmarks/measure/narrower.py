"""Ways to a narrower interval that were tried and not taken: what each holds, and how wide it is.

`python -m benchmarks.measure.narrower [populations] [audits]` prints the table of coverage.md in
docs/measurement, on the line in which another interval that covers is narrower; populations are drawn anew.
`python -m benchmarks.measure.narrower savings [audits]` prints that of designs.md, on reaching the labels
saved with fewer labels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np

from benchmarks.measure.bench_coverage import active_inference, prediction_powered
from benchmarks.measure.bench_designs import ITEMS, simple_width
from benchmarks.measure.simulate import ALPHA, Floats, Limits, Numbers, World, audits, rates, world
from tidegate.measure import limits as engine
from tidegate.measure.planning import best_floor, binormal, expected_interval, filled

LINE = (100_000, 0.005, 2_000, 0.99)
"""Items, prevalence, labels and AUC of the line at issue."""
SAVED = ((0.005, 0.96, 2_000), (0.005, 0.96, 4_000), (0.005, 0.99, 4_000), (0.005, 0.99, 8_000))
BETS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])
CHI2 = 3.841458820694124
POWERS, FLOORS = (0.35, 0.5, 0.65, 0.8), (0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.9)

Way = Callable[[World, Sequence[Numbers]], Limits]


@contextmanager
def counting(unseen: float, blur: float) -> Iterator[None]:
    """The unseen item counts for otherwise; see `limits`."""
    with patch.object(engine, "UNSEEN", unseen), patch.object(engine, "BLUR", blur):
        yield


def ours(unseen: float = engine.UNSEEN, blur: float = engine.BLUR) -> Way:
    def way(people: World, samples: Sequence[Numbers]) -> Limits:
        with counting(unseen, blur):
            return rates(people, samples)

    return way


def empirical_likelihood(people: World, samples: Sequence[Numbers]) -> Limits:
    """Of weighted labels less what the score explains, by χ² (A. B. Owen 1988)."""
    assert people.score is not None
    mean = people.score.mean()
    found = []
    for drawn in samples:
        y, f, a = people.y[drawn].astype(float), people.score[drawn], 1 / people.p[drawn]
        v = a * (a - 1) / (a * (a - 1)).sum()
        slope = v @ ((f - v @ f) * (y - v @ y)) / (v @ (f - v @ f) ** 2)
        z = y - slope * (f - mean)
        middle = float(a @ z / a.sum())
        found.append((_edge(z, a, middle, middle - 0.01), _edge(z, a, middle, middle + 0.02)))
    return Limits(*np.array(found).T)


def _edge(z: Floats, a: Floats, inside: float, outside: float) -> float:
    for _ in range(25):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if _ratio(z, a, middle) < CHI2 else (inside, middle)
    return inside


def _ratio(z: Floats, a: Floats, mean: float) -> float:
    """−2 log of the empirical likelihood ratio of a mean, by Newton steps kept inside a bracket."""
    x = a * (z - mean)
    x = x / np.abs(x).max()
    if x.max() <= 0 or x.min() >= 0:
        return np.inf
    low, high, at = -1 / x.max() * (1 - 1e-9), -1 / x.min() * (1 - 1e-9), 0.0
    for _ in range(60):
        part = x / (1 + at * x)
        low, high = (at, high) if part.sum() > 0 else (low, at)
        following = at + part.sum() / (part @ part)
        following = following if low < following < high else (low + high) / 2
        if abs(following - at) < 1e-10:
            break
        at = following
    return float(2 * np.log1p(at * x).sum())


def betting(people: World, samples: Sequence[Numbers]) -> Limits:
    """Hedged capital on the weighted labels, constant bets mixed (I. Waudby-Smith and A. Ramdas 2024)."""
    least = people.p.min()
    scale = people.p.sum() / (len(people.y) * least)
    found = []
    for drawn in samples:
        x = people.y[drawn] * least / people.p[drawn]
        middle = float(x.mean())
        below, above = 1e-9, max(20 * middle, 0.05)
        found.append([scale * _not_refuted(x, middle, end) for end in (below, above)])
    return Limits(*np.array(found).T)


def _not_refuted(x: Floats, inside: float, outside: float) -> float:
    """The mean farthest towards `outside` against which no bet has made 2 / alpha."""
    side, hits, fine = (1 if outside < inside else -1), x[x > 0], int((x == 0).sum())
    for _ in range(30):
        mean = (inside + outside) / 2
        bets = side * BETS / (mean if side > 0 else 1 - mean)
        logs = np.log1p(bets[:, None] * (hits - mean)).sum(axis=1) + fine * np.log1p(-bets * mean)
        refuted = np.logaddexp.reduce(logs) - np.log(len(bets)) >= np.log(2 / ALPHA)
        inside, outside = (inside, mean) if refuted else (mean, outside)
    return inside


WAYS: dict[str, Way] = {
    "ours": ours(),
    "the unseen item counted to a half (mid-P)": ours(unseen=0.5),
    "it counts for less twice as fast": ours(blur=2 * engine.BLUR),
    "no unseen item": ours(unseen=0.0),
    "empirical likelihood with the score": empirical_likelihood,
    "hedged capital (betting)": betting,
    "ppi_py": prediction_powered,
    "glide": active_inference,
}


def table(populations: int, repetitions: int) -> Iterator[str]:
    rng = np.random.default_rng(20261130)
    items, prevalence, labels, auc = LINE
    held: dict[str, list[float]] = {name: [] for name in WAYS}
    width: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(populations):
        people = world(rng, items, prevalence, labels, auc, views=False, kind="risk")
        samples = list(audits(rng, people, repetitions))
        for name, way in WAYS.items():
            limits = way(people, samples)
            held[name].append(limits.coverage(people.truth))
            width[name].append(limits.width)
    yield "| interval | coverage, mean | least to most | populations at 94 % | width ÷ ours |"
    yield "| --- | --- | --- | --- | --- |"
    base = np.mean(width["ours"])
    for name in WAYS:
        each = np.array(held[name])
        yield (
            f"| {name} | {each.mean():.1%} | {each.min():.1%}–{each.max():.1%} "
            f"| {(each >= 0.94).sum()} of {populations} | {np.mean(width[name]) / base:.2f} |"
        )


def at_a_fixed_rate(prevalence: float, width: float) -> float:
    """Labels of a simple random sample whose exact interval is as wide on average."""
    few, many = 10.0, float(ITEMS)
    while many / few > 1.0005:
        middle = float(np.sqrt(few * many))
        few, many = (middle, many) if simple_width(middle, prevalence) > width else (few, middle)
    return many


def best_design(prevalence: float, auc: float, labels: int) -> tuple[float, float]:
    """Of all powers of the risk with all floors: the expected width against that of the engine's choice."""
    risk = binormal(ITEMS, prevalence, auc)
    tried = [filled(risk.items, risk.risk**power, labels, floor) for power in POWERS for floor in FLOORS]
    chosen = filled(risk.items, np.sqrt(risk.risk), labels, best_floor(risk, labels))
    low, high = expected_interval(risk, [chosen, *tried])
    width = high - low
    return float(width[0]), float(width[1:].min())


def savings(repetitions: int) -> Iterator[str]:
    rng = np.random.default_rng(5)
    yield (
        "| prevalence | AUC | labels | labels alone | with the prediction | mid-P | less twice as fast "
        "| no unseen item | expected, engine's design | best of 28 designs |"
    )
    yield "|" + " --- |" * 10
    for prevalence, auc, labels in SAVED:
        people = world(rng, ITEMS, prevalence, labels, auc, views=False, kind="risk")
        samples = list(audits(rng, people, repetitions))
        ways = [
            rates(people.without_score(), samples),
            *(
                way(people, samples)
                for way in (ours(), ours(unseen=0.5), ours(blur=2 * engine.BLUR), ours(unseen=0.0))
            ),
        ]
        cells = [
            f"{at_a_fixed_rate(prevalence, one.width) / labels:.1f}× ({one.coverage(people.truth):.3f})"
            for one in ways
        ]
        cells += [
            f"{at_a_fixed_rate(prevalence, width) / labels:.1f}×"
            for width in best_design(prevalence, auc, labels)
        ]
        yield f"| {prevalence:.1%} | {auc:.2f} | {labels:,} | {' | '.join(cells)} |"


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["savings"]:
        lines = savings(*map(int, words[1:] or ["300"]))
    else:
        lines = table(*(int(words[at]) if len(words) > at else (24, 500)[at] for at in (0, 1)))
    for line in lines:
        print(line, flush=True)
