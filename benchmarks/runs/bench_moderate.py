"""`moderate` on a million short texts: items a second, peak memory, and the share of time outside the
detectors.

Processor time is counted, of the detectors and of everything, so that other work on the machine does not.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from benchmarks.figure import Figure

from tidegate.demo import write_stream
from tidegate.runs.bench import set_up
from tidegate.runs.moderate import Job, moderate
from tidegate.signals import Detector, Example
from tidegate.tables import DetectorSpec

ITEMS = 1_000_000
POSTS = Path(__file__).parent.parent / ".cache" / f"posts-{ITEMS}.parquet"


@dataclass
class Timed:
    """A detector that counts the processor time it takes."""

    detector: Detector
    seconds: float = 0.0

    @property
    def spec(self) -> DetectorSpec:
        return self.detector.spec

    @property
    def examples(self) -> Sequence[Example]:
        return self.detector.examples

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        started = time.process_time()
        answer = self.detector.detect(items)
        self.seconds += time.process_time() - started
        return answer


def run() -> Iterator[Figure]:
    if not POSTS.exists():
        POSTS.parent.mkdir(exist_ok=True)
        write_stream(POSTS, ITEMS, 5)
    bench = set_up("starter")
    timed = {name: Timed(detector) for name, detector in bench.detectors.items()}
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        moderate(Job([str(POSTS)], Path(folder) / "run", truth="violates"), replace(bench, detectors=timed))
        whole = time.process_time() - started
    detectors = sum(detector.seconds for detector in timed.values())
    yield Figure(
        "moderate 1M short texts",
        round(ITEMS / whole),
        "items/s of processor time",
        "the detectors alone",
        detectors / whole,
    )
    yield Figure("moderate 1M: share outside the detectors", 1 - detectors / whole, "of processor time")
    yield Figure("moderate 1M: peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MiB")
