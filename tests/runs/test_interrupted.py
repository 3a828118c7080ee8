"""Interruptions: nothing half-written, and --resume gives what an uninterrupted run would have given."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tidegate.demo import write_stream
from tidegate.runs.folder import RunFolder

POSTS = 4_000
"""In forty batches, so that there is time to interrupt."""


def moderate(posts: Path, out: Path, *extra: str) -> list[str]:
    return [
        *(sys.executable, "-m", "tidegate.cli.main", "moderate", str(posts)),
        *("--strategy", "starter", "--out", str(out), "--truth", "violates"),
        *("--batch-rows", str(POSTS // 40), *extra),
    ]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "posts.parquet"
    write_stream(path, POSTS, 3)
    return path


def interrupt(command: list[str], folder: RunFolder, parts: int) -> int:
    """Start, press Ctrl-C once some batches are kept, and give the exit status."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until = time.monotonic() + 60
        while len(folder.parts()) < parts and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        return child.wait(timeout=60)


def test_an_interrupted_run_is_resumed_to_the_same_result(stream: Path, tmp_path: Path) -> None:
    whole, broken = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "broken")
    subprocess.run(moderate(stream, whole.root), check=True, capture_output=True)

    assert interrupt(moderate(stream, broken.root), broken, 3) == 130
    assert not broken.table("decisions").exists()
    kept = len(broken.parts())
    assert 3 <= kept < 40
    subprocess.run(moderate(stream, broken.root, "--resume"), check=True, capture_output=True)

    for table in ("items", "signals", "decisions", "truth"):
        assert pl.read_parquet(whole.table(table)).equals(pl.read_parquet(broken.table(table)))
    without_time = [json.loads(run.summary.read_text()) | {"seconds": None} for run in (whole, broken)]
    assert without_time[0] == without_time[1]
    assert not broken.work.exists()


def test_an_unfinished_run_says_so_and_is_not_measured(stream: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    interrupt(moderate(stream, folder.root), folder, 1)
    done = subprocess.run(
        [sys.executable, "-m", "tidegate.cli.main", "measure", str(folder.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "this run is not finished" in done.stderr
    assert "--resume" in done.stderr


def test_resuming_with_another_strategy_is_refused(stream: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    interrupt(moderate(stream, folder.root), folder, 1)
    done = subprocess.run(
        moderate(stream, folder.root, "--resume", "--let", "remove=0.9"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "was made from another strategy" in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a small file system can be mounted by root only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_named_and_the_run_can_be_taken_up_elsewhere(
    stream: Path, small_disk: Path, tmp_path: Path
) -> None:
    folder = RunFolder(small_disk / "run")
    done = subprocess.run(moderate(stream, folder.root), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not folder.table("decisions").exists()
    for part in folder.parts():
        assert len(pl.read_ipc(part / "decisions.arrow")) == POSTS // 40

    moved = RunFolder(tmp_path / "roomier")
    shutil.copytree(folder.root, moved.root)
    subprocess.run(moderate(stream, moved.root, "--resume"), check=True, capture_output=True)
    assert json.loads(moved.summary.read_text())["items"] == POSTS


@pytest.mark.slow
def test_ctrl_c_is_taken_as_such_wherever_it_falls(stream: Path, tmp_path: Path) -> None:
    # Inside the database and other libraries it comes back as an error of theirs, or is lost on the way.
    for parts in range(1, 25):
        broken = RunFolder(tmp_path / f"broken-{parts}")
        assert interrupt(moderate(stream, broken.root), broken, parts) == 130
        assert not broken.table("decisions").exists()


def test_resuming_with_other_items_is_refused(stream: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    posts = pl.read_parquet(stream)
    for name, items in (("first", posts), ("other", posts.reverse())):
        items.write_csv(tmp_path / f"{name}.csv")
    command = [*moderate(Path("-"), folder.root), "--format", "csv"]
    with (tmp_path / "first.csv").open() as given, subprocess.Popen(command, stdin=given) as child:
        until = time.monotonic() + 60
        while len(folder.parts()) < 2 and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=60)
    with (tmp_path / "other.csv").open() as given:
        done = subprocess.run(
            [*command, "--resume"], stdin=given, capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert "the input has other items than the run that was interrupted" in done.stderr
    assert not folder.read_manifest().get("complete")


def test_an_interrupted_demo_can_be_run_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "demo")
    command = [sys.executable, "-m", "tidegate.cli.main", "demo", "--no-serve", "--out"]
    with subprocess.Popen(
        [*command, str(folder.root), "--items", "60000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        until = time.monotonic() + 60
        while not folder.manifest.exists() and child.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        child.kill()
    assert not (folder.root / "posts.parquet").exists()
    done = subprocess.run(
        [*command, str(folder.root), "--items", "300"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_two_processes_do_not_work_on_one_run(stream: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with subprocess.Popen(moderate(stream, folder.root), stdout=subprocess.DEVNULL) as first:
        until = time.monotonic() + 60
        while not folder.parts() and first.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(
            moderate(stream, folder.root, "--resume"), capture_output=True, text=True, check=False
        )
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=120) == 0
    assert second.returncode == 2
    assert "another process is at work on this run" in second.stderr
    assert json.loads(folder.summary.read_text())["items"] == POSTS
