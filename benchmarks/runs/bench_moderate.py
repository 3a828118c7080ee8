"""`moderate` on a million short texts: items a second, peak memory, and the share of time outside the
detectors."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure

from tidegate.demo import write_stream

ITEMS = 1_000_000
POSTS = Path(__file__).parent.parent / ".cache" / f"posts-{ITEMS}.parquet"


def run() -> Iterator[Figure]:
    if not POSTS.exists():
        POSTS.parent.mkdir(exist_ok=True)
        write_stream(POSTS, ITEMS, 5)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "tidegate.cli.main", "moderate", str(POSTS)]
        subprocess.run(
            [*command, "--strategy", "starter", "--out", str(out), "--truth", "violates"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = json.loads((out / "summary.json").read_text())["seconds"]
    whole = used.ru_utime + used.ru_stime
    detectors = sum(value for name, value in seconds.items() if name != "total")
    yield Figure(
        "moderate 1M short texts",
        ITEMS / whole,
        "items per CPU second",
        "the detectors alone",
        detectors / whole,
    )
    yield Figure(
        "moderate 1M: share of time outside the detectors", 1 - detectors / whole, "share of CPU time"
    )
    yield Figure("moderate 1M: peak memory", used.ru_maxrss / 1024, "MiB")
