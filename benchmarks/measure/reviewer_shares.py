"""Corrected leakage and overkill shares: how often they hold, and what a split of alpha would give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from tidegate.measure.reviewers import Part, Skill, corrected_rate, corrected_share, fine
from tidegate.measure.reviewers.skill import exact_limits

OUTCOMES = ("passed", "actioned", "held")


@dataclass(frozen=True)
class World:
    """Per outcome (passed, actioned, held): items, the share that violates, and labels."""

    items: tuple[int, ...]
    violates: tuple[float, ...]
    labels: tuple[int, ...]


WORLDS = (
    World((97_000, 2_500, 500), (0.02, 0.8, 0.3), (2_000, 400, 200)),
    World((97_000, 3_000), (0.005, 0.9), (2_000, 500)),
    World((80_000, 15_000, 5_000), (0.05, 0.6, 0.3), (1_000, 500, 300)),
    World((990_000, 10_000), (0.002, 0.7), (4_000, 500)),
    World((97_000, 2_500, 500), (0.02, 0.95, 0.1), (1_000, 100, 60)),
)
SKILLS = ((0.85, 0.995, 1_000), (0.85, 0.999, 1_000), (0.95, 0.99, 300), (0.85, 0.9995, 10_000))
"""Sensitivity, specificity, and golds of either kind."""


@dataclass(frozen=True)
class Setting:
    world: World
    sensitivity: float
    specificity: float
    golds: int
    error: str

    @property
    def about_fine(self) -> bool:
        return self.error == "overkill"

    @property
    def inside(self) -> str:
        return "actioned" if self.about_fine else "passed"

    @property
    def truth(self) -> float:
        shares = [1 - r if self.about_fine else r for r in self.world.violates]
        counts = np.multiply(self.world.items, shares)
        return float(counts[OUTCOMES.index(self.inside)] / counts.sum())


SETTINGS = [
    Setting(world, *skill, error) for world in WORLDS for skill in SKILLS for error in ("leakage", "overkill")
]


@dataclass(frozen=True)
class Outcome:
    """Shares of samples that hold the truth, for which a number is printed, and of those that hold it; median
    widths of the printed ones, and of a split of alpha in the same samples, with its coverage."""

    held: float
    printed: float
    held_printed: float
    width: float
    split_held: float
    split_width: float


def outcome(setting: Setting, samples: int, seed: int = 0) -> Outcome:
    found = []
    for parts, skill in _samples(setting, samples, seed):
        ours = corrected_share(setting.inside, parts(0.95), skill, about_fine=setting.about_fine)
        low, high = split(setting, parts(1 - 0.05 / len(setting.world.items)), skill)
        held = (ours.low <= setting.truth <= ours.high, low <= setting.truth <= high)
        found.append((ours.estimate is not None, held[0], ours.high - ours.low, held[1], high - low))
    printed, held, width, split_held, split_width = np.array(found, dtype=float).T
    at = printed == 1
    return Outcome(
        held=float(held.mean()),
        printed=float(printed.mean()),
        held_printed=float(held[at].mean()) if at.any() else np.nan,
        width=float(np.median(width[at])) if at.any() else np.nan,
        split_held=float(split_held.mean()),
        split_width=float(np.median(split_width[at])) if at.any() else np.nan,
    )


def split(setting: Setting, parts: dict[str, Part], skill: Skill) -> tuple[float, float]:
    """Limits from those of each part, at alpha divided by the number of parts (C. E. Bonferroni)."""
    confidence = 1 - 0.05 / len(parts)
    ends = {}
    for name, part in parts.items():
        assert part.apparent is not None
        one = corrected_rate(
            part.apparent, skill, items=part.items, confidence=confidence, about_fine=setting.about_fine
        )
        ends[name] = (part.items * one.low, part.items * one.high)
    low, high = ends.pop(setting.inside)
    least, most = (sum(end[k] for end in ends.values()) for k in (0, 1))
    return low / max(low + most, 1e-9), high / max(high + least, 1e-9)


def _samples(setting: Setting, samples: int, seed: int) -> Iterator[tuple[_Parts, Skill]]:
    rng = np.random.default_rng(seed)
    world, golds = setting.world, setting.golds
    apparent = [q * setting.sensitivity + (1 - q) * (1 - setting.specificity) for q in world.violates]
    for _ in range(samples):
        called = rng.binomial(world.labels, apparent).tolist()
        se, sp = rng.binomial(golds, (setting.sensitivity, setting.specificity)) / golds
        yield _Parts(world, tuple(called), setting.about_fine), Skill(float(se), float(sp), golds, golds)


@dataclass(frozen=True)
class _Parts:
    world: World
    called: tuple[int, ...]
    about_fine: bool

    def __call__(self, confidence: float) -> dict[str, Part]:
        parts = {
            name: Part(items, (x / n, *_limits(x, n, confidence)))
            for name, items, x, n in zip(
                OUTCOMES, self.world.items, self.called, self.world.labels, strict=False
            )
        }
        return fine(parts) if self.about_fine else parts


@cache
def _limits(count: int, of: int, confidence: float) -> tuple[float, float]:
    return exact_limits(count / of, of, confidence)


def main(samples: int) -> None:
    names = ("figure", "truth", "labels", "sensitivity", "specificity", "golds", "held", "number printed")
    print(_row(*names, "of those, held", "width", "split of alpha: held", "its width"))
    print(_row(*["---"] * 12))
    for one in SETTINGS:
        found = outcome(one, samples)
        labels = " + ".join(f"{n:,}" for n in one.world.labels)
        skill = (f"{one.sensitivity:.0%}", f"{one.specificity:.2%}", f"{one.golds:,}")
        ours = (_percent(found.held), _percent(found.printed), _percent(found.held_printed))
        widths = (_percent(found.width, 2), _percent(found.split_held), _percent(found.split_width, 2))
        print(_row(f"{one.error} share", _percent(one.truth, 2), labels, *skill, *ours, *widths), flush=True)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(share: float, digits: int = 1) -> str:
    return "–" if np.isnan(share) else f"{share:.{digits}%}"
