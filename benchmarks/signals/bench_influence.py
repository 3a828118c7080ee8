"""Do the words that are marked carry a score? What leaving them out takes from it, against others by chance.

Of authored harassing texts that the model finds, the marked words are taken out, or words of as many
characters beside them, drawn by chance, and the text is scored anew (comprehensiveness: DeYoung et al. 2020,
arXiv 1911.03429). The models were trained on these texts, so the figures speak of the method, not of them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.figure import Figure
from tidegate.signals import build_detectors
from tidegate.signals.influence import Explains
from tidegate.signals.text_corpus.corpus import AUTHORED, authored_frame

HARM, TEXTS, SEED = "harassment", 40, 20261130
Spans = Sequence[tuple[int, int]]


def run() -> Iterator[Figure]:
    detectors = build_detectors({"quick": {}, "text": {}}, Path("."))
    for name, detector in detectors.items():
        assert isinstance(detector, Explains)

        def chance(texts: list[str], name: str = name) -> NDArray[np.float64]:
            frame = detectors[name].detect(pl.DataFrame({"text": texts}))
            found: NDArray[np.float64] = frame[f"{name}.{HARM}"].fill_null(0.0).to_numpy()
            return found

        for language in ("en", "zh"):
            frame = authored_frame(AUTHORED / f"{HARM}.{language}.txt", 3)
            every = frame["text"].unique(maintain_order=True).to_list()
            texts = [text for text, p in zip(every, chance(every), strict=True) if p > 0.5][:TEXTS]
            begin = time.process_time()
            before = chance(texts)
            reading = time.process_time() - begin
            begin = time.process_time()
            found = [detector.influence(text, [HARM]) for text in texts]
            asking = time.process_time() - begin
            marked = [one.strongest(HARM) for one in found]
            draw = random.Random(SEED)
            others = [
                _as_many(draw, [(int(a), int(b)) for a, b in one.spans], spans)
                for one, spans in zip(found, marked, strict=True)
            ]
            ours, theirs = (
                float((before - chance([_without(*pair) for pair in zip(texts, spans, strict=True)])).mean())
                for spans in (marked, others)
            )
            about = f"{name}, {language}, {len(texts)} texts"
            yield Figure(f"{about}: lost without the marked words", round(ours, 2), "probability")
            yield Figure(f"{about}: lost without as many others", round(theirs, 2), "probability")
            each = round(1000 * asking / len(texts), 1)
            yield Figure(f"{about}: finding them", each, "ms a text", "reading it once", asking / reading)


def _without(text: str, spans: Spans) -> str:
    return "".join(char for at, char in enumerate(text) if not any(a <= at < b for a, b in spans))


def _as_many(draw: random.Random, words: list[tuple[int, int]], marked: Spans) -> Spans:
    """Words beside the marked ones, drawn until they have as many characters."""
    free = [(a, b) for a, b in words if not any(c < b and a < d for c, d in marked)]
    draw.shuffle(free)
    chosen: list[tuple[int, int]] = []
    while free and sum(b - a for a, b in chosen) < sum(b - a for a, b in marked):
        chosen.append(free.pop())
    return chosen
