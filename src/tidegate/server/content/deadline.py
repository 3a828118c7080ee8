"""A deadline for detectors: what fits is asked, and what does not come in time is not waited for.

Python cannot stop a thread, so a detector that was left behind goes on until it ends, its answer unread; it
is not asked again by this process meanwhile, so that such threads do not pile up.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict

import polars as pl

from tidegate.runs.bench import Bench
from tidegate.tables import ITEM_SIGNALS, DetectorSpec, SignalStatus

_left_behind: defaultdict[str, list[threading.Thread]] = defaultdict(list)
"""By detector; several, where more than one lane has stopped waiting for it."""


class Deadline:
    """Until so many seconds from now; None for no deadline."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def ask(self, bench: Bench, detector: str, items: pl.DataFrame) -> pl.DataFrame:
        """As `Bench.ask`; items that it has no time for are skipped."""
        if self._end is None or detector in bench.off or detector == ITEM_SIGNALS.name:
            return bench.ask(detector, items)
        spec, left = bench.catalog.detectors[detector], self._end - time.monotonic()
        fit = _fitting(spec, len(items), left)
        running = [thread for thread in _left_behind[detector] if thread.is_alive()]
        if fit == 0 or running:
            return _skipped(spec, items)
        answer = _within(left, bench, detector, items[:fit])
        if answer is None:
            return _skipped(spec, items)
        return answer if fit == len(items) else pl.concat([answer, _skipped(spec, items[fit:])])


def _fitting(spec: DetectorSpec, items: int, seconds: float) -> int:
    """Of how many items the detector's declared cost fits into the time."""
    if seconds <= 0:
        return 0
    return items if spec.cost_ms * items <= seconds * 1_000 else int(seconds * 1_000 / spec.cost_ms)


def _within(seconds: float, bench: Bench, detector: str, items: pl.DataFrame) -> pl.DataFrame | None:
    answers: list[pl.DataFrame] = []
    thread = threading.Thread(
        target=lambda: answers.append(bench.ask(detector, items)), daemon=True, name=f"detector {detector}"
    )
    thread.start()
    thread.join(seconds)
    if answers:
        return answers[0]
    _left_behind[detector] = [*filter(threading.Thread.is_alive, _left_behind[detector]), thread]
    return None


def _skipped(spec: DetectorSpec, items: pl.DataFrame) -> pl.DataFrame:
    columns = {name: pl.Series([None] * len(items), dtype=dtype) for name, dtype in spec.schema.items()}
    columns[spec.status_column] = pl.Series([SignalStatus.SKIPPED.value] * len(items), dtype=pl.String)
    return pl.DataFrame({"item_id": items["id"], **columns})
