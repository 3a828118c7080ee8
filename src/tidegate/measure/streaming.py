"""Audit probabilities for a stream, decided item by item, that keep to a daily budget of labels.

A pure function from state and a batch to probabilities and the next state. What an item gets depends on the
past and its own score only, never on which items were drawn: the recorded probability is the true one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.errors import MeasureError, Where

Floats = npt.NDArray[np.float64]

DAY = 86_400.0
RESERVE = 0.1
"""The share of a day's budget that only the floor may use, so that a burst never takes all chance away."""


@dataclass(frozen=True)
class Budget:
    """What the sampler is asked for.

    Attributes:
        labels_per_day: expected number of labels a day, > 0.
        least: the probability below which no item falls, even when the budget is spent; in (0, 1].
        burst: how much of a day's budget may be saved up for busy hours, in (0, 1].
    """

    labels_per_day: float
    least: float
    burst: float = 0.25

    def __post_init__(self) -> None:
        for field, low, high in (("labels_per_day", 0.0, np.inf), ("least", 0.0, 1.0), ("burst", 0.0, 1.0)):
            value = getattr(self, field)
            if not low < value <= high or not np.isfinite(value):
                raise MeasureError(
                    f"{field} of a streaming audit is {value}",
                    where=Where(field=field),
                    remedy="Give labels_per_day above 0, and least and burst above 0 and at most 1.",
                )


@dataclass(frozen=True)
class Stream:
    """All that the sampler remembers: start with `Stream()`.

    Attributes:
        at: seconds, the time of the last item.
        saved: expected labels that may be spent now.
        size_rate: Σ score per second, as an exponentially weighted mean over `MEMORY` seconds.
        day: number of the day of the last item.
        spent: expected labels of that day so far.
    """

    at: float | None = None
    saved: float = 0.0
    size_rate: float = 0.0
    day: int = 0
    spent: float = 0.0


MEMORY = 3_600.0


def assign(
    stream: Stream, budget: Budget, times: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[Floats, Stream]:
    """The probability of each item of a batch, in order of time, and the state for the next batch.

    A token bucket over expected labels: it fills evenly through the day, holds at most `burst` of a day's
    budget, and an item gets p = min(1, max(least, score · filling rate / score rate)), at most half of what
    the bucket holds and all that is left of the day. Σ p of a day is thus at most the budget, plus `least`
    for the items that came after it was spent. Batches of any size give the same probabilities.

    Args:
        times: (n,) seconds, not decreasing, such as since 1970; days begin at multiples of 86,400.
        scores: (n,) sizes of any scale, such as √risk; missing, infinite and negative ones count as 0.

    Returns:
        (n,) probabilities in [least, 1], and the new state.

    Raises:
        MeasureError: times are missing or run backwards, or there are not as many scores.

    Source: the bucket is J. Turner's (1986, IEEE Communications 24/10); independent draws at probabilities
    that are fixed before the draw are Poisson sampling (J. Hájek, 1964), so the estimators hold as they are.
    """
    time, size = np.asarray(times, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    _check(stream, time, size)
    size = np.where(np.isfinite(size) & (size > 0), size, 0.0)
    p = np.empty(len(time))
    state = stream
    for i, (at, weight) in enumerate(zip(time.tolist(), size.tolist(), strict=True)):
        p[i], state = _one(state, budget, at, weight)
    return p, state


def _one(state: Stream, budget: Budget, at: float, size: float) -> tuple[float, Stream]:
    fill = budget.labels_per_day * (1 - RESERVE) / DAY
    full = budget.burst * budget.labels_per_day
    day = int(at // DAY)
    spent = state.spent if day == state.day and state.at is not None else 0.0
    gap = DAY / 24 if state.at is None else at - state.at
    saved = min(full, state.saved + fill * gap)
    fade = float(np.exp(-gap / MEMORY))
    rate = state.size_rate * fade + size / MEMORY
    # Before the mean has warmed up it is only this share of what it will be.
    wanted = size * fill / rate if rate > 0 else 0.0
    room = max(0.0, min(0.5 * saved, budget.labels_per_day * (1 - RESERVE) - spent))
    p = min(1.0, max(budget.least, min(wanted, room)))
    return p, Stream(at=at, saved=max(0.0, saved - p), size_rate=rate, day=day, spent=spent + p)


def _check(stream: Stream, time: Floats, size: Floats) -> None:
    if time.shape != size.shape:
        raise MeasureError(
            f"{len(time)} times but {len(size)} scores",
            where=Where(field="scores"),
            remedy="Give each item its score.",
        )
    before = time if stream.at is None else np.concatenate([[stream.at], time])
    if not np.isfinite(time).all() or (np.diff(before) < 0).any():
        raise MeasureError(
            "items of a stream come in order of time, and each has one",
            where=Where(field="times"),
            remedy="Sort them by the time of the decision.",
        )
