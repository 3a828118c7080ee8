"""Calibrating a file of weights on the corpus: `python -m tidegate.signals.text_risk.recalibrate DATA FILE`.

The transformer and the heads stay as they are; slopes, shifts, decisions and thresholds are fitted on the
tuning split, of the model as it is loaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from tidegate.signals.card import labels_of
from tidegate.signals.language import identify
from tidegate.signals.text_corpus.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_risk.calibration import calibrated
from tidegate.signals.text_risk.weights import load_model, parts_of, save_model


def recalibrate(path: Path, corpus: pl.DataFrame) -> None:
    """Write the model's file anew, calibrated on the tuning texts of `corpus`. Takes a minute."""
    pieces, encoder, head = parts_of(path)
    part = corpus.filter(pl.col("split") == "tune")
    plain = part["text"].to_list()
    scores = load_model(path).scores(plain)
    weights, languages = part["weight"].to_numpy(), identify(plain)[0]
    save_model(path, pieces, encoder, calibrated(head, scores, labels_of(part), weights, languages))


if __name__ == "__main__":
    recalibrate(Path(sys.argv[2]), load_corpus(load_recipe(RECIPE), Path(sys.argv[1]))[0])
