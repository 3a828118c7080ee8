"""What whoever waits for a run is told."""

from __future__ import annotations

from pathlib import Path

from tidegate.demo import write_stream
from tidegate.runs.bench import Bench
from tidegate.runs.moderate import Job, Progress, moderate


def test_progress_is_told_within_a_batch_and_never_goes_back(bench: Bench, tmp_path: Path) -> None:
    posts, told = tmp_path / "posts.parquet", list[Progress]()
    write_stream(posts, 3_000, 5)
    moderate(Job([str(posts)], tmp_path / "run"), bench, told.append)
    items, shares = [step.items for step in told], [step.share or 0.0 for step in told]
    assert items == sorted(items)
    assert shares == sorted(shares)
    assert (items[-1], shares[-1]) == (3_000, 1.0)
    assert any(0 < number < 3_000 for number in items)
