"""Has the distribution of a score changed, or the mix of items? No label is needed: every item counts."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tidegate.measure.drift.check import Check

Floats = npt.NDArray[np.float64]

FEWEST = 20
"""Items of either window below which a distribution is not compared."""

TOPS = (0.01, 0.1, 0.05, 0.02, 0.005, 0.002)
"""Shares of both windows' items above the scores at which the top check looks; the first is shown if none
says more."""

WHOLE = 0.1
"""From this share of items on, what matters anywhere is what matters; of a smaller top as much less."""


def score_drift(
    name: str, before: Floats, now: Floats, *, slice: str = "", value: str = "", at_least: float = 0.0
) -> list[Check]:
    """Whether a score is distributed as before, anywhere and at its top.

    Anywhere: the Kolmogorov–Smirnov distance, which is the largest change in the share of items above any
    one score (N. V. Smirnov 1939), tested against distances up to `at_least`. With ties it is conservative.
    Top: the share of items above the score that a tenth to a 500th of both windows together exceed, by
    Fisher's exact test, or by the score test of C. P. Farrington and G. Manning (1990) against differences
    up to `at_least` times the share over a tenth; the most surprising p, times the number of looks. The
    distance sees a broad shift, the top a rare mode, however rare.

    Args:
        before, now: (n,) scores of the two windows; NaN where an item has none. That share is checked too.
        at_least: the smallest change in a share of items that matters.
    """
    there = np.isfinite(before), np.isfinite(now)
    found = []
    missing = [int((~one).sum()) for one in there]
    if any(missing):
        found.append(
            share_check(
                "scores",
                f"{name} is missing",
                (missing[0], len(before)),
                (missing[1], len(now)),
                slice,
                value,
                at_least,
            )
        )
    old, new = before[there[0]], now[there[1]]
    if min(len(old), len(new)) < FEWEST:
        note = f"only {min(len(old), len(new))} scores in one window"
        empty = Check("scores", name, slice, value, None, None, None, np.inf, len(old), len(new), note=note)
        return [*found, empty]
    at, shares = largest_change(old, new)
    spread = float(np.sqrt(sum(s * (1 - s) / n for s, n in zip(shares, (len(old), len(new)), strict=True))))
    found.append(
        Check(
            "scores",
            f"{name} ≥ {at:.3g}",
            slice,
            value,
            shares[0],
            shares[1],
            distance_p(old, new, at_least),
            max(spread, _least_spread(len(old), len(new))),
            len(old),
            len(new),
            at_least,
        )
    )
    return [*found, _top(name, old, new, slice, value, at_least)]


def _top(name: str, old: Floats, new: Floats, slice: str, value: str, at_least: float) -> Check:
    """The most surprising of the looks at `TOPS`, allowing for all of them (C. E. Bonferroni 1936)."""
    # Of both windows: a cut taken from one alone would make its own share look fixed.
    both = np.sort(np.concatenate([old, new]))
    looks = []
    for top in TOPS:
        cut = float(both[int(np.ceil((1 - top) * (len(both) - 1)))])
        counts = int((old > cut).sum()), int((new > cut).sum())
        what, tolerated = f"{name} > {cut:.3g}", at_least * min(top / WHOLE, 1.0)
        looks.append(
            share_check(
                "top scores", what, (counts[0], len(old)), (counts[1], len(new)), slice, value, tolerated
            )
        )
    least = min(looks, key=lambda look: 1.0 if look.p is None else look.p)
    p = None if least.p is None else min(1.0, least.p * len(looks))
    return replace(least, p=p, looks=len(looks))


def mix_drift(
    slice: str, before: npt.NDArray[np.str_], now: npt.NDArray[np.str_], *, at_least: float = 0.0
) -> list[Check]:
    """The share of all items that each value of a slice makes up; values that are new or gone included.

    Each by the test of `share_check` (R. A. Fisher 1935; C. P. Farrington and G. Manning 1990).
    """
    values = np.union1d(before, now)
    return [
        share_check(
            "mix",
            "share of items",
            (int((before == value).sum()), len(before)),
            (int((now == value).sum()), len(now)),
            slice,
            str(value),
            at_least,
        )
        for value in values
    ]


def share_check(
    check: str,
    what: str,
    before: tuple[int, int],
    now: tuple[int, int],
    slice: str,
    value: str,
    at_least: float,
) -> Check:
    """A share of items, (of them, of all), in two windows.

    p is that of the exact test of R. A. Fisher (1935), or, where changes up to `at_least` do not matter, of
    the score test of C. P. Farrington and G. Manning (1990):
    (|change| − at_least) / √(a (1 − a) / m + b (1 − b) / n), with a and b the most likely shares that are
    `at_least` apart.
    """
    (x, m), (y, n) = before, now
    if not m or not n:
        return Check(check, what, slice, value, None, None, None, np.inf, m, n, note="no items in one window")
    a, b = x / m, y / n
    # As if one more item of either kind had been seen (A. Agresti and B. Caffo 2000): no spread of zero.
    shares = [((k + 1) / (size + 2), size + 2) for k, size in (before, now)]
    spread = float(np.sqrt(sum(share * (1 - share) / size for share, size in shares)))
    p = _fisher(x, m, y, n) if at_least <= 0 else _beyond(x, m, y, n, at_least)
    return Check(check, what, slice, value, a, b, p, spread, m, n, at_least)


def largest_change(before: Floats, now: Floats) -> tuple[float, tuple[float, float]]:
    """The score at which the share of items at or above it differs most, and the two shares.

    sup |F_m − G_n|, the two-sample statistic of N. V. Smirnov (1939), and where it is.
    """
    at = np.unique(np.concatenate([before, now]))
    shares = [1 - np.searchsorted(np.sort(one), at, side="left") / len(one) for one in (before, now)]
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    return float(at[most]), (float(shares[0][most]), float(shares[1][most]))


def distance_p(before: Floats, now: Floats, at_least: float) -> float:
    """P(a Kolmogorov–Smirnov distance this large) where the true one is at most `at_least`.

    Of the distance beyond `at_least`, by A. N. Kolmogorov's limiting law (1933) at √(m n / (m + n)) ·
    distance, which N. V. Smirnov (1939) showed to be that of two samples; a true distance adds no more than
    itself.
    """
    from scipy.stats import ks_2samp, kstwobign

    if at_least <= 0:
        # SciPy counts paths for small windows (J. L. Hodges 1958), and takes the limiting law for large ones.
        with warnings.catch_warnings():
            # Where counting is out of its reach it says so, and takes the limiting law.
            warnings.simplefilter("ignore", RuntimeWarning)
            return float(ks_2samp(before, now).pvalue)
    m, n = len(before), len(now)
    _, shares = largest_change(before, now)
    beyond = max(abs(shares[1] - shares[0]) - at_least, 0.0)
    return float(kstwobign.sf(np.sqrt(m * n / (m + n)) * beyond))


def _least_spread(m: int, n: int) -> float:
    return float(np.sqrt(1 / (m + 2) ** 2 + 1 / (n + 2) ** 2))


def _fisher(x: int, m: int, y: int, n: int) -> float:
    """The exact test of R. A. Fisher (1935), two-sided by doubling the smaller tail."""
    from scipy.stats import hypergeom

    law = hypergeom(m + n, x + y, n)
    return float(min(1.0, 2 * min(law.cdf(y), law.sf(y - 1))))


def _beyond(x: int, m: int, y: int, n: int, at_least: float) -> float:
    """The score test of a difference beyond ± at_least: variance under the nearest difference allowed."""
    from scipy.special import ndtr

    difference = y / n - x / m
    if abs(difference) <= at_least:
        return 1.0
    edge = float(np.copysign(at_least, difference))
    a, b = _restricted(x, m, y, n, edge)
    spread = np.sqrt(a * (1 - a) / m + b * (1 - b) / n)
    if spread <= 0:
        return 0.0
    return float(min(1.0, 2 * ndtr(-abs(difference - edge) / spread)))


def _restricted(x: int, m: int, y: int, n: int, edge: float) -> tuple[float, float]:
    """The most likely shares whose difference is `edge` (Farrington and Manning 1990), by golden section."""
    from scipy.optimize import minimize_scalar

    low, high = max(0.0, -edge), min(1.0, 1.0 - edge)

    def cost(a: float) -> float:
        b = a + edge
        tiny = 1e-15
        parts = ((x, a), (m - x, 1 - a), (y, b), (n - y, 1 - b))
        return -sum(k * float(np.log(max(share, tiny))) for k, share in parts)

    a = float(minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-9}).x)
    return a, a + edge
