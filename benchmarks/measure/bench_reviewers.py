"""Fallible reviewers: does the corrected interval hold the true rate, and what do uncorrected ones do?

`python -m benchmarks.measure.bench_reviewers [SAMPLES]` prints the table of docs/measurement/reviewers.md:
labels at a fixed rate, reviewers of sensitivity 0.85, and as many golds of either kind as the column says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from benchmarks.figure import Figure
from tidegate.measure.reviewers import Skill, corrected_rate
from tidegate.measure.reviewers.skill import exact_limits

SENSITIVITY = 0.85
PREVALENCES = (0.02, 0.005, 0.002, 0.0005)
SPECIFICITIES = (0.98, 0.995, 0.999)
LABELS, GOLDS = (500, 2_000), (200, 1_000)


@dataclass(frozen=True)
class Setting:
    prevalence: float
    specificity: float
    labels: int
    golds: int


@dataclass(frozen=True)
class Outcome:
    """Shares of samples whose interval holds the truth, and the share for which a number is printed."""

    ours: float
    printed: float
    uncorrected: float
    delta: float


def outcome(setting: Setting, samples: int, seed: int = 0) -> Outcome:
    rng = np.random.default_rng(seed)
    q, sp = setting.prevalence, setting.specificity
    called = rng.binomial(setting.labels, q * SENSITIVITY + (1 - q) * (1 - sp), samples)
    hits, spared = rng.binomial(setting.golds, SENSITIVITY, samples), rng.binomial(setting.golds, sp, samples)
    ours = printed = uncorrected = delta = 0
    for x, a, b in zip(called.tolist(), hits.tolist(), spared.tolist(), strict=True):
        p = x / setting.labels
        low, high = exact_limits(p, setting.labels, 0.95)
        skill = Skill(a / setting.golds, b / setting.golds, setting.golds, setting.golds)
        found = corrected_rate((p, low, high), skill)
        ours += found.low <= q <= found.high
        printed += found.estimate is not None
        uncorrected += low <= q <= high
        below, above = delta_method(p, a, b, setting)
        delta += below <= q <= above
    return Outcome(*(count / samples for count in (ours, printed, uncorrected, delta)))


def delta_method(p: float, hits: int, spared: int, setting: Setting) -> tuple[float, float]:
    """Rogan and Gladen's own interval: the normal law with the variance of their equation 5."""
    se, sp = hits / setting.golds, spared / setting.golds
    j = se + sp - 1
    r = (p + sp - 1) / j
    variance = (
        p * (1 - p) / setting.labels + ((1 - r) ** 2 * sp * (1 - sp) + r**2 * se * (1 - se)) / setting.golds
    )
    half = float(ndtri(0.975)) * np.sqrt(variance) / j
    return r - half, r + half


def settings() -> Iterator[Setting]:
    for q in PREVALENCES:
        for sp in SPECIFICITIES:
            for labels in LABELS:
                for golds in GOLDS:
                    yield Setting(q, sp, labels, golds)


def run() -> Iterator[Figure]:
    found = [outcome(setting, 300) for setting in settings()]
    for name in ("ours", "uncorrected", "delta"):
        worst = min(getattr(one, name) for one in found)
        yield Figure(f"fallible reviewers: worst coverage over {len(found)} settings, {name}", worst, "share")


def main(samples: int) -> None:
    print(
        "| prevalence | specificity | labels | golds | ours | number printed | uncorrected | delta method |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in settings():
        found = outcome(one, samples)
        shares = (found.ours, found.printed, found.uncorrected, found.delta)
        cells = " | ".join(f"{share:.1%}" for share in shares)
        print(
            f"| {one.prevalence:.2%} | {one.specificity:.1%} | {one.labels:,} | {one.golds:,} | {cells} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
