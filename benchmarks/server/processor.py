"""Processor time of processes and all that they started, which depends less on what else a machine does."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def seconds(roots: Collection[int]) -> float:
    """User and system time of these processes, of their descendants, and of those of them that have ended."""
    times, children = {}, defaultdict(list)
    for pid, parent, ticks in _processes():
        times[pid] = ticks
        children[parent].append(pid)
    waiting, total = list(roots), 0
    while waiting:
        pid = waiting.pop()
        total += times.get(pid, 0)
        waiting += children[pid]
    return total * TICK_S


def _processes() -> Iterator[tuple[int, int, int]]:
    """Number, parent and ticks of each process; see proc(5)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        yield int(path.parent.name), int(fields[1]), sum(map(int, fields[11:15]))
