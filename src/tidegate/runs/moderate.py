"""The main job: items in, a run folder out.

Batches are read, decided by the cascade and kept one by one; when the last is in, the audit sample is drawn
over the whole run and the batches are joined into tables. An interruption leaves whole batches, which
`resume` takes up.
"""

from __future__ import annotations

import errno
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

import tidegate
from tidegate.errors import RunError, Where
from tidegate.runs import folder as folders
from tidegate.runs.audit import write_audit
from tidegate.runs.bench import Bench
from tidegate.runs.closing import close
from tidegate.runs.folder import RunFolder
from tidegate.runs.intake import longest_text
from tidegate.runs.population import check_slices
from tidegate.runs.summary import Rejected
from tidegate.strategy import cascade, decisions_frame
from tidegate.warehouse import Batch, RejectWriter, read_items, write_part
from tidegate.warehouse.exact import read_part

STDIN = "-"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Job:
    """What to moderate, and how.

    `columns` maps our column names to the file's; `truth` is an SQL expression over the file's columns that
    says which items violate, and `truth_policy` one that names the policy they violate.
    """

    sources: Sequence[str]
    out: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    truth: str | None = None
    truth_policy: str | None = None
    by: Sequence[str] = ("policy", "language")
    arm: str = "current"
    batch_rows: int = 50_000
    resume: bool = False


DEAR_MS = 1.0
STEP = 1_000
"""A detector that declares so much an item is asked about so many items at a time."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: items decided, rows rejected, and the share of the input read (None where
    unknown)."""

    items: int
    rejected: int
    share: float | None


def moderate(job: Job, bench: Bench, report: Callable[[Progress], None] = lambda _: None) -> dict[str, Any]:
    """Decide every item of the job; returns the summary that is also written to the folder.

    Raises:
        InputError: the input cannot be read as items; nothing is left behind then.
        MeasureError: `by` names no column; nothing has been done then.
        RunError: the folder is in use, or the disk is full; whole batches stay for `resume`.
    """
    check_slices(job.by)
    folder = RunFolder(job.out)
    manifest = describe(job, bench)
    held = (
        folders.resumed(folder, manifest)
        if job.resume
        else folders.begun(folder, manifest, bench.strategy.text)
    )
    with held, disk_watched(folder):
        with RejectWriter(folder.work / folder.rejected.name) as rejects:
            decide_all(job, bench, folder, rejects, report)
        return finish(job, bench, folder, manifest, rejects)


@contextmanager
def disk_watched(folder: RunFolder) -> Iterator[None]:
    """A full disk says what is kept and how to go on, whichever file it hit."""
    remedy = "Free some space and run the same command again with --resume; whole batches are kept."
    try:
        yield
    except RunError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise RunError(error.what, where=error.where, remedy=remedy) from error
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        where = Where(error.filename or folder.root)
        raise RunError("the disk is full", where=where, remedy=remedy) from error


def decide_all(
    job: Job, bench: Bench, folder: RunFolder, rejects: RejectWriter, report: Callable[[Progress], None]
) -> None:
    """Read, decide and keep every batch that is not yet kept."""
    items, share = 0, 0.0
    batches = read_items(
        [source if source == STDIN else Path(source) for source in job.sources],
        columns=job.columns,
        format=job.format,
        batch_rows=job.batch_rows,
        rejects=rejects,
        truth=job.truth,
        truth_policy=job.truth_policy,
        longest_text=longest_text(bench.workspace.root),
    )
    for number, batch in enumerate(batches):
        part = folder.part(number)
        if part.exists():
            check_same(part, batch)
        else:
            within = partial(_within, batch, Progress(items, rejects.count, share), report)
            keep_batch(part, batch, bench, job.arm, within)
        items, share = items + len(batch.items), batch.share_read or 0.0
        report(Progress(items, rejects.count, batch.share_read))


def _within(batch: Batch, before: Progress, report: Callable[[Progress], None], done: float) -> None:
    """Tell how far the run is when this share of a batch is done."""
    items = before.items + int(done * len(batch.items))
    share = None
    if batch.share_read is not None and before.share is not None:
        share = before.share + done * (batch.share_read - before.share)
    report(Progress(items, before.rejected, share))


def check_same(part: Path, batch: Batch) -> None:
    """A batch that was kept must be of the items that are read again.

    Raises:
        RunError: the input is another than that of the interrupted run.
    """
    kept = read_part(part / "items.arrow", ["id"])["id"]
    if not kept.equals(batch.items["id"]):
        raise RunError(
            "the input has other items than the run that was interrupted",
            where=Where(part),
            remedy="Resume with the same input, or start anew in another folder.",
        )


def _step_by_step(
    bench: Bench, detector: str, items: pl.DataFrame, report: Callable[[float], None]
) -> pl.DataFrame:
    """The answers of a detector, a dear one's in steps, so that whoever waits sees it move."""
    spec = bench.catalog.detectors.get(detector)
    if spec is None or spec.cost_ms < DEAR_MS or len(items) <= STEP:
        return bench.ask(detector, items)
    answers = []
    for start in range(0, len(items), STEP):
        answers.append(bench.ask(detector, items[start : start + STEP]))
        report(min((start + STEP) / len(items), 1.0))
    return pl.concat(answers)


def keep_batch(part: Path, batch: Batch, bench: Bench, arm: str, report: Callable[[float], None]) -> None:
    """Decide one batch and put its tables in `part`, whole or not at all; `report` takes the share done."""
    seconds: dict[str, float] = defaultdict(float)
    started = time.perf_counter()

    def ask(detector: str, items: pl.DataFrame) -> pl.DataFrame:
        before = time.perf_counter()
        answer = _step_by_step(bench, detector, items, report)
        seconds[detector] += time.perf_counter() - before
        return answer

    result = cascade(bench.strategy, batch.items, ask, catalog=bench.catalog)
    decisions = decisions_frame(
        bench.strategy,
        result.resolution,
        result.signals,
        bench.catalog,
        arm=arm,
        ladder=bench.workspace.ladder,
    )
    aside = part.with_name(part.name + ".tmp")
    aside.mkdir()
    write_part(batch.items, aside / "items.arrow")
    write_part(result.signals, aside / "signals.arrow")
    write_part(decisions, aside / "decisions.arrow")
    if batch.truth is not None:
        write_part(batch.truth, aside / "truth.arrow")
    seconds["total"] = time.perf_counter() - started
    (aside / "seconds.json").write_text(json.dumps(seconds))
    aside.rename(part)


def finish(
    job: Job, bench: Bench, folder: RunFolder, manifest: Mapping[str, Any], rejects: RejectWriter
) -> dict[str, Any]:
    """Draw the audit sample and close the run. Safe to do again."""
    parts = folder.parts()
    write_audit(bench.strategy, parts, bench.workspace.audit_seed)
    if rejects.count:
        shutil.copyfile(rejects.path, folder.rejected)
    rejected = Rejected(rejects.count, rejects.summary())
    return close(folder, manifest, bench.workspace.ladder, job.by, rejected=rejected, seconds=spent(parts))


def spent(parts: Sequence[Path]) -> dict[str, float]:
    """Seconds per detector, and in total, over all batches."""
    total: dict[str, float] = defaultdict(float)
    for part in parts:
        for name, seconds in json.loads((part / "seconds.json").read_text()).items():
            total[name] += seconds
    return dict(total)


def describe(job: Job, bench: Bench) -> dict[str, Any]:
    """The manifest: all that the run is made from, so that it can be resumed, replayed and compared."""
    return {
        "tidegate": tidegate.__version__,
        "input": [fingerprint(source) for source in job.sources],
        "columns": dict(job.columns),
        "truth": job.truth,
        "truth_policy": job.truth_policy,
        "strategy": {
            "name": bench.strategy.name,
            "version": bench.strategy.label,
            "hash": bench.strategy.hash,
            "let": dict(bench.strategy.let),
        },
        "arm": job.arm,
        "batch_rows": job.batch_rows,
        "ladder": [asdict(action) for action in bench.workspace.ladder],
        "policies": sorted(path.stem for path in bench.workspace.policies.glob("*.md")),
        "detectors": {name: spec_record(spec) for name, spec in bench.catalog.detectors.items()},
        "audit_seed": bench.workspace.audit_seed,
    }


def spec_record(spec: Any) -> dict[str, Any]:
    return {**asdict(spec), "kinds": sorted(spec.kinds)}


def fingerprint(source: str) -> dict[str, Any]:
    """What tells one input from another without reading it: name, size and time of change."""
    path = Path(source)
    if source == STDIN or not path.exists():
        return {"name": source}
    stat = path.stat()
    return {"name": source, "bytes": stat.st_size, "modified": stat.st_mtime_ns}
