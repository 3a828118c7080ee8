"""Traffic whose truth is known, to certify thresholds on: simulated scores, and real posts with our model's.

Real posts need the folder TIDEGATE_DATA.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.data import DATA
from benchmarks.measure.certifiers import Draw, Traffic
from benchmarks.measure.tuning_world import Bools, Floats, scores
from tidegate.measure import proportional
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.sample import Sample
from tidegate.measure.gates.reviewers import Reviewers

DELTA = 0.05
REAL_LABELS = (6_000, 20_000)
REAL = {
    "Davidson": ("davidson_hate_offensive", pl.col("label") != "neither"),
    "COLD": ("cold_zh", pl.col("label") == "offensive"),
    "HateXplain": ("hatexplain", pl.col("label_majority") != "normal"),
}


@dataclass(frozen=True)
class Setting:
    """One traffic and one task. `design` is "fixed rate" or "by score"."""

    name: str
    prevalence: float
    overkill: float
    leakage: float
    labels: int
    design: str = "fixed rate"
    auc: float = 0.97
    sensitivity: float = 1.0
    specificity: float = 1.0
    items: int = 100_000


SETTINGS = (
    Setting("10 %", 0.10, 0.05, 0.01, 20_000),
    Setting("10 %", 0.10, 0.05, 0.01, 20_000, "by score"),
    Setting("2 %", 0.02, 0.05, 0.005, 20_000),
    Setting("2 %", 0.02, 0.05, 0.005, 20_000, "by score"),
    Setting("0.5 %", 0.005, 0.10, 0.002, 20_000),
    Setting("0.05 %", 0.0005, 0.20, 0.0003, 60_000, items=200_000),
    Setting("0.05 %", 0.0005, 0.20, 0.0003, 60_000, "by score", items=200_000),
    Setting("10 %, fallible", 0.10, 0.05, 0.01, 40_000, sensitivity=0.85, specificity=0.995),
    Setting("2 %, fallible", 0.02, 0.05, 0.005, 40_000, sensitivity=0.85, specificity=0.995),
)


@dataclass(frozen=True)
class Case:
    """A setting made real: the traffic as certifiers see it, and its truth."""

    setting: Setting
    traffic: Traffic
    violates: Bools

    def draw(self, rng: np.random.Generator) -> Draw:
        """Labels as if from fresh traffic of the same mixture: items are drawn with replacement."""
        p = self.traffic.p
        drawn = np.repeat(np.arange(len(p)), rng.poisson(p))
        truth, chance = self.violates[drawn], rng.random(len(drawn))
        said = np.where(truth, chance < self.setting.sensitivity, chance >= self.setting.specificity)
        return Draw(drawn, Sample(p[drawn], said))

    def automated(self, acts: float, passes: float) -> float:
        score = self.traffic.score
        return float(np.mean((score >= acts) | (score < passes)))

    def broken(self, acts: float, passes: float) -> bool:
        """Whether a limit is broken; an empty set breaks none."""
        score = self.traffic.score
        acted, passed = self.violates[score >= acts], self.violates[score < min(passes, acts)]
        overkill, leakage = self.traffic.limits
        return bool(
            (len(acted) and (~acted).mean() > overkill.at_most)
            or (len(passed) and passed.mean() > leakage.at_most)
        )


def simulated(setting: Setting, seed: int = 20261123) -> Case:
    rng = np.random.default_rng(seed)
    violates = rng.random(setting.items) < setting.prevalence
    score = scores(rng, violates, setting.auc, setting.prevalence)
    return _case(setting, score, violates)


def real(name: str, labels: int, prevalence: float = 0.10) -> Case | None:
    """Posts of a public set with our model's score; violating ones thinned to the prevalence.

    Labels are drawn with replacement, so there may be more of them than posts.
    """
    file, violating = REAL[name]
    path = DATA / f"text_{file}.parquet"
    if not path.exists():
        return None
    from tidegate import api

    posts = pl.read_parquet(path).select(id=pl.col("id").cast(pl.String), text="text", y=violating)
    posts = posts.unique("id", maintain_order=True)
    fine, bad = posts.filter(~pl.col("y")), posts.filter("y")
    bad = bad.sample(min(len(bad), round(len(fine) * prevalence / (1 - prevalence))), seed=1)
    posts = pl.concat([fine, bad])
    signals = api.score(posts.drop("y"), api.load_strategy())
    score = signals["text.max_risk"].fill_null(0.0).to_numpy()
    # Chances are at most 1, so the posts stand there several times.
    times = labels // len(posts) + 1
    setting = Setting(name, prevalence, 0.10, 0.04, labels, items=times * len(posts))
    return _case(setting, np.tile(score, times), np.tile(posts["y"].to_numpy(), times))


def _case(setting: Setting, score: Floats, violates: Bools) -> Case:
    rate = setting.labels / setting.items
    p = np.full(setting.items, rate)
    if setting.design == "by score":
        p = proportional(score, None, setting.labels, 0.5 * rate)
    reviewers = Reviewers((setting.sensitivity,) * 2, (setting.specificity,) * 2)
    limits = (
        Limit("overkill_rate", setting.overkill, reviewers),
        Limit("leakage_rate", setting.leakage, reviewers),
    )
    return Case(setting, Traffic(score, p, limits, DELTA), violates)


def oracle(case: Case) -> float:
    """The most that two thresholds could automate, were the truth of all traffic known."""
    order = np.argsort(-case.traffic.score, kind="stable")
    y, n = case.violates[order], len(order)
    count = np.arange(1, n + 1)
    overkill, leakage = case.traffic.limits
    acts = np.flatnonzero(np.cumsum(~y) / count <= overkill.at_most)
    passes = np.flatnonzero(np.cumsum(y[::-1]) / count <= leakage.at_most)
    return min(float((acts[-1] + 1 if len(acts) else 0) + (passes[-1] + 1 if len(passes) else 0)) / n, 1.0)


def all_cases() -> Iterator[Case]:
    yield from (simulated(setting) for setting in SETTINGS)
    for name in REAL:
        for labels in REAL_LABELS:
            found = real(name, labels)
            if found is not None:
                yield found
