"""Runs on small generated streams, made once per session with the real pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.demo import write_stream
from tidegate.runs.bench import Bench, set_up
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, moderate


@pytest.fixture(scope="session")
def bench() -> Bench:
    return set_up("starter")


@pytest.fixture(scope="session")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two thousand generated posts whose truth is known."""
    path = tmp_path_factory.mktemp("posts") / "posts.parquet"
    write_stream(path, 2_000, 11)
    return path


@pytest.fixture(scope="session")
def run(posts: Path, bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished run over those posts."""
    out = tmp_path_factory.mktemp("runs") / "run"
    job = Job([str(posts)], out, truth="violates", truth_policy="policy", batch_rows=600)
    moderate(job, bench)
    return RunFolder(out)
