"""Sets that no text model of ours is trained on: how one fares with texts from elsewhere.

They are only read, so that they may be under any licence; a set that is not there is left out.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl

from tidegate.signals.text_corpus.corpus import SPLITS, published_frame

OUTSIDE = Path(__file__).parent / "outside.toml"


def load_outside(corpus: pl.DataFrame, data: Path, recipe: Path = OUTSIDE) -> pl.DataFrame:
    """The sets of `recipe` that lie in `data`, in the columns of `corpus`, less every text that is in the
    training split of `corpus`, from whichever set. The few that are in its tuning split remain: two numbers a
    language are fitted there."""
    entries = tomllib.loads(recipe.read_text(encoding="utf-8"))["set"]
    frames = [
        published_frame(name, {"absent": [], **entry}, data / entry["file"])
        for name, entry in entries.items()
        if (data / entry["file"]).is_file()
    ]
    read = corpus.filter(pl.col("split") == SPLITS[0])["text"]
    columns = [name for name in corpus.columns if name != "weight"]
    found = pl.concat([corpus.select(columns).clear(), *frames])
    return found.filter(~pl.col("text").is_in(read.implode()))
