"""How fast the detectors are on short texts; the quick model against scikit-learn's hashing, and the
text-risk model's detector against its bare transformer.

The texts are 10,000 English and 10,000 Chinese posts of public sets in the folder TIDEGATE_DATA; without it,
the authored training sentences, repeated (easier, because words repeat too). Processor time is counted, so
that other work on the machine does not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.data import DATA
from benchmarks.figure import Figure
from tidegate.signals import build_detectors
from tidegate.signals.prepare import prepared
from tidegate.signals.text_corpus.corpus import AUTHORED, authored_frame
from tidegate.signals.text_risk.detector import TextRisk
from tidegate.signals.text_risk.pieces import windows_of
from tidegate.signals.text_risk.weights import load_model

TEXTS = 20_000
READ_WHOLE = 1_000
LOAD = (
    "import time; from pathlib import Path; from tidegate.signals import build_detectors; "
    "build_detectors({{'{name}': {{}}}}, Path('.')); print(time.process_time())"
)


def run() -> Iterator[Figure]:
    items = posts()
    texts = items["text"].to_list()
    ours = 0.0
    for name, detector in build_detectors({"quick": {}, "language": {}, "evasion": {}}, Path()).items():
        detector.detect(items[:100])
        speed = TEXTS / best_of(lambda detector=detector: detector.detect(items))
        ours = speed if name == "quick" else ours
        yield Figure(f"{name} detector", round(speed), "texts/s of processor time")
    theirs = TEXTS / best_of(hashing(texts), times=1)
    yield Figure(
        "quick text model",
        round(ours),
        "texts/s of processor time",
        "HashingVectorizer and dot",
        ours / theirs,
    )
    yield from text_risk(items.sample(READ_WHOLE, seed=1))
    for name in ("quick", "text"):
        load = min(
            float(subprocess.run(command(name), capture_output=True, text=True, check=True).stdout)
            for _ in range(3)
        )
        yield Figure(f"{name} detector: start Python, import, load", round(load, 3), "s of processor time")


def text_risk(items: pl.DataFrame) -> Iterator[Figure]:
    """The detector with all that it does, and the transformer alone over the same windows."""
    model = load_model(threads=1)
    different = list(dict.fromkeys(prepared(items["text"].to_list())))
    windows = [window for text in windows_of(different, model.pieces) for window in text]
    detector = TextRisk(model)
    detector.detect(items[:20])
    whole = best_of(lambda: detector.detect(items))
    bare = best_of(lambda: [model.encoder.run(None, {"ids": window}) for window in windows])
    yield Figure(
        "text detector",
        round(len(items) / whole),
        "texts/s of processor time",
        "the bare transformer on the same windows",
        bare / whole,
    )


def command(name: str) -> list[str]:
    return [sys.executable, "-c", LOAD.format(name=name)]


def posts() -> pl.DataFrame:
    paths = [DATA / f"text_{name}.parquet" for name in ("davidson_hate_offensive", "cold_zh")]
    if all(path.is_file() for path in paths):
        return pl.concat(pl.read_parquet(path, columns=["text"]).head(TEXTS // 2) for path in paths)
    sentences = [text for path in sorted(AUTHORED.glob("*.txt")) for text in authored_frame(path, 20)["text"]]
    return pl.DataFrame({"text": list(islice(cycle(sentences), TEXTS))})


def best_of(work: Callable[[], object], times: int = 3) -> float:
    seconds = []
    for _ in range(times):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def hashing(texts: list[str]) -> Callable[[], object]:
    """The usual way to the same kind of model: words and pairs, pieces of words, one matrix product."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 19)
    pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), n_features=1 << 19)
    weights = np.random.default_rng(0).normal(size=(1 << 20, 9)).astype(np.float32)
    return lambda: hstack([words.transform(texts), pieces.transform(texts)]).tocsr() @ weights
