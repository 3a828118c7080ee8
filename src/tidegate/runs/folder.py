"""The run folder: what a run leaves behind, under which names, and how it comes to be whole.

While a run is going on its batches lie in `.work/`, each written aside and renamed into place, so an
interruption leaves only whole batches. `run.json` says what the run was made from; `complete` in it turns
true last of all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tidegate.errors import InputError, RunError, Where

TABLES = ("items", "signals", "decisions", "truth")
MANIFEST = ("input", "strategy", "ladder", "policies", "detectors", "audit_seed")
"""What every run.json says, at least."""


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run."""

    root: Path

    @property
    def manifest(self) -> Path:
        return self.root / "run.json"

    @property
    def strategy(self) -> Path:
        return self.root / "strategy.yaml"

    @property
    def summary(self) -> Path:
        return self.root / "summary.json"

    @property
    def review(self) -> Path:
        return self.root / "review.csv"

    @property
    def audit(self) -> Path:
        return self.root / "audit.csv"

    @property
    def rejected(self) -> Path:
        return self.root / "rejected.jsonl"

    @property
    def work(self) -> Path:
        return self.root / ".work"

    def table(self, name: str) -> Path:
        return self.root / f"{name}.parquet"

    def part(self, number: int) -> Path:
        return self.work / f"part-{number:06d}"

    def parts(self) -> list[Path]:
        """The batches that are whole, in order."""
        return sorted(path for path in self.work.glob("part-*") if path.suffix != ".tmp")

    def read_manifest(self) -> dict[str, Any]:
        """What the run was made from.

        Raises:
            RunError: this is no run folder, or its manifest cannot be read.
        """
        try:
            manifest: dict[str, Any] = json.loads(self.manifest.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RunError(
                "this is not a run folder: it has no run.json",
                where=Where(self.root),
                remedy="Name a folder that `tidegate moderate … --out FOLDER` made.",
            ) from error
        except NotADirectoryError as error:
            raise RunError(
                "this is a file, not a run folder",
                where=Where(self.root),
                remedy="Name a folder that `tidegate moderate … --out FOLDER` made.",
            ) from error
        except ValueError as error:
            raise RunError(f"run.json cannot be read: {error}", where=Where(self.manifest)) from error
        missing = [key for key in MANIFEST if not isinstance(manifest, dict) or key not in manifest]
        if missing:
            raise RunError(
                f"run.json does not say {', '.join(missing)}",
                where=Where(self.manifest),
                remedy="Moderate the posts again into another folder: this one was changed, or is no run.",
            )
        return manifest

    def finished(self) -> dict[str, Any]:
        """The manifest of a run that is complete.

        Raises:
            RunError: the run was interrupted.
        """
        manifest = self.read_manifest()
        if not manifest.get("complete"):
            raise RunError(
                "this run is not finished",
                where=Where(self.root),
                remedy="Run the same `tidegate moderate` command again with --resume.",
            )
        return manifest


@contextmanager
def begun(folder: RunFolder, manifest: Mapping[str, Any], strategy_text: str) -> Iterator[None]:
    """A new run folder that nobody else works on, or nothing changed.

    Where the input proves unreadable before anything of it is kept, what was made here is taken back.

    Raises:
        RunError: the folder holds something already.
    """
    if folder.root.exists() and (not folder.root.is_dir() or any(folder.root.iterdir())):
        what, remedy = _in_use(folder)
        raise RunError(what, where=Where(folder.root), remedy=remedy)
    made = [path for path in (folder.root, *folder.root.parents) if not path.exists()]
    folder.work.mkdir(parents=True, exist_ok=True)
    try:
        with _alone(folder):
            write_text(folder.strategy, strategy_text)
            write_json(folder.manifest, manifest)
            yield
    except InputError:
        if not folder.parts():
            _take_back(folder, made)
        raise


def _take_back(folder: RunFolder, made: Sequence[Path]) -> None:
    """Remove what `begun` wrote, and the folders that it made, innermost first; nothing of anybody else's."""
    shutil.rmtree(folder.work)
    folder.strategy.unlink()
    folder.manifest.unlink()
    for path in made:
        path.rmdir()


def _in_use(folder: RunFolder) -> tuple[str, str]:
    if not folder.root.is_dir():
        return "this is a file, not a folder", "Name a new folder with --out."
    if folder.work.exists():
        return "an interrupted run lies here", "Add --resume to take it up, or name a new folder with --out."
    return "the output folder is not empty", "Name a new folder with --out."


@contextmanager
def resumed(folder: RunFolder, manifest: Mapping[str, Any]) -> Iterator[None]:
    """The interrupted run in this folder, which was made from the same things and which nobody else works on.

    Raises:
        RunError: it is complete already, was made from something else, or is still going on.
    """
    found = folder.read_manifest()
    if found.get("complete"):
        raise RunError(
            "this run is complete; there is nothing to resume",
            where=Where(folder.root),
            remedy=f"Read it with `tidegate measure {folder.root}`, or name a new folder.",
        )
    for key, value in manifest.items():
        if found.get(key) != json.loads(json.dumps(value)):
            raise RunError(
                f"the interrupted run in this folder was made from another {key}",
                where=Where(folder.manifest, field=key),
                remedy="Resume with the same input, strategy and settings, or start anew in another folder.",
            )
    with _alone(folder):
        for leftover in folder.work.glob("*.tmp"):
            shutil.rmtree(leftover)
        yield


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """The folder to oneself; the lock falls with the process, so no crash leaves one behind."""
    lock = FileLock(folder.work / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise RunError(
            "another process is at work on this run",
            where=Where(folder.root),
            remedy="Let it end, or stop it; then run the same command with --resume.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def complete(folder: RunFolder, manifest: Mapping[str, Any]) -> None:
    """Mark the run as complete and clear what it worked with."""
    write_json(folder.manifest, {**manifest, "complete": True})
    shutil.rmtree(folder.work)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write aside, then rename: a reader sees the old file or the new one, never half of one."""
    aside = path.with_name(path.name + ".tmp")
    with aside.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)
