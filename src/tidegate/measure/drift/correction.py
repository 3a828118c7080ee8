"""Many checks, one report: p-values that allow for all the others."""

from __future__ import annotations

from collections.abc import Sequence


def corrected(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values, in the order given; None stays None and is not counted.

    A report in which every value of at most 0.05 is flagged flags anything where nothing has changed with
    probability at most 0.05, however the checks depend on one another: slices overlap and share labels, so a
    correction must not assume otherwise (S. Holm 1979, A simple sequentially rejective multiple test
    procedure).
    """
    order = sorted((value, place) for place, value in enumerate(p) if value is not None)
    out: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * value))
        out[place] = highest
    return out


def level_of_each(checks: int, level: float) -> float:
    """The level at which the most significant of so many checks is tested: level / checks (S. Holm 1979)."""
    return level / max(checks, 1)
