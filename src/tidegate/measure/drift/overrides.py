"""Do people differ from the machine more often than before? Leakage and overkill of two windows, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.measure.drift.check import Check
from tidegate.measure.estimate import estimate

Floats = npt.NDArray[np.float64]

RATES = {
    "leakage_rate": "passed, and people say it violates",
    "overkill_rate": "actioned, and people say it is fine",
}
Z = np.array([1.96, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0])
"""Normal quantiles of the confidences at which the intervals are looked at, until each holds what does not
matter. Below the first, the reach of an interval is taken as proportional to the quantile."""

FEWEST = 10
"""Labels of either window below which nothing is compared."""

Rows = Mapping[tuple[str, str, str], Mapping[str, object]]


def override_drift(
    before: tuple[pl.DataFrame, pl.DataFrame],
    now: tuple[pl.DataFrame, pl.DataFrame],
    by: Sequence[str] = (),
    *,
    at_least: float = 0.0,
) -> list[Check]:
    """The override rates of two windows, overall and by slice: of what passed and of what was actioned.

    Each window's interval is `measure.estimate`'s, whatever its design, and wider by what chance alone makes
    of as many items: the question is not whether these items differ, but whether the stream does. The
    interval of the difference follows from the two by the method of variance estimates recovery (G. Zou and
    A. Donner 2008, Statistics in Medicine 27; for two proportions R. G. Newcombe 1998, method
    10): with d = q₂ − q₁ and limits l and u, from d − √((q₂ − l₂)² + (u₁ − q₁)²) to
    d + √((u₂ − q₂)² + (q₁ − l₁)²). p is the error at which it just excludes every change up to `at_least`.

    Args:
        before, now: population and labels of either window, as `measure.estimate` takes them.
        by: slice columns of both populations.
        at_least: the smallest change of a rate that matters.
    """
    from scipy.special import ndtr

    tables: tuple[list[Rows], list[Rows]] = ([], [])
    checks: list[Check] = []
    for z in Z:
        for table, window in zip(tables, (before, now), strict=True):
            table.append(_rows(*window, by, float(2 * ndtr(z) - 1)))
        keys = dict.fromkeys([*tables[0][0], *tables[1][0]])
        checks = [
            _check(key, [at.get(key) for at in tables[0]], [at.get(key) for at in tables[1]], at_least)
            for key in keys
        ]
        # Intervals cost time, and a wider one tells no more where each holds a change that does not matter.
        beyond = float(2 * ndtr(-z)) * (1 + 1e-9)
        if not any(check.p is not None and check.p <= beyond for check in checks):
            break
    return checks


def _rows(population: pl.DataFrame, labels: pl.DataFrame, by: Sequence[str], confidence: float) -> Rows:
    figures = estimate(
        population, labels, by=by, confidence=confidence, measures=list(RATES), weights=["item"]
    )
    return {
        (row["measure"], row["slice"] or "", row["value"] or ""): row for row in figures.iter_rows(named=True)
    }


def _check(
    key: tuple[str, str, str],
    before: Sequence[Mapping[str, object] | None],
    now: Sequence[Mapping[str, object] | None],
    at_least: float,
) -> Check:
    measure, slice, value = key
    what = RATES[measure]
    old, new = (_number(one[0], "estimate") for one in (before, now))
    m, n = (round(np.nan_to_num(_number(one[0], "labels"))) for one in (before, now))
    if min(m, n) < FEWEST or not np.isfinite([old, new]).all():
        known = [point if np.isfinite(point) else None for point in (old, new)]
        note = f"only {min(m, n)} labels in one window"
        return Check("overrides", what, slice, value, known[0], known[1], None, np.inf, m, n, note=note)
    low, high = zip(*(_limits(window) for window in (before, now)), strict=True)
    p, spread = recovered_p((old, new), low, high, at_least), _spread(low, high)
    return Check("overrides", what, slice, value, old, new, p, spread, m, n, at_least)


def _limits(window: Sequence[Mapping[str, object] | None]) -> tuple[Floats, Floats]:
    """Limits, per quantile in `Z`, of the rate of the stream that the window's items came from.

    The figures' own limits are of these items' rate: where all were labelled it is known. That the next items
    would have had another is added, as limits of C. J. Clopper and E. S. Pearson (1934) for so many items.
    """
    from scipy.special import betaincinv, ndtr

    q, items = _number(window[0], "estimate"), _number(window[0], "items")
    low, high = (np.array([_number(level, side) for level in window]) for side in ("low", "high"))
    errors, tail = q * items, ndtr(-Z[: len(window)])
    least = betaincinv(errors, items - errors + 1, tail) if errors > 0 else np.zeros(len(tail))
    most = betaincinv(errors + 1, items - errors, 1 - tail) if errors < items else np.ones(len(tail))
    return q - np.hypot(q - low, q - least), q + np.hypot(high - q, most - q)


def recovered_p(
    points: Sequence[float], low: Sequence[Floats], high: Sequence[Floats], at_least: float = 0.0
) -> float:
    """The error at which the interval of the difference just excludes ± at_least, read between the looks.

    The interval is that of G. Zou and A. Donner (2008): see `override_drift`.
    """
    from scipy.special import ndtr

    d, looked = points[1] - points[0], Z[: len(low[0])]
    beyond = abs(d) - at_least
    if beyond <= 0:
        return 1.0
    toward, away = (1, 0) if d > 0 else (0, 1)
    reach = np.sqrt((points[toward] - low[toward]) ** 2 + (high[away] - points[away]) ** 2)
    # The reach of the interval towards 0 grows with the confidence; where it passes what lies beyond
    # `at_least` is the p-value.
    if reach[0] >= beyond:
        z = looked[0] * beyond / reach[0] if reach[0] > 0 else looked[-1]
    elif reach[-1] < beyond:
        z = looked[-1]
    else:
        z = float(np.interp(beyond, np.maximum.accumulate(reach), looked))
    return float(2 * ndtr(-z))


def _spread(low: Sequence[Floats], high: Sequence[Floats]) -> float:
    half = [(high[i][0] - low[i][0]) / 2 for i in (0, 1)]
    return float(np.hypot(*half) / Z[0])


def _number(row: Mapping[str, object] | None, name: str) -> float:
    value = None if row is None else row[name]
    return float(value) if isinstance(value, int | float) else float("nan")
