"""Draws demo.svg from a demo's run: `python docs/pictures/demo.py demo-run docs/pictures/demo.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl

import tidegate


def draw(run: Path, out: Path) -> None:
    """The estimates of the audit sample alone, and the truth that the demo knows beside them."""
    posts, decisions = (pl.read_parquet(run / f"{name}.parquet") for name in ("posts", "decisions"))
    audited = decisions.filter("audited").select("item_id")
    labels = posts.select(item_id="id", violates="violates").join(audited, on="item_id")
    estimates = tidegate.estimate(decisions, labels, posts=posts)
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    truth = [
        {
            "measure": f"{error}_{name.removesuffix('_by_views')}",
            "weight": "view" if name.endswith("_by_views") else "item",
            "truth": figure["truth"],
        }
        for error in ("leakage", "overkill")
        for name, figure in summary[error].items()
    ]
    known = estimates.join(pl.DataFrame(truth), on=["measure", "weight"], how="left")
    tidegate.plot(known).save(str(out))


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
