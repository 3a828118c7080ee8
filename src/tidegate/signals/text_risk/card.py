"""The measured half of the model card: what the model was trained on, and how good it is on its own test
split."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.policy.harms import BY_KEY
from tidegate.signals.text_risk.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_risk.model import WEIGHTS, load_model
from tidegate.signals.text_risk.train import Trained, labels_of

LEAST = 10
"""Fewer harmful, or harmless, test texts than this are not reported on: the figure would be noise."""

ECE_BINS = 10

Array = NDArray[np.float64]


def card(trained: Trained) -> str:
    """Markdown tables: quality by harm and language, by set, false alarms on harmless texts, and the
    sources."""
    test = trained.corpus.filter(pl.col("split") == "test")
    probability = np.nan_to_num(trained.model.probabilities(test["text"].to_list())).astype(float)
    labels = labels_of(test)
    origin = test["set"].str.starts_with("authored").to_numpy()
    languages = test["language"].to_numpy()
    sets = np.where(origin, "our own sentences", test["set"].to_numpy())
    parts = [
        f"Weights {trained.model.version}, {trained.path.stat().st_size:,} bytes; "
        f"{len(trained.corpus):,} texts, of which {len(test):,} for testing.",
        "### By harm and language",
        quality(trained.model.harms, labels, probability, languages, "language"),
        "### By harm and set",
        quality(trained.model.harms, labels, probability, sets, "set"),
        "### False alarms: test texts that no label calls harmful",
        false_alarms(labels, probability, sets),
        "### What it was trained on",
        table(
            ("set", "source", "licence", "rows", "SHA-256"),
            [(s.set, s.source, s.licence, f"{s.rows:,}", s.sha256[:16]) for s in trained.sources],
        ),
    ]
    return "\n\n".join(parts)


def quality(
    harms: Sequence[str], labels: Array, probability: Array, groups: NDArray[np.object_], name: str
) -> str:
    """One row per harm and group with enough texts of both kinds: AUC, AP, F1 at 0.5, precision, recall,
    ECE."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    rows = []
    for h, harm in enumerate(harms):
        for group in sorted(set(groups)):
            known = (groups == group) & ~np.isnan(labels[:, h])
            y, p = labels[known, h], probability[known, h]
            if min((y == 1).sum(), (y == 0).sum()) < LEAST:
                continue
            said = p >= 0.5
            precision = y[said].mean() if said.any() else float("nan")
            recall = said[y == 1].mean()
            figures = (
                roc_auc_score(y, p),
                average_precision_score(y, p),
                2 * (said & (y == 1)).sum() / max(1, said.sum() + y.sum()),
                precision,
                recall,
                calibration_error(y, p),
            )
            counts = f"{len(y):,}", f"{int(y.sum()):,}"
            rows.append((BY_KEY[harm].title, group, *counts, *(f"{figure:.3f}" for figure in figures)))
    return table(
        ("harm", name, "texts", "harmful", "AUC", "AP", "F1 at 0.5", "precision", "recall", "ECE"), rows
    )


def calibration_error(y: Array, p: Array) -> float:
    """Expected calibration error: mean |share harmful - mean probability| over equal-width bins (Naeini
    2015)."""
    bins = np.minimum((p * ECE_BINS).astype(int), ECE_BINS - 1)
    counts = np.bincount(bins, minlength=ECE_BINS)
    gaps = np.abs(np.bincount(bins, y, ECE_BINS) - np.bincount(bins, p, ECE_BINS))
    return float(gaps.sum() / counts.sum())


def false_alarms(labels: Array, probability: Array, sets: NDArray[np.object_]) -> str:
    """Per set: how many harmless texts have a highest probability of 0.5 or more, and of 0.9 or more."""
    harmless = (labels == 0).any(axis=1) & ~(labels == 1).any(axis=1)
    highest = probability.max(axis=1)
    rows = []
    for name in sorted(set(sets)):
        risk = highest[harmless & (sets == name)]
        if len(risk) >= LEAST:
            rows.append(
                (name, f"{len(risk):,}", f"{(risk >= 0.5).mean():.1%}", f"{(risk >= 0.9).mean():.1%}")
            )
    return table(("set", "texts", "max_risk ≥ 0.5", "max_risk ≥ 0.9"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


if __name__ == "__main__":
    corpus, sources = load_corpus(load_recipe(RECIPE), Path(sys.argv[1]))
    print(card(Trained(WEIGHTS, load_model(), corpus, sources)))
