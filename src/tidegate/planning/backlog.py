"""Whether a queue will be answered in time: past days, drawn whole, happen to what waits now.

    waiting(h) = max(0, waiting(h-1) + came(h) - answered(h))
    late(h)    = max(0, those due by h - all answered by h)

the recursion of D. V. Lindley (1952), with first come, first answered; days are drawn with their hours, and
with what came and what was answered together: a block bootstrap (H. R. Künsch 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HOURS = 24
FEWEST_DAYS = 5
"""Days below which their mixture says next to nothing."""
QUANTILES = (0.05, 0.5, 0.95)
Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Spread = tuple[float, float, float]


@dataclass(frozen=True)
class Forecast:
    """The next 24 hours.

    Attributes:
        chance: the share of runs in which a task is late at the end of any hour.
        late_by_hour: how many are late at the end of each hour: the 5th, 50th and 95th of 100 runs.
        waiting_by_hour: how many wait then, likewise.
        begins: in half of the runs that are late at all, within how many hours it has begun; None where none
            is.
    """

    chance: float
    late_by_hour: tuple[Spread, ...]
    waiting_by_hour: tuple[Spread, ...]
    begins: int | None

    @property
    def late(self) -> Spread:
        """How many are late after 24 hours."""
        return self.late_by_hour[-1]

    @property
    def waiting(self) -> Spread:
        """How many wait after 24 hours."""
        return self.waiting_by_hour[-1]


def forecast(
    left: Floats,
    came: Counts,
    answered: Counts,
    *,
    sla: float,
    runs: int = 2_000,
    seed: int = 0,
) -> Forecast | None:
    """What the next 24 hours are likely to bring.

    Args:
        left: (waiting,) hours until each waiting task is due; negative for those that are late.
        came, answered: (days, 24) tasks that came, and that were answered, in each hour of past days; the
            first column is the hour of the day that begins now.
        sla: hours within which a task is to be answered.

    Returns:
        None where fewer than `FEWEST_DAYS` days are given.
    """
    days = len(came)
    if days < FEWEST_DAYS:
        return None
    drawn = np.random.default_rng(seed).integers(0, days, runs)
    arrivals = np.hstack([np.zeros((runs, 1)), np.cumsum(came[drawn], axis=1)])
    done, waiting = _answered(len(left), came[drawn], answered[drawn])
    late = np.maximum(_due(left, arrivals, sla) - done, 0.0)
    is_late = late >= 1.0
    ever = is_late.any(axis=1)
    begins = np.argmax(is_late[ever], axis=1) + 1
    return Forecast(
        chance=float(ever.mean()),
        late_by_hour=_spread(np.floor(late)),
        waiting_by_hour=_spread(waiting),
        begins=int(np.median(begins)) if ever.any() else None,
    )


def _answered(waiting: int, came: Counts, answered: Counts) -> tuple[Floats, Floats]:
    """(runs, 24) all that were answered by the end of each hour, and what waits then."""
    left = np.full(len(came), float(waiting))
    done, waits = np.zeros((len(came), HOURS)), np.zeros((len(came), HOURS))
    for hour in range(HOURS):
        there = left + came[:, hour]
        left = np.maximum(there - answered[:, hour], 0.0)
        done[:, hour], waits[:, hour] = there - left, left
    return np.cumsum(done, axis=1), waits


def _due(left: Floats, arrivals: Floats, sla: float) -> Floats:
    """(runs, 24) how many are due by the end of each hour. What comes within an hour comes evenly."""
    ends = np.arange(1.0, HOURS + 1)
    of_waiting = np.searchsorted(np.sort(left), ends, side="right")
    at = np.clip(ends - sla, 0.0, HOURS)
    whole = np.minimum(at.astype(int), HOURS - 1)
    part = at - whole
    of_coming = arrivals[:, whole] + part * (arrivals[:, whole + 1] - arrivals[:, whole])
    due: Floats = of_waiting + of_coming
    return due


def _spread(values: Floats) -> tuple[Spread, ...]:
    """Of each column of (runs, 24)."""
    low, middle, high = np.quantile(values, QUANTILES, axis=0).tolist()
    return tuple(zip(low, middle, high, strict=True))
