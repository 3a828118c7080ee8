"""All of the way from the recipe to the file of weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import sentencepiece
import torch
from numpy.typing import NDArray

from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.card import labels_of
from tidegate.signals.text_corpus.corpus import OURS, RECIPE, load_corpus, load_recipe
from tidegate.signals.text_risk.finetune.base import load_base
from tidegate.signals.text_risk.finetune.batches import Ints, Texts
from tidegate.signals.text_risk.finetune.export import encoder_file
from tidegate.signals.text_risk.finetune.fit import Stage, train_stage
from tidegate.signals.text_risk.finetune.network import Network
from tidegate.signals.text_risk.finetune.resume import lifted
from tidegate.signals.text_risk.finetune.vocabulary import kept_pieces, piece_model
from tidegate.signals.text_risk.model import OTHER, Head
from tidegate.signals.text_risk.recalibrate import recalibrate
from tidegate.signals.text_risk.weights import WEIGHTS, save_model

LANGUAGES = ("en", "zh", "de", "fr", "ar", OTHER)
"""Languages that are calibrated apart where there are texts enough."""


def make(
    data: Path,
    out: Path,
    *,
    start: Path | None = None,
    recipe: Path = RECIPE,
    report: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train by the recipe's stages on the sets in `data`; writes `out`/text-risk.zip and its SHA-256.

    With the weights of `start`, only the stages that the recipe marks `later` are gone through.

    Raises:
        SignalError: the recipe is not whole, a set, the encoder or `start` is missing. Nothing is written
            then.
    """
    settings = load_recipe(recipe)
    plan = settings["finetune"]
    corpus, _ = load_corpus(settings, data)
    sets = corpus.filter(~OURS)["set"].n_unique()
    if start is None:
        base = load_base()
        kept = kept_pieces(base, corpus.filter(pl.col("split") == "train")["text"].to_list(), plan["pieces"])
        pieces = piece_model(base, kept)
        tensors = {**base.tensors, "word": base.tensors["word"][kept]}
        network = Network(tensors, range(plan["layers"]), base.heads, len(HARM_KEYS), sets)
    else:
        pieces, base, head = lifted(start)
        network = Network(base.tensors, range(base.layers), base.heads, len(HARM_KEYS), sets)
        network.begin_with(head.weights, head.bias)
    stages = [stage for stage in plan["stage"] if start is None or stage.get("later", False)]
    train(network, corpus, pieces, stages, report)
    path = out / WEIGHTS.name
    write(path, pieces, network, base.heads, corpus)
    report(f"{path.stat().st_size:,} bytes of weights")
    return path


def train(
    network: Network,
    corpus: pl.DataFrame,
    pieces: bytes,
    stages: Sequence[Mapping[str, Any]],
    report: Callable[[str], None],
) -> None:
    """Train in place, on the GPU where there is one."""
    texts = texts_of(corpus, sentencepiece.SentencePieceProcessor(model_proto=pieces))
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    for number, entry in enumerate(stages, start=1):
        stage = Stage(**{key: value for key, value in entry.items() if key not in ("take", "later")})
        report(f"stage {number} of {len(stages)}")
        train_stage(network, texts, drawn(corpus, entry["take"]), stage, number, report)


def texts_of(corpus: pl.DataFrame, pieces: sentencepiece.SentencePieceProcessor) -> Texts:
    """The whole corpus as training reads it. Published sets have the numbers from 0, our own texts all have
    the next."""
    number = pl.when(~OURS).then("set").rank("dense") - 1
    published = corpus.filter(~OURS)["set"].n_unique()
    languages = pl.col("language").rank("dense").cast(pl.Int64)
    weight = corpus["weight"].to_numpy() / corpus.filter(pl.col("split") == "train")["weight"].mean()
    return Texts(
        [np.array(ids, np.int64) for ids in pieces.encode(corpus["text"].to_list())],
        labels_of(corpus).astype(np.float32),
        weight.astype(np.float32),
        corpus.select(number.fill_null(published).cast(pl.Int64)).to_series().to_numpy(),
        corpus.select(languages).to_series().to_numpy(),
    )


def drawn(corpus: pl.DataFrame, take: dict[str, float]) -> Callable[[np.random.Generator], Ints]:
    """A draw of training texts: of each set so many, or such a share; `authored` and `written` name all of
    ours, and `*` every set that is not named."""
    rows = corpus.with_row_index().filter(pl.col("split") == "train")
    sets = {str(key[0]): part["index"].to_numpy() for key, part in rows.group_by("set", maintain_order=True)}

    def draw(chance: np.random.Generator) -> Ints:
        chosen = []
        for name, numbers in sets.items():
            wanted = take.get(name, take.get(name.partition(" ")[0], take.get("*", 1.0)))
            count = min(len(numbers), int(wanted if wanted > 1 else wanted * len(numbers)))
            chosen.append(chance.choice(numbers, count, replace=False))
        return np.concatenate(chosen).astype(np.int64)

    return draw


def write(path: Path, pieces: bytes, network: Network, heads: int, corpus: pl.DataFrame) -> None:
    """Export, and calibrate what was exported: what is calibrated is what will be loaded."""
    encoder = encoder_file(network.arrays(), len(network.layers), heads)
    weights, bias = (p.detach().float().cpu().numpy() for p in network.head.parameters())
    ones: NDArray[np.float32] = np.ones((len(LANGUAGES), len(HARM_KEYS)), np.float32)
    head = Head(HARM_KEYS, LANGUAGES, weights, bias, ones, 0 * ones, 0 * ones, ones[0] / 2)
    save_model(path, pieces, encoder, head)
    recalibrate(path, corpus)
