"""The measured half of a text model's card: how good it is on texts that it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.policy.harms import BY_KEY, HARM_KEYS
from tidegate.signals.reliability import calibration_error, error_by_chance, reliability
from tidegate.signals.text_corpus.corpus import HELD, OURS, Source

LEAST = 10
"""Fewer harmful, or harmless, test texts than this are not reported on: the figure would be noise."""

SAFE = (
    *("condemned", "educational", "fictional", "figurative", "historical", "legal", "medical"),
    *("negated", "prompt", "query", "quoted", "reclaimed", "reported", "support"),
)
"""Phenomena under which harmless texts are on the matter of harm, or use its words."""

Array = NDArray[np.float64]


class TextModel(Protocol):
    """A model of harms: what `probabilities` says of each, and from when a text counts as harmful."""

    @property
    def harms(self) -> tuple[str, ...]: ...

    @property
    def threshold(self) -> NDArray[np.float32]: ...

    @property
    def version(self) -> str: ...

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def card(
    model: TextModel,
    corpus: pl.DataFrame,
    sources: Sequence[Source],
    elsewhere: pl.DataFrame | None = None,
) -> str:
    """Markdown: quality by harm and language, by set and by phenomenon, false alarms, on the texts from
    `elsewhere` (see `load_outside`) if they are given, and the sources.

    Needs the extra `train`: scikit-learn measures.
    """
    test = corpus.filter(pl.col("split").is_in(["test", HELD]))
    probability = np.nan_to_num(model.probabilities(test["text"].to_list())).astype(float)
    labels = labels_of(test)
    held = (test["split"] == HELD).to_numpy()
    names = test["set"]
    sets = np.where(test.select(OURS).to_series().to_numpy(), "our own texts", names.to_numpy())
    languages = test["language"].to_numpy()
    titles = _titles(model)
    written = ~held & test["phenomenon"].is_not_null().to_numpy()
    parts = [
        f"Weights {model.version}; {len(corpus):,} texts, of which {(~held).sum():,} for testing "
        f"and {held.sum():,} of phenomena that were held back.",
        "Thresholds *t*: "
        + ", ".join(f"{h} {t:.3f}" for h, t in zip(model.harms, model.threshold, strict=True))
        + ".",
        "### By harm and language",
        quality(titles, model.threshold, labels[~held], probability[~held], languages[~held], "language"),
        "### By harm and set",
        quality(titles, model.threshold, labels[~held], probability[~held], sets[~held], "set"),
        "### Our own texts, by phenomenon: any harm",
        phenomena(labels, probability, test["phenomenon"].to_numpy(), languages, written, held),
        "### Safe but alarming: our own texts",
        alarming(labels, probability, test["phenomenon"].to_numpy(), languages),
        "### False alarms on harmless test texts: the highest probability among harms that the labels deny",
        false_alarms(labels[~held], probability[~held], sets[~held]),
        *([] if elsewhere is None else ["### Texts from elsewhere", outside_card(model, elsewhere)]),
        "### What it was trained on",
        table(
            ("set", "source", "licence", "rows", "SHA-256"),
            [(s.set, s.source, s.licence, f"{s.rows:,}", s.sha256[:16]) for s in sources],
        ),
    ]
    return "\n\n".join(parts)


def outside_card(model: TextModel, texts: pl.DataFrame) -> str:
    """Markdown: quality on texts from elsewhere by harm, and by harm of any kind.

    Harm of any kind is the highest probability of all, against what any label says.
    """
    probability = np.nan_to_num(model.probabilities(texts["text"].to_list())).astype(float)
    labels = labels_of(texts)
    sets = (texts["set"] + ", " + texts["language"]).to_numpy()
    worst = np.where(np.isnan(labels).all(axis=1), np.nan, np.nan_to_num(labels).max(axis=1))
    return quality(
        (*_titles(model), "Any harm"),
        np.append(model.threshold, 0.5),
        np.column_stack([labels, worst]),
        np.column_stack([probability, probability.max(axis=1)]),
        sets,
        "set",
    )


def labels_of(corpus: pl.DataFrame) -> Array:
    """n × harms: 1, 0, or NaN where the set does not say."""
    return corpus.select(pl.col(HARM_KEYS).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def _titles(model: TextModel) -> tuple[str, ...]:
    return tuple(BY_KEY[harm].title for harm in model.harms)


def quality(
    titles: Sequence[str],
    threshold: NDArray[np.floating],
    labels: Array,
    probability: Array,
    groups: NDArray[np.object_],
    name: str,
) -> str:
    """One row per harm and group that has enough texts of both kinds."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    rows = []
    for h, title in enumerate(titles):
        for group in sorted(set(groups)):
            known = (groups == group) & ~np.isnan(labels[:, h])
            y, p = labels[known, h], probability[known, h]
            if min((y == 1).sum(), (y == 0).sum()) < LEAST:
                continue
            said, flagged = p >= 0.5, p >= threshold[h]
            figures = (
                roc_auc_score(y, p),
                average_precision_score(y, p),
                calibration_error(y, p),
                *error_by_chance(p),
                f_one(said, y == 1),
                (f_one(said, y == 1) + f_one(~said, y == 0)) / 2,
                flagged[y == 1].mean(),
                flagged[y == 0].mean(),
            )
            counts = f"{len(y):,}", f"{int(y.sum()):,}"
            rows.append((title, group, *counts, *(f"{figure:.3f}" for figure in figures)))
    columns = (
        "texts",
        "harmful",
        "AUC",
        "AP",
        "ECE",
        "by chance",
        "at most",
        "F1 at 0.5",
        "macro-F1 at 0.5",
        "recall at t",
        "false alarms at t",
    )
    return table(("harm", name, *columns), rows)


def reliabilities(model: TextModel, corpus: pl.DataFrame) -> pl.DataFrame:
    """Rows of `reliability` on the test split, for each harm and language with texts enough, named in the
    column `panel`."""
    test = corpus.filter(pl.col("split") == "test")
    probability = np.nan_to_num(model.probabilities(test["text"].to_list())).astype(float)
    labels, languages = labels_of(test), test["language"].to_numpy()
    parts = []
    for h, harm in enumerate(model.harms):
        for language in sorted(set(languages)):
            known = (languages == language) & ~np.isnan(labels[:, h])
            y, p = labels[known, h], probability[known, h]
            if min((y == 1).sum(), (y == 0).sum()) >= LEAST:
                panel = pl.lit(f"{harm.replace('_', ' ')}, {language}")
                parts.append(reliability(y, p).with_columns(panel=panel))
    return pl.concat(parts)


def phenomena(
    labels: Array,
    probability: Array,
    names: NDArray[np.object_],
    languages: NDArray[np.object_],
    written: NDArray[np.bool_],
    held: NDArray[np.bool_],
) -> str:
    """Per phenomenon and language: how many harmful texts are seen, and how many harmless ones raise an
    alarm, at 0.5 of any harm."""
    harmful, harmless = (labels == 1).any(axis=1), (labels == 0).all(axis=1)
    said = probability.max(axis=1) >= 0.5
    rows = []
    for name in sorted({name for name in names[written | held] if name is not None}):
        for language in ("en", "zh"):
            chosen = (names == name) & (languages == language) & (written | held)
            counts = chosen & harmful, chosen & harmless
            if chosen.sum() < LEAST:
                continue
            shares = (f"{said[part].mean():.2f}" if part.any() else "" for part in counts)
            back = "held back" if held[chosen].any() else ""
            rows.append((name, back, language, *(str(part.sum()) for part in counts), *shares))
    return table(
        ("phenomenon", "", "language", "harmful", "harmless", "harmful that are seen", "false alarms"), rows
    )


def alarming(
    labels: Array, probability: Array, names: NDArray[np.object_], languages: NDArray[np.object_]
) -> str:
    """Harmless whole texts of ours on the matter of harm, against our harmful ones: any harm at 0.5, and
    from the probability that a tenth of the harmless ones reach."""
    highest = probability.max(axis=1)
    safe = np.isin(names.astype(str), SAFE) & (labels == 0).all(axis=1)
    harmful = (names != None) & (labels == 1).any(axis=1)  # noqa: E711
    rows = []
    for language in ("en", "zh"):
        here = languages == language
        alarms, seen = highest[safe & here], highest[harmful & here]
        if min(len(alarms), len(seen)) >= LEAST:
            tenth = np.quantile(alarms, 0.9)
            shares = (alarms >= 0.5).mean(), (seen >= 0.5).mean(), tenth, (seen > tenth).mean()
            rows.append((language, len(alarms), len(seen), *(f"{share:.2f}" for share in shares)))
    columns = ("false alarms at 0.5", "harmful seen at 0.5", "10 % false alarms at", "harmful seen there")
    return table(("language", "harmless", "harmful", *columns), rows)


def f_one(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """2 TP / (2 TP + FP + FN)."""
    return float(2 * (said & true).sum() / max(1, said.sum() + true.sum()))


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


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
