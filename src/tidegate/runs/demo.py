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

POSTS = "posts.parquet"


def run_demo(
    out: Path, bench: Bench, count: int, seed: int, report: Callable[[Progress], None]
) -> dict[str, Any]:
    """Moderate `count` generated posts into `out`; the summary, with the id of an item worth explaining.

    The posts are kept in the folder as posts.parquet. A former demo there is replaced; any other folder is
    not.
    """
    if (out / POSTS).exists() and RunFolder(out).manifest.exists():
        shutil.rmtree(out)
    with tempfile.TemporaryDirectory() as folder:
        posts = Path(folder) / POSTS
        write_stream(posts, count, seed)
        job = Job(sources=[str(posts)], out=out, truth="violates", truth_policy="policy")
        summary = moderate(job, bench, report)
        shutil.move(posts, out / POSTS)
    return {**summary, "example": example(RunFolder(out))}


def example(folder: RunFolder) -> str:
    """An item that was removed though it does not violate, or else any that was removed, or else any."""
    decisions = pl.scan_parquet(folder.table("decisions")).select("item_id", "action")
    truth = pl.scan_parquet(folder.table("truth")).select("violates")
    worth = pl.col("action").is_in(["allow", "review"]).cast(pl.Int8) + pl.col("violates").cast(pl.Int8)
    first = pl.concat([decisions, truth], how="horizontal").sort(worth, maintain_order=True).first().collect()
    return str(first["item_id"].item())
