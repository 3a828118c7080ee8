"""What one long text costs, whatever is in it: seconds of a processor for the dearest of several kinds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.figure import Figure
from tidegate.signals import Detector, build_detectors, compute
from tidegate.tables import ITEMS

KINDS = {
    "words": "The quiet lake lay under a blue morning sky. ",
    "Chinese": "今天天气很好，我们去公园散步。",
    "disguises": "m4g1c m.a.g.i.c ma\u200bgic mаgiс ",
    "one letter": "a",
    "emoji": "🎉",
    "marks": "e\u0301\u0302\u0303\u0304",
    "addresses": "a@b.example https://e.example/a ",
}
LENGTHS = (10_000, 100_000, 200_000, 1_000_000)


def run() -> Iterator[Figure]:
    detectors = build_detectors({"quick": {}, "evasion": {}, "language": {}, "text": {}}, base=Path())
    for name, detector in detectors.items():
        compute(detector, _item("Warm up."))
        for length in LENGTHS:
            seconds = max(_seconds(detector, (kind * length)[:length]) for kind in KINDS.values())
            yield Figure(f"one text of {length:,} characters, {name}", seconds, "s")


def _seconds(detector: Detector, text: str) -> float:
    began = time.process_time()
    compute(detector, _item(text))
    return time.process_time() - began


def _item(text: str) -> pl.DataFrame:
    posts = pl.DataFrame({"id": ["a"], "kind": ["text"], "text": [text]})
    return pl.concat([ITEMS.empty(), posts], how="diagonal")
