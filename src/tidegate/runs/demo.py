"""The demo: generate a stream whose truth is known, and do the main job on it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.demo import write_stream
from tidegate.runs.bench import Bench
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Job, Progress, moderate
from tidegate.warehouse.exact import scan_table

POSTS = "posts.parquet"
STREAM = "tidegate-demo-"
"""What the folder's name begins with in which a demo's stream is made."""


def run_demo(
    out: Path, bench: Bench, count: int, seed: int, report: Callable[[Progress], None]
) -> dict[str, Any]:
    """Moderate `count` generated posts into `out`; the summary, with the id of an item worth explaining.

    The posts are kept in the folder as posts.parquet. A former demo there is replaced; any other folder is
    not.
    """
    if is_demo(out):
        shutil.rmtree(out)
    with tempfile.TemporaryDirectory(prefix=STREAM) as folder:
        posts = Path(folder) / POSTS
        write_stream(posts, count, seed)
        job = Job(sources=[str(posts)], out=out, truth="violates", truth_policy="policy")
        summary = moderate(job, bench, report)
        shutil.move(posts, out / POSTS)
    return {**summary, "example": example(RunFolder(out))}


def is_demo(out: Path) -> bool:
    """Whether a demo's run lies here, finished or interrupted."""
    folder = RunFolder(out)
    if not folder.manifest.is_file():
        return False
    sources = [Path(source["name"]) for source in folder.read_manifest()["input"]]
    return (out / POSTS).exists() or [path.name for path in sources if STREAM in str(path.parent)] == [POSTS]


def example(folder: RunFolder) -> str:
    """An item that was removed though it does not violate, or else any that was removed, or else any."""
    decisions = scan_table(folder.table("decisions")).select("item_id", "action")
    truth = scan_table(folder.table("truth")).select("violates")
    worth = pl.col("action").is_in(["allow", "review"]).cast(pl.Int8) + pl.col("violates").cast(pl.Int8)
    first = pl.concat([decisions, truth], how="horizontal").sort(worth, maintain_order=True).first().collect()
    return str(first["item_id"].item())
