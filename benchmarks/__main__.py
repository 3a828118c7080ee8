"""`make bench`: run every benchmark, print a table, append one JSON line per figure to results.jsonl.

A benchmark is a module `bench_*.py` below this folder with `def run() -> Iterator[Figure]`. Name some on the
command line to run only those whose path contains one of the words. Each runs in a process of its own,
held to one core where the system allows it.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"


def found(words: list[str]) -> list[str]:
    paths = sorted(path.relative_to(HERE.parent) for path in HERE.rglob("bench_*.py"))
    wanted = [path for path in paths if not words or any(word in str(path) for word in words)]
    return [".".join(path.with_suffix("").parts) for path in wanted]


def measure(module: str) -> None:
    """In the child: print one JSON line per figure."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for figure in importlib.import_module(module).run():
        print(json.dumps(asdict(figure)), flush=True)


def figures(module: str) -> Iterator[dict[str, object]]:
    environment = os.environ | {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmarks", "--measure", module]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            yield json.loads(line)
    if child.returncode:
        raise SystemExit(f"{module} failed with status {child.returncode}")


def main(words: list[str]) -> None:
    table = Table("figure", "value", "unit", "against", "ratio", title="Benchmarks, one core")
    with RESULTS.open("w") as results:
        for module in found(words):
            for figure in figures(module):
                results.write(json.dumps(figure) + "\n")
                results.flush()
                value, ratio = figure["value"], figure["ratio"]
                table.add_row(
                    str(figure["name"]),
                    f"{value:,.4g}" if isinstance(value, float) else f"{value:,}",
                    str(figure["unit"]),
                    str(figure["against"] or ""),
                    f"{ratio:.2f}" if isinstance(ratio, float) else "",
                )
    Console(width=140).print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2])
    else:
        main(sys.argv[1:])
