"""How fast items are read from CSV, JSON Lines and Parquet, checks and rejects included, against Polars'
own readers, which check nothing and hold everything.

Processor time of one core is counted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from benchmarks.figure import Figure

from tidegate.demo import write_stream
from tidegate.warehouse import RejectWriter, read_items

ITEMS = 200_000


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_stream(folder / "posts.parquet", ITEMS, 5)
        posts = pl.read_parquet(folder / "posts.parquet")
        posts.write_csv(folder / "posts.csv")
        posts.write_ndjson(folder / "posts.jsonl")
        readers = {"parquet": pl.read_parquet, "csv": pl.read_csv, "jsonl": pl.read_ndjson}
        for form, theirs in readers.items():
            path = folder / f"posts.{form}"
            ours = seconds(lambda path=path: read(path))
            ratio = seconds(lambda path=path, theirs=theirs: theirs(path)) / ours
            yield Figure(
                f"reading {form}", round(ITEMS / ours), "rows/s of processor time", "polars, unchecked", ratio
            )


def read(path: Path) -> None:
    with RejectWriter(path.with_suffix(".rejected")) as rejects:
        for batch in read_items(path, rejects=rejects):
            assert len(batch.items)


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)
