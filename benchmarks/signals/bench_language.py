"""How often the language detector is right on public posts. Needs the folder TIDEGATE_DATA."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from benchmarks.data import DATA
from benchmarks.figure import Figure
from tidegate.signals.language import identify

SETS = (
    ("davidson_hate_offensive", "en"),
    ("edos_sexism", "en"),
    ("cold_zh", "zh"),
    ("germeval2018_offensive", "de"),
    ("mlma_en_fr_ar", "fr"),
    ("mlma_en_fr_ar", "ar"),
    ("told_br", "pt"),
    ("japanese_toxic", "ja"),
    ("korean_hate_speech", "ko"),
)
TEXTS = 10_000


def run() -> Iterator[Figure]:
    for name, language in SETS:
        path = DATA / f"text_{name}.parquet"
        if path.is_file():
            posts = pl.read_parquet(path).filter(pl.col("lang") == language)["text"].head(TEXTS)
            codes, _ = identify(posts.to_list())
            share = sum(code == language for code in codes) / len(codes)
            yield Figure(f"language right: {name}, {language}, {len(codes):,} texts", share, "share")
