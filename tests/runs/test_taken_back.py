"""An input of which nothing can be read leaves the disk as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors import InputError
from tidegate.runs.bench import Bench
from tidegate.runs.moderate import Job, moderate


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "empty.csv"
    path.touch()
    return path


def test_folders_that_the_run_made_are_gone(empty: Path, bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is empty"):
        moderate(Job([str(empty)], tmp_path / "new" / "newer" / "run"), bench)
    assert list(tmp_path.iterdir()) == [empty]


def test_folders_that_were_there_stay(empty: Path, bench: Bench, tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "link"
    kept.mkdir()
    link.symlink_to(kept)
    for out in (kept, link):
        with pytest.raises(InputError, match="the file is empty"):
            moderate(Job([str(empty)], out), bench)
    assert link.is_symlink()
    assert list(kept.iterdir()) == []


def test_rows_are_told_apart_by_what_is_wrong(bench: Bench, tmp_path: Path) -> None:
    posts = tmp_path / "posts.csv"
    posts.write_text('id,text\n1,fine\n2,too,many,fields\n3\n4,"never ends\n')
    summary = moderate(Job([str(posts)], tmp_path / "run"), bench)
    problems = {reason["problem"]: reason["rows"] for reason in summary["rejected_because"]}
    assert list(problems.values()) == [1, 1, 1]
