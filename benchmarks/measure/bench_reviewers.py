"""Fallible reviewers: does the corrected interval hold the true rate, how wide is it, and what do others do?

`python -m benchmarks.measure.bench_reviewers [SAMPLES]` prints the tables of docs/measurement/reviewers.md:
labels at a fixed rate, reviewers of sensitivity 0.85, and as many golds of either kind as the column says.
`python -m benchmarks.measure.bench_reviewers shares [SAMPLES]` prints that of the corrected shares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.figure import Figure
from benchmarks.measure import reviewer_shares
from benchmarks.measure.reviewer_intervals import CONSTRUCTIONS, Counts, Pair, delta, exact
from tidegate.measure.reviewers import Skill, corrected_rate

SENSITIVITY = 0.85
PREVALENCES = (0.02, 0.005, 0.002, 0.0005)
SPECIFICITIES = (0.98, 0.995, 0.999)
LABELS, GOLDS = (500, 2_000), (200, 1_000)
FEW = 20
"""Printed intervals below which their median width says nothing."""


@dataclass(frozen=True)
class Setting:
    prevalence: float
    specificity: float
    labels: int
    golds: int


@dataclass(frozen=True)
class Outcome:
    """Shares of samples whose interval holds the truth, and for which a number is printed.

    `held_printed` is the share of the printed intervals that hold; `width` and `delta_width` are median
    widths in the samples for which a number is printed, nan where these are few.
    """

    ours: float
    printed: float
    held_printed: float
    width: float
    delta_width: float
    uncorrected: float
    delta: float


def sample(setting: Setting, samples: int, seed: int = 0) -> Counts:
    rng = np.random.default_rng(seed)
    q, sp = setting.prevalence, setting.specificity
    called = rng.binomial(setting.labels, q * SENSITIVITY + (1 - q) * (1 - sp), samples)
    hits, spared = rng.binomial(setting.golds, SENSITIVITY, samples), rng.binomial(setting.golds, sp, samples)
    return Counts(
        called.astype(float), hits.astype(float), spared.astype(float), setting.labels, setting.golds
    )


def ours(counts: Counts) -> tuple[Pair, npt.NDArray[np.bool_]]:
    """Limits as `corrected_rate` gives them, and whether it gives a number."""
    columns = np.column_stack([count for count, _ in counts.evidence])
    triples, at = np.unique(columns, axis=0, return_inverse=True)
    lows, highs = (limits.tolist() for limits in exact(triples[:, 0], counts.labels))
    found = []
    for (x, a, b), low, high in zip(triples.tolist(), lows, highs, strict=True):
        skill = Skill(a / counts.golds, b / counts.golds, counts.golds, counts.golds)
        one = corrected_rate((x / counts.labels, low, high), skill)
        found.append((one.low, one.high, one.estimate is not None))
    low, high, printed = np.array(found)[at.ravel()].T
    return (low, high), printed == 1


def outcome(setting: Setting, samples: int) -> Outcome:
    counts, q = sample(setting, samples), setting.prevalence
    (low, high), printed = ours(counts)
    below, above = kept(delta(counts))
    few = printed.sum() < FEW
    return Outcome(
        ours=held((low, high), q).mean(),
        printed=printed.mean(),
        held_printed=held((low, high), q)[printed].mean() if printed.any() else np.nan,
        width=np.nan if few else float(np.median((high - low)[printed])),
        delta_width=np.nan if few else float(np.median((above - below)[printed])),
        uncorrected=held(exact(*counts.evidence[0]), q).mean(),
        delta=held(delta(counts), q).mean(),
    )


def held(limits: Pair, truth: float) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (limits[0] <= truth) & (truth <= limits[1])
    return found


def kept(limits: Pair) -> Pair:
    return np.clip(limits[0], 0.0, 1.0), np.clip(limits[1], 0.0, 1.0)


@dataclass(frozen=True)
class Compared:
    """One construction over all settings: coverages, and mean widths where it says anything, and of those
    samples of which ours prints a number."""

    coverage: npt.NDArray[np.float64]
    width: npt.NDArray[np.float64]
    printed_width: npt.NDArray[np.float64]


def compared(samples: int) -> dict[str, Compared]:
    """Every construction on the same samples. What puts all limits below 0 says nothing, so 0 to 1."""
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in CONSTRUCTIONS}
    for setting in settings():
        counts = sample(setting, samples)
        _, printed = ours(counts)
        for name, interval in CONSTRUCTIONS.items():
            limits = interval(counts)
            silent = limits[1] <= 0
            low, high = kept(limits)
            width = high - low
            holds = held((low, high), setting.prevalence) | silent
            of_printed = float(width[printed].mean()) if printed.sum() >= FEW else np.nan
            rows[name].append((float(holds.mean()), float(width[~silent].mean()), of_printed))
    return {name: Compared(*np.array(found).T) for name, found in rows.items()}


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
    ratios = [one.width / one.delta_width for one in found if not np.isnan(one.width)]
    name = "fallible reviewers: median width of printed intervals, by the delta method's"
    yield Figure(name, float(np.median(ratios)), "ratio")
    shares = [reviewer_shares.outcome(setting, 100) for setting in reviewer_shares.SETTINGS]
    worst = min(one.held for one in shares)
    yield Figure(f"fallible reviewers: worst coverage of {len(shares)} corrected shares", worst, "share")


def main(samples: int) -> None:
    names = ("prevalence", "specificity", "labels", "golds", "ours", "number printed", "of those, held")
    print(row(*names, "width", "delta's width", "uncorrected", "delta method"))
    print(row(*["---"] * 11))
    for one in settings():
        found = outcome(one, samples)
        of = (f"{one.prevalence:.2%}", f"{one.specificity:.1%}", f"{one.labels:,}", f"{one.golds:,}")
        shares = (percent(found.ours), percent(found.printed), percent(found.held_printed))
        widths = (percent(found.width, 2), percent(found.delta_width, 2))
        print(row(*of, *shares, *widths, percent(found.uncorrected), percent(found.delta)), flush=True)
    print()
    print(row("construction", "worst coverage", "settings below 94 %", "width", "width where printed"))
    print(row(*["---"] * 5))
    every = compared(samples)
    first = next(iter(every.values()))
    for name, each in every.items():
        width, printed = (
            float(np.exp(np.nanmean(np.log(mine / base))))
            for mine, base in ((each.width, first.width), (each.printed_width, first.printed_width))
        )
        missed = int((each.coverage < 0.94).sum())
        print(row(name, percent(each.coverage.min()), str(missed), f"{width:.2f}", f"{printed:.2f}"))


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def percent(share: float, digits: int = 1) -> str:
    return "–" if np.isnan(share) else f"{share:.{digits}%}"


if __name__ == "__main__":
    words = sys.argv[1:]
    if words and words[0] == "shares":
        reviewer_shares.main(int(words[1]) if len(words) > 1 else 5_000)
    else:
        main(int(words[0]) if words else 5_000)
