"""Memory is bounded by the batch, not by the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import resource, sys
from pathlib import Path
from tidegate.warehouse import RejectWriter, read_items
with RejectWriter(Path(sys.argv[1] + ".rejected")) as rejects:
    rows = sum(len(batch.items) for batch in read_items(sys.argv[1], rejects=rejects))
print(rows, rejects.count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peak_mib(path: Path, rows: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
    )
    accepted, rejected, peak = map(int, done.stdout.split())
    assert (accepted, rejected) == (rows, 0)
    return peak


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_ten_times_the_rows_take_eight_bytes_more_for_each_and_little_else(tmp_path, form):
    sizes = (100_000, 1_000_000)
    peaks = []
    for size in sizes:
        path = tmp_path / f"{size}.{form}"
        row = '{{"id": "post-{0}", "text": "{1}"}}\n' if form == "jsonl" else 'post-{0},"{1}"\n'
        with path.open("w") as file:
            file.write("id,text\n" if form == "csv" else "")
            file.writelines(row.format(number, "a short text, as they are " * 4) for number in range(size))
        peaks.append(peak_mib(path, size))
    assert peaks[1] - peaks[0] < 60, peaks
    assert path.stat().st_size > 100 * 2**20
