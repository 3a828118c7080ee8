"""The text-risk model at work: a file of weights, texts in, one calibrated probability per harm out.

A window's features are the mean and the maximum over its word pieces of the transformer's last layer; the
score of harm h is z_h = w_h · features + b_h, and a text's is its worst window's. A probability is
σ(a z + c), with (a, c) fitted per harm and language on held-out texts (Platt 1999), but for scores between
a z + c = 0 and the score of the decision: there it is held at one half, see `Head.probabilities`.

Every window is a run of its own: eight-bit arithmetic scales by the largest number in sight, so that texts
that are read together would change each other's scores in the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.language import identify
from tidegate.signals.prepare import prepared
from tidegate.signals.text_risk.pieces import Ids, windows_of

if TYPE_CHECKING:
    import onnxruntime
    import sentencepiece

Floats = NDArray[np.float32]

OTHER = "other"
"""The group of languages that are calibrated together, because each has too few labelled texts of its own."""

TILT = 0.05
"""How far log-odds rise with a score where they are held at even odds: enough to keep the order of texts."""


@dataclass(frozen=True)
class Head:
    """What turns features into probabilities, and all that an adaptation changes.

    `weights`: harms × features; `bias`, `threshold`: one per harm; `slope`, `shift`, `decision`: groups ×
    harms. `threshold` is the probability from which a text counts as harmful, `decision` the score at which
    its probability passes one half.
    """

    harms: tuple[str, ...]
    groups: tuple[str, ...]
    weights: Floats
    bias: Floats
    slope: Floats
    shift: Floats
    decision: Floats
    threshold: Floats

    def scores(self, features: Floats) -> Floats:
        """n × harms from n × features. In double precision: the order in which a product is summed depends on
        n, and must not show."""
        scores: Floats = (features.astype(np.float64) @ self.weights.T + self.bias).astype(np.float32)
        return scores

    def probabilities(self, scores: Floats, languages: Sequence[str | None]) -> Floats:
        """Calibrated, n × harms, by each text's language.

        Log-odds are the line a z + c where it is on the decision's side of even odds. Where it is not, they
        are just beyond even odds: of all maps that keep the order and what one half decides, the nearest to
        the line.
        """
        number = {group: i for i, group in enumerate(self.groups)}
        group = np.array([number.get(language or OTHER, number[OTHER]) for language in languages], np.int64)
        line = self.slope[group] * scores + self.shift[group]
        beyond = scores - self.decision[group]
        edge = np.minimum(self.slope[group], TILT) * beyond
        odds = np.where(beyond >= 0, np.maximum(line, edge), np.minimum(line, edge))
        with np.errstate(over="ignore"):
            chances: Floats = 1 / (1 + np.exp(-odds))
        return chances


@dataclass(frozen=True)
class TextRiskModel:
    """The head, and what opens the word pieces and the transformer. `version` is a digest of all three.

    They are opened when a text is first read: most commands only ask what the model's signals are.
    """

    head: Head
    version: str
    threads: int
    opens_pieces: Callable[[], sentencepiece.SentencePieceProcessor]
    opens_encoder: Callable[[], onnxruntime.InferenceSession]

    @cached_property
    def pieces(self) -> sentencepiece.SentencePieceProcessor:
        return self.opens_pieces()

    @cached_property
    def encoder(self) -> onnxruntime.InferenceSession:
        return self.opens_encoder()

    @property
    def harms(self) -> tuple[str, ...]:
        return self.head.harms

    @property
    def threshold(self) -> Floats:
        return self.head.threshold

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities, n × harms. Rows of texts without a single word are NaN."""
        plain = prepared(texts)
        return self.head.probabilities(self.scores(plain), identify(plain)[0])

    def scores(self, plain: Sequence[str]) -> Floats:
        """Uncalibrated scores of prepared texts, n × harms: of each text's worst window for each harm."""
        features, first = self.features(plain)
        scores = np.full((len(plain), len(self.harms)), np.nan, np.float32)
        read = np.flatnonzero(np.diff(first))
        if len(read):
            scores[read] = np.maximum.reduceat(self.head.scores(features), first[read], axis=0)
        return scores

    def features(self, plain: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Windows × features of prepared texts, and where each text's windows begin (n + 1 numbers)."""
        different = list(dict.fromkeys(plain))
        windows = dict(zip(different, windows_of(different, self.pieces), strict=True))
        read = dict(zip(different, self.encoded([windows[text] for text in different]), strict=True))
        per_text = [read[text] for text in plain]
        first = np.cumsum([0, *(len(part) for part in per_text)])
        return np.concatenate([self.no_windows, *per_text]), first

    @property
    def no_windows(self) -> Floats:
        return np.zeros((0, self.head.weights.shape[1]), np.float32)

    def encoded(self, texts: Sequence[Sequence[Ids]]) -> list[Floats]:
        """For each text, given as its windows, their features: windows × features."""
        encoder = self.encoder

        def encode(windows: Sequence[Ids]) -> Floats:
            rows: list[Floats] = [encoder.run(None, {"ids": ids})[0] for ids in windows]
            return np.concatenate([self.no_windows, *rows])

        if self.threads == 1 or len(texts) == 1:
            return [encode(windows) for windows in texts]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(encode, texts))
