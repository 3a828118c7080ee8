"""The detector `language`: by writing system where that settles it, else by py3langid's model among a few
languages.

The model (naive Bayes over byte n-grams, Lui and Baldwin 2012) is py3langid's; it is walked here for all
texts of a batch in step, because a text at a time takes fifteen times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.signals.characters import HAN_RANGES, KANA_RANGES
from tidegate.signals.codepoints import UNICODE_SIZE, CodePoints, Ranges, code_points, mark, text_of
from tidegate.signals.detector import Example
from tidegate.tables import DetectorSpec, SignalField, SignalType

SCRIPTS: tuple[tuple[str, Ranges, tuple[str, ...]], ...] = (
    ("latin", ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x1E00, 0x1EFF)),
     ("en", "de", "fr", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "pl", "cs", "hu", "ro", "hr", "tr",
     "vi", "id", "tl")),
    ("han", HAN_RANGES, ("zh",)),
    ("kana", KANA_RANGES, ("ja",)),
    ("hangul", ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3)), ("ko",)),
    ("cyrillic", ((0x400, 0x52F),), ("ru", "uk", "bg", "sr", "kk")),
    ("arabic", ((0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFEFC)), ("ar", "fa", "ur")),
    ("devanagari", ((0x900, 0x97F),), ("hi", "mr", "ne")),
    ("hebrew", ((0x590, 0x5FF),), ("he",)),
    ("greek", ((0x370, 0x3FF),), ("el",)),
    ("thai", ((0xE00, 0xE7F),), ("th",)),
    ("bengali", ((0x980, 0x9FF),), ("bn",)),
    ("gurmukhi", ((0xA00, 0xA7F),), ("pa",)),
    ("gujarati", ((0xA80, 0xAFF),), ("gu",)),
    ("tamil", ((0xB80, 0xBFF),), ("ta",)),
    ("telugu", ((0xC00, 0xC7F),), ("te",)),
    ("kannada", ((0xC80, 0xCFF),), ("kn",)),
    ("malayalam", ((0xD00, 0xD7F),), ("ml",)),
    ("sinhala", ((0xD80, 0xDFF),), ("si",)),
    ("lao", ((0xE80, 0xEFF),), ("lo",)),
    ("burmese", ((0x1000, 0x109F),), ("my",)),
    ("georgian", ((0x10A0, 0x10FF),), ("ka",)),
    ("armenian", ((0x530, 0x58F),), ("hy",)),
    ("ethiopic", ((0x1200, 0x137F),), ("am",)),
    ("khmer", ((0x1780, 0x17FF),), ("km",)),
)  # fmt: skip
"""Writing systems, their characters, and the languages that are told apart within each."""

NAMES = tuple(name for name, _, _ in SCRIPTS)
HAN, KANA = NAMES.index("han"), NAMES.index("kana")
IDEOGRAPH_WEIGHT = 2.0
"""An ideograph says about as much as two letters: "iPhone 很好用" is Chinese."""

KANA_SHARE = 0.1
"""From this share of kana among kana and ideographs, the text is Japanese."""

READ = 240
"""Characters of a text that are read; more adds nothing."""

SPEC = DetectorSpec(
    name="language",
    version="1",
    fields=(
        SignalField(
            "code", SignalType.TEXT, "The most likely language, as an ISO 639 code; null without letters."
        ),
        SignalField(
            "confidence", SignalType.NUMBER, "How sure that is, among the languages known.", "0 to 1"
        ),
    ),
    cost_ms=0.02,
)

EXAMPLES = (
    Example("The weather is lovely today, let us go for a walk.", {"code": "en", "confidence": 1.0}),
    Example("今天天气很好，我们去公园散步。", {"code": "zh", "confidence": 1.0}),
    Example("今日は天気がいいので、公園を散歩しましょう。", {"code": "ja", "confidence": 1.0}),
    Example("Das Wetter ist heute schön, wir gehen spazieren.", {"code": "de", "confidence": 1.0}),
    Example("👍👍 12:30", {"code": None, "confidence": None}),
)


@dataclass(frozen=True)
class ByteModel:
    """py3langid's model for a few languages: the automaton over bytes, and log-probabilities per feature."""

    move: NDArray[np.int64]
    row: NDArray[np.int64]
    output: NDArray[np.int64]
    weights: NDArray[np.float32]
    prior: NDArray[np.float32]
    columns: tuple[str, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.columns))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """n × languages; rows of texts in which no feature is found are all NaN."""
        encoded = [text.encode("utf-8", "replace") for text in texts]
        sizes = np.array([len(data) for data in encoded])
        order = np.argsort(-sizes, kind="stable")
        padded = np.zeros((len(texts), int(sizes.max(initial=0))), np.uint8)
        for place, i in enumerate(order):
            padded[place, : sizes[i]] = np.frombuffer(encoded[i], np.uint8)
        alive = np.searchsorted(-sizes[order], -np.arange(padded.shape[1]), side="left")

        # All texts take one step together; the longest stand first, so that those still going are a prefix.
        state = np.zeros(len(texts), np.int64)
        owners, features = [], []
        for step in range(padded.shape[1]):
            going = state[: alive[step]]
            going[:] = self.move[(self.row[going] << 8) + padded[: alive[step], step]]
            feature = self.output[going]
            hit = np.flatnonzero(feature >= 0)
            owners.append(hit)
            features.append(feature[hit])
        owner = np.concatenate([np.zeros(0, np.int64), *owners])
        feature = np.concatenate([np.zeros(0, np.int64), *features])
        pairs, counts = np.unique(owner * len(self.weights) + feature, return_counts=True)
        owner, feature = np.divmod(pairs, len(self.weights))

        scores = np.full((len(texts), len(self.columns)), np.nan)
        if len(owner):
            first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
            rows = self.weights[feature] * np.log1p(counts)[:, None].astype(np.float32)
            scores[order[owner[first]]] = np.add.reduceat(rows, first, axis=0) + self.prior
        # The package's own temperature, which keeps the softmax calibrated across lengths.
        scores /= np.sqrt(np.maximum(sizes, 1))[:, None]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        # A language in two scripts has two columns of weights; its chances add up.
        return np.column_stack(
            [scores[:, np.equal(self.columns, code)].sum(axis=1) for code in self.languages]
        )


@cache
def byte_model() -> ByteModel:
    """The model for every language that shares its writing system with another; about a second to load."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    loaded = LanguageIdentifier.from_model_file(MODEL_FILE)
    loaded.set_languages([code for _, _, codes in SCRIPTS if len(codes) > 1 for code in codes])
    return ByteModel(
        move=np.asarray(loaded.tk_nextmove, np.int64),
        row=np.asarray(loaded.tk_row, np.int64),
        output=np.asarray(loaded.tk_output, np.int64),
        weights=np.asarray(loaded.nb_ptc, np.float32),
        prior=np.asarray(loaded.nb_pc, np.float32),
        columns=tuple(loaded.nb_classes),
    )


@dataclass(frozen=True)
class LanguageDetector:
    """The language of each text. Null where there are no letters."""

    spec = SPEC
    examples = EXAMPLES

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        codes, confidence = identify(items["text"].fill_null("").to_list())
        return pl.DataFrame(
            {
                "language.code": pl.Series(codes, dtype=pl.String),
                "language.confidence": pl.Series(confidence, dtype=pl.Float64),
            }
        )


def identify(texts: Sequence[str]) -> tuple[list[str | None], list[float | None]]:
    """Language code and confidence of n texts; None where a text has no letters."""
    read = [text[:READ] for text in texts]
    weight = script_weights(code_points(read))
    total = weight.sum(axis=1)
    script = weight.argmax(axis=1)
    with np.errstate(invalid="ignore"):
        share = weight.max(axis=1) / total

    codes: list[str | None] = [None] * len(texts)
    confidence: list[float | None] = [None] * len(texts)
    for number, (_, _, languages) in enumerate(SCRIPTS):
        rows = np.flatnonzero((script == number) & (total > 0))
        if len(languages) == 1:
            for i in rows:
                codes[i], confidence[i] = languages[0], float(share[i])
        elif len(rows):
            for i, (code, probability) in zip(rows, among([read[i] for i in rows], languages), strict=True):
                codes[i], confidence[i] = code, probability
    return codes, confidence


def among(texts: Sequence[str], languages: Sequence[str]) -> list[tuple[str | None, float | None]]:
    """The most likely of these languages for each text, and its probability among them."""
    model = byte_model()
    columns = [i for i, code in enumerate(model.languages) if code in languages]
    # Shouting is not a language: the model was trained on ordinary case.
    lowered = [text.lower() if text.isupper() else text for text in texts]
    chances = model.probabilities(lowered)[:, columns]
    chances /= chances.sum(axis=1, keepdims=True)
    answers: list[tuple[str | None, float | None]] = []
    for row in chances:
        if np.isnan(row).any():
            answers.append((None, None))
        else:
            best = int(row.argmax())
            answers.append((model.languages[columns[best]], float(row[best])))
    return answers


def script_weights(batch: CodePoints) -> NDArray[np.float64]:
    """n × scripts: letters of each script, ideographs weighing double, kana claiming the ideographs beside
    it."""
    kinds = _script_table()[batch.points]
    letters = np.flatnonzero(kinds)
    owner = text_of(batch.starts, letters)
    flat = owner * len(SCRIPTS) + kinds[letters].astype(np.int64) - 1
    counts = np.bincount(flat, minlength=batch.texts * len(SCRIPTS)).astype(np.float64)
    counts = counts.reshape(batch.texts, len(SCRIPTS))
    japanese = counts[:, KANA] >= np.maximum(KANA_SHARE * (counts[:, HAN] + counts[:, KANA]), 1)
    counts[:, KANA] = np.where(japanese, IDEOGRAPH_WEIGHT * (counts[:, HAN] + counts[:, KANA]), 0)
    counts[:, HAN] = np.where(japanese, 0, IDEOGRAPH_WEIGHT * counts[:, HAN])
    return counts


@cache
def _script_table() -> NDArray[np.uint8]:
    table = np.zeros(UNICODE_SIZE, np.uint8)
    for number, (_, ranges, _) in enumerate(SCRIPTS):
        mark(table, ranges, number + 1)
    return table
