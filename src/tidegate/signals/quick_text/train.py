"""Training the quick text model: recipe and data in, a weights file and its measured quality out.

`python -m tidegate.signals.quick_text.train DATA OUT` does the same from a shell. Needs the extra `train`
(SciPy does the work; scikit-learn measures).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.card import card, labels_of
from tidegate.signals.quick_text.fit import (
    Array,
    feature_counts,
    fit_sigmoid,
    fit_weights,
    inverse_frequencies,
    scaled,
    with_floor,
)
from tidegate.signals.quick_text.model import GROUPS, WEIGHTS, QuickTextModel, load_model, packed, unpacked
from tidegate.signals.text_corpus.corpus import OURS, RECIPE, Source, load_corpus, load_recipe

FALSE_ALARMS = 0.01
"""The share of a harm's harmless tuning texts that may exceed its threshold, within the range below."""

THRESHOLD_RANGE = (0.1, 0.5)

FEWEST = 100
"""So many harmful tuning texts a harm, or a writing system, needs for a calibration of its own."""


RARE_SHARE = 0.05
"""The share of harmful texts that the probability of a harm with fewer speaks of, at least."""


@dataclass(frozen=True)
class Trained:
    """What training gave: the file, the model as loaded from it, the corpus, and where that came from."""

    path: Path
    model: QuickTextModel
    corpus: pl.DataFrame
    sources: list[Source]


def train(
    data: Path, out: Path, *, recipe: Path = RECIPE, report: Callable[[str], None] = lambda _: None
) -> Trained:
    """Train on the sets of `recipe` found in `data`; writes `out`/quick-text.npz and its SHA-256.

    The same recipe, data and library versions give the same file.

    Raises:
        SignalError: the recipe is not whole, or one of its sets is missing. Nothing is written then.
    """
    settings = load_recipe(recipe)
    corpus, sources = load_corpus(settings, data)
    report(f"{len(corpus):,} texts from {len(sources)} sets")
    model = fit_model(corpus, settings["fit"])
    report("weights fitted")
    # What is calibrated is what will be loaded, in the precision of the file.
    model = calibrated(unpacked(packed(model)), corpus)
    out.mkdir(parents=True, exist_ok=True)
    path = out / WEIGHTS.name
    file = packed(model)
    path.write_bytes(file)
    path.with_suffix(".sha256").write_text(
        f"{hashlib.sha256(file).hexdigest()}  {path.name}\n", encoding="ascii"
    )
    report(f"{len(file):,} bytes of weights")
    return Trained(path, load_model(path), corpus, sources)


def fit_model(corpus: pl.DataFrame, fit: dict[str, float]) -> QuickTextModel:
    """The fitted weights, not yet calibrated."""
    bits = int(fit["bits"])
    part = corpus.filter(pl.col("split") == "train")
    counts = feature_counts(part["text"].to_list(), bits)
    frequency = inverse_frequencies(counts)
    texts = np.bincount(counts.indices, minlength=1 << bits)
    kept = np.flatnonzero(texts >= fit["least_texts"])
    weights = fit_weights(
        scaled(counts, frequency)[:, kept],
        labels_of(part),
        part["weight"].to_numpy(),
        set_numbers(part),
        penalty=fit["penalty"],
        iterations=int(fit["iterations"]),
    )
    # What a feature adds to a score is its weight times its frequency. The file holds so many rows: those
    # that matter to most texts.
    weights *= frequency[kept, None]
    relative = np.abs(weights / np.maximum(np.abs(weights).max(axis=0), 1e-12)).max(axis=1)
    order = np.argsort(-relative * np.sqrt(texts[kept]), kind="stable")
    strongest = np.sort(order[: int(fit["rows"])])
    table = np.zeros((1 << bits, len(HARM_KEYS) + 1), np.float32)
    table[kept[strongest], :-1] = weights[strongest]
    table[:, -1] = frequency**2
    ones = np.ones((len(GROUPS), len(HARM_KEYS)), np.float32)
    return QuickTextModel(HARM_KEYS, "uncalibrated", bits, table, ones, 0 * ones, ones[0] / 2)


def set_numbers(corpus: pl.DataFrame) -> NDArray[np.int64]:
    """A number from 0 for each published set, and -1 for our own sentences."""
    published = pl.when(~OURS).then("set").rank("dense") - 1
    return corpus.select(published.fill_null(-1).cast(pl.Int64)).to_series().to_numpy()


def calibrated(model: QuickTextModel, corpus: pl.DataFrame) -> QuickTextModel:
    """The model with slopes and shifts fitted on the tuning split, per harm and writing system.

    A harm with fewer than `FEWEST` harmful texts in a writing system is calibrated on all; one with fewer
    even so shares the calibration of all such harms together, for a handful of sentences says little about a
    slope.
    """
    part = corpus.filter(pl.col("split") == "tune")
    labels = labels_of(part)
    scores, group = model.scores(part["text"].to_list())
    labels[np.isnan(scores)] = np.nan
    harmful = (labels == 1).sum(axis=0)
    weights = np.column_stack(
        [
            with_floor(column, part["weight"].to_numpy(), RARE_SHARE if few else 0)
            for column, few in zip(labels.T, harmful < FEWEST, strict=True)
        ]
    )
    slope, shift = np.ones_like(model.slope), np.zeros_like(model.shift)
    for h in range(len(model.harms)):
        like = [h] if harmful[h] >= FEWEST else np.flatnonzero(harmful < FEWEST)
        for g in range(len(GROUPS)):
            rows = ~np.isnan(labels[:, like])
            apart = rows & (group == g)[:, None]
            if (labels[:, like][apart] == 1).sum() >= FEWEST:
                rows = apart
            slope[g, h], shift[g, h] = fit_sigmoid(
                scores[:, like][rows].astype(float), labels[:, like][rows], weights[:, like][rows]
            )
    numbers = b"".join(part.tobytes() for part in (model.table, slope, shift))
    version = hashlib.sha256(numbers).hexdigest()[:12]
    fitted = replace(model, slope=slope, shift=shift, version=version)
    return replace(fitted, threshold=thresholds(fitted.probabilities(part["text"].to_list()), labels))


def thresholds(probability: NDArray[np.float32], labels: Array) -> NDArray[np.float32]:
    """Per harm, the probability that `FALSE_ALARMS` of its harmless texts exceed, in `THRESHOLD_RANGE`."""
    found = [np.quantile(probability[labels[:, h] == 0, h], 1 - FALSE_ALARMS) for h in range(labels.shape[1])]
    return np.clip(np.array(found, np.float32), *THRESHOLD_RANGE)


if __name__ == "__main__":
    made = train(Path(sys.argv[1]), Path(sys.argv[2]), report=lambda line: print(line, file=sys.stderr))
    print(card(made.model, made.corpus, made.sources))
