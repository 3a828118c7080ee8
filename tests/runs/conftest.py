"""Runs on small generated streams, made once per session with the real pipeline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tidegate.demo import write_stream
from tidegate.runs.bench import STARTER_STRATEGY, Bench, set_up
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, moderate


@pytest.fixture(scope="session")
def bench() -> Bench:
    return set_up("starter")


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The starter strategy as the quick model alone can tell: for tests of what comes after deciding, on many
    posts; the other model needs fifteen times as long."""
    text, rules = re.subn(r"when: text\.", "when: quick.", STARTER_STRATEGY.read_text(encoding="utf-8"))
    assert rules > 0
    path = tmp_path_factory.mktemp("quick") / "strategy.yaml"
    path.write_text(text, encoding="utf-8")
    return set_up(path)


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
