"""The measured half of the model card: how good the model is on its test split, and what it learned from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.policy.harms import BY_KEY
from tidegate.signals.text_risk.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_risk.model import WEIGHTS, TextRiskModel, load_model
from tidegate.signals.text_risk.train import Trained, labels_of

LEAST = 10
"""Fewer harmful, or harmless, test texts than this are not reported on: the figure would be noise."""

ECE_BINS = 10

Array = NDArray[np.float64]


def card(trained: Trained) -> str:
    """Markdown: quality by harm and language and by set, false alarms on harmless texts, the sources."""
    test = trained.corpus.filter(pl.col("split") == "test")
    probability = np.nan_to_num(trained.model.probabilities(test["text"].to_list())).astype(float)
    labels = labels_of(test)
    origin = test["set"].str.starts_with("authored").to_numpy()
    languages = test["language"].to_numpy()
    sets = np.where(origin, "our own sentences", test["set"].to_numpy())
    parts = [
        f"Weights {trained.model.version}, {trained.path.stat().st_size:,} bytes; "
        f"{len(trained.corpus):,} texts, of which {len(test):,} for testing.",
        "Thresholds *t*: "
        + ", ".join(
            f"{harm} {threshold:.3f}"
            for harm, threshold in zip(trained.model.harms, trained.model.threshold, strict=True)
        )
        + ".",
        "### By harm and language",
        quality(trained.model, labels, probability, languages, "language"),
        "### By harm and set",
        quality(trained.model, labels, probability, sets, "set"),
        "### False alarms on harmless test texts: the highest probability among harms that the labels deny",
        false_alarms(labels, probability, sets),
        "### What it was trained on",
        table(
            ("set", "source", "licence", "rows", "SHA-256"),
            [(s.set, s.source, s.licence, f"{s.rows:,}", s.sha256[:16]) for s in trained.sources],
        ),
    ]
    return "\n\n".join(parts)


def quality(
    model: TextRiskModel, labels: Array, probability: Array, groups: NDArray[np.object_], name: str
) -> str:
    """One row per harm and group that has enough texts of both kinds."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    rows = []
    for h, harm in enumerate(model.harms):
        for group in sorted(set(groups)):
            known = (groups == group) & ~np.isnan(labels[:, h])
            y, p = labels[known, h], probability[known, h]
            if min((y == 1).sum(), (y == 0).sum()) < LEAST:
                continue
            said, flagged = p >= 0.5, p >= model.threshold[h]
            figures = (
                roc_auc_score(y, p),
                average_precision_score(y, p),
                calibration_error(y, p),
                2 * (said & (y == 1)).sum() / max(1, said.sum() + y.sum()),
                flagged[y == 1].mean(),
                flagged[y == 0].mean(),
            )
            counts = f"{len(y):,}", f"{int(y.sum()):,}"
            rows.append((BY_KEY[harm].title, group, *counts, *(f"{figure:.3f}" for figure in figures)))
    columns = ("texts", "harmful", "AUC", "AP", "ECE", "F1 at 0.5", "recall at t", "false alarms at t")
    return table(("harm", name, *columns), rows)


def calibration_error(y: Array, p: Array) -> float:
    """Expected calibration error: mean |share harmful - mean probability| over equal bins (Naeini 2015)."""
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    counts = np.bincount(bins, minlength=ECE_BINS)
    gaps = np.abs(np.bincount(bins, y, ECE_BINS) - np.bincount(bins, p, ECE_BINS))
    return float(gaps.sum() / counts.sum())


def false_alarms(labels: Array, probability: Array, sets: NDArray[np.object_]) -> str:
    """Per set, over the texts that no label calls harmful: how often the highest probability, among the harms
    that the labels deny, is 0.5 or more, and 0.9 or more."""
    harmless = (labels == 0).any(axis=1) & ~(labels == 1).any(axis=1)
    highest = np.where(labels == 0, probability, 0).max(axis=1)
    rows = []
    for name in sorted(set(sets)):
        risk = highest[harmless & (sets == name)]
        if len(risk) >= LEAST:
            shares = (f"{(risk >= limit).mean():.1%}" for limit in (0.5, 0.9))
            rows.append((name, f"{len(risk):,}", *shares))
    return table(("set", "texts", "0.5 or more", "0.9 or more"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    corpus, sources = load_corpus(load_recipe(RECIPE), Path(sys.argv[1]))
    print(card(Trained(WEIGHTS, load_model(), corpus, sources)))
