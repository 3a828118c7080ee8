"""How soon `tidegate --help` speaks, against an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure

RUNS = 15


def run() -> Iterator[Figure]:
    helped, idle = [], []
    for _ in range(RUNS):
        helped.append(seconds([sys.executable, "-m", "tidegate.cli.main", "--help"]))
        idle.append(seconds([sys.executable, "-c", "pass"]))
    median, floor = statistics.median(helped), statistics.median(idle)
    yield Figure("tidegate --help", median, "s", "python -c pass", median / floor)


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
