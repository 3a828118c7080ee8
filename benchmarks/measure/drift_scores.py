"""Which test of two windows' scores sees most, where any change counts: the shifts that detectors suffer.

`python -m benchmarks.measure.drift_scores [PAIRS]` prints the second table of docs/measurement/drift.md.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import anderson_ksamp, ks_2samp

from tidegate.measure.drift import corrected, score_drift

Floats = npt.NDArray[np.float64]

BEFORE, NOW = 4_000, 2_000
LEVEL = 0.05
SHUFFLES = 199


@dataclass(frozen=True)
class Shift:
    """What a window is like: the share of risky items, an addition to each logit, and the share of items for
    which the detector gives a constant."""

    risky: float = 0.03
    logit: float = 0.0
    constant: float = 0.0


SHIFTS = {
    "nothing": Shift(),
    "risky items from 3 % to 4 %": Shift(risky=0.04),
    "risky items from 3 % to 4.5 %": Shift(risky=0.045),
    "scores move up by 0.05 logits": Shift(logit=0.05),
    "scores move up by 0.1 logits": Shift(logit=0.1),
    "a low constant for 2 % of items": Shift(constant=0.02),
    "a low constant for 4 % of items": Shift(constant=0.04),
}


def scores(shift: Shift, count: int, rng: np.random.Generator) -> Floats:
    risky = rng.random(count) < shift.risky
    logit = np.where(risky, rng.normal(1.0, 1.5, count), rng.normal(-5.0, 1.0, count)) + shift.logit
    return np.where(rng.random(count) < shift.constant, 0.005, 1 / (1 + np.exp(-logit)))


def kolmogorov_smirnov(before: Floats, now: Floats, seed: int) -> bool:
    del seed
    return bool(ks_2samp(before, now, method="asymp").pvalue <= LEVEL)


def anderson_darling(before: Floats, now: Floats, seed: int) -> bool:
    """The k-sample test of F. W. Scholz and M. A. Stephens (1987), by SciPy; its p lies in 0.001 to 0.25."""
    del seed
    with warnings.catch_warnings():
        # SciPy says where p leaves the range of its table, and how the call will change.
        warnings.simplefilter("ignore")
        return bool(anderson_ksamp([before, now]).pvalue <= LEVEL)


def energy(before: Floats, now: Floats, seed: int) -> bool:
    """The energy distance of G. J. Székely and M. L. Rizzo (2004), against shuffled windows."""
    both = np.concatenate([before, now])
    order = np.argsort(both, kind="stable")
    gaps = np.diff(both[order])
    is_now = np.tile(order >= len(before), (SHUFFLES + 1, 1))
    is_now[1:] = np.random.default_rng(seed).permuted(is_now[1:], axis=1)
    of_now = np.cumsum(is_now, axis=1)[:, :-1]
    of_before = np.arange(1, len(both)) - of_now
    distances = (of_now / len(now) - of_before / len(before)) ** 2 @ gaps
    return bool(np.mean(distances >= distances[0] * (1 - 1e-12)) <= LEVEL)


def tidegate(before: Floats, now: Floats, seed: int) -> bool:
    """Both checks of a score, anywhere and at its top, each corrected for the other."""
    del seed
    return any(p is not None and p <= LEVEL for p in corrected([c.p for c in score_drift("", before, now)]))


TESTS: dict[str, Callable[[Floats, Floats, int], bool]] = {
    "tidegate": tidegate,
    "Kolmogorov–Smirnov": kolmogorov_smirnov,
    "Anderson–Darling": anderson_darling,
    "energy distance": energy,
}


def powers(pairs: int) -> Iterator[tuple[str, dict[str, float]]]:
    """For each shift, the share of pairs of windows in which each test sees it."""
    for name, shift in SHIFTS.items():
        seen = dict.fromkeys(TESTS, 0)
        for pair in range(pairs):
            rng = np.random.default_rng([pair, len(name)])
            before, now = scores(Shift(), BEFORE, rng), scores(shift, NOW, rng)
            for test, sees in TESTS.items():
                seen[test] += sees(before, now, pair)
        yield name, {test: count / pairs for test, count in seen.items()}


def main(pairs: int) -> None:
    print(f"| what has changed | {' | '.join(TESTS)} |\n| --- |{' --- |' * len(TESTS)}")
    for name, shares in powers(pairs):
        print(f"| {name} | {' | '.join(f'{share:.0%}' for share in shares.values())} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
