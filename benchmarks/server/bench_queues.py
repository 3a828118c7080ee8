"""How long a reviewer waits for tasks, and a lead for the page of queues, while 100,000 tasks wait.

    python -m benchmarks queues

Tasks are given by the function that the review screen calls; the page is what Django answers, charts and all.
All but a few of the tasks are none for this reviewer, in each of the ways in which that happens. On SQLite
and on PostgreSQL; WAITING says how many wait. Other work on the machine lengthens the median, hardly the
least, and not the time on the CPU, which is that of the process alone: on SQLite all of it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.server.bench_load import ROOT, tidegate
from benchmarks.server.database import postgresql

WAITING = int(os.environ.get("WAITING", 100_000))


def run() -> Iterator[Figure]:
    for name, database in (("SQLite", nullcontext((None, 0))), ("PostgreSQL", postgresql())):
        with database as (url, _), tempfile.TemporaryDirectory() as folder:
            site = Path(folder) / "site"
            tidegate("init", str(site))
            environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
            environment |= {} if url is None else {"DATABASE_URL": url}
            command = [sys.executable, "-m", "benchmarks.server.queue_world", str(site), str(WAITING)]
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
        plain = None
        for line in done.stdout.decode().splitlines():
            what, took = json.loads(line)
            wall, own = (statistics.median(column) for column in zip(*took, strict=True))
            least = min(one for one, _ in took)
            plain = plain or least
            yield Figure(f"{name}: {what}, median", round(wall, 1), "ms")
            yield Figure(f"{name}: {what}, least", round(least, 1), "ms", "whatever comes", least / plain)
            yield Figure(f"{name}: {what}, CPU of the process", round(own, 1), "ms")
