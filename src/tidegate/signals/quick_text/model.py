"""The quick model at work: weights from a file, texts in, one probability per harm out.

Score of harm h for a text with features F (a list, with repeats): z_h = Σ_{f∈F} w_fh / √(Σ_{f∈F} e_f),
where e_f is the feature's energy (its squared inverse document frequency), so that long and short texts are
on one scale. A probability is σ(a z + c) with (a, c) fitted on held-out texts, per harm and writing system.
NumPy only; no network.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SignalError, Where
from tidegate.signals.prepare import prepared
from tidegate.signals.quick_text.features import (
    Batch,
    batch_of,
    buckets,
    neighbour_hashes,
    piece_hashes,
    token_hashes,
    tokens_of,
)

WEIGHTS = Path(__file__).parent / "weights" / "quick-text.npz"
GROUPS = ("alphabet", "ideograph")
"""The writing systems that are calibrated apart: texts with more than half of their tokens in Chinese or
Japanese characters, and all others."""

WINDOW = 2_000
"""Characters that are scored as one; a longer text is scored in windows, and the worst counts for each
harm."""

BATCH_CHARACTERS = 1_000_000
"""Characters looked at together: bounds the memory, whatever the batch (about 200 bytes a character)."""

ENERGY_STEPS = 16
"""Steps per unit in which the file keeps the square root of the energy (an inverse document frequency, 1 to
13)."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class QuickTextModel:
    """`table`: 2^bits rows of one weight per harm, then the energy. `slope`, `shift`: groups × harms.
    `threshold`: per harm, the probability from which a text counts as harmful."""

    harms: tuple[str, ...]
    version: str
    bits: int
    table: Floats
    slope: Floats
    shift: Floats
    threshold: Floats

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Calibrated probabilities, n × harms. Rows of texts without a single token are NaN."""
        scores, group = self.scores(texts)
        with np.errstate(over="ignore"):
            chances: Floats = 1 / (1 + np.exp(-(self.slope[group] * scores + self.shift[group])))
        return chances

    def scores(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Uncalibrated scores, n × harms, and each text's group (of its first window)."""
        windows: list[str] = []
        first = np.zeros(len(texts), np.int64)
        for i, text in enumerate(prepared(texts)):
            first[i] = len(windows)
            windows += [text[j : j + WINDOW] for j in range(0, len(text), WINDOW)] or [""]
        if not windows:
            return np.zeros((0, len(self.harms)), np.float32), np.zeros(0, np.int64)
        parts = [self._score_windows(batch_of(chunk)) for chunk in chunks(windows)]
        scores = np.concatenate([part[0] for part in parts])
        groups = np.concatenate([part[1] for part in parts])
        # fmax: a window without tokens says nothing, and is not worse than one that has some.
        return np.fmax.reduceat(scores, first, axis=0), groups[first]

    def _score_windows(self, batch: Batch) -> tuple[Floats, NDArray[np.int64]]:
        n = batch.points.texts
        tokens = tokens_of(batch)
        width = self.table.shape[1]
        if not len(tokens.hash):
            return np.full((n, width - 1), np.nan, np.float32), np.zeros(n, np.int64)

        # Most tokens are repeats: each distinct one is taken apart once.
        _, where, inverse = np.unique(tokens.hash, return_index=True, return_inverse=True)
        distinct = self.table[buckets(token_hashes(tokens.hash[where]), self.bits)]
        for hashes, owner in piece_hashes(batch, tokens.start[where], tokens.length[where]):
            add_runs(distinct, self.table[buckets(hashes, self.bits)], owner)
        sums: Floats = np.zeros((n, width), np.float32)
        add_runs(sums, distinct[inverse], tokens.text)
        for hashes, token in neighbour_hashes(tokens):
            add_runs(sums, self.table[buckets(hashes, self.bits)], tokens.text[token])
        counts = np.bincount(tokens.text, minlength=n)
        ideographs = np.bincount(tokens.text, weights=tokens.ideograph, minlength=n)
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = sums[:, :-1] / np.sqrt(sums[:, -1:])
        scores[counts == 0] = np.nan
        return scores.astype(np.float32), (2 * ideographs > counts).astype(np.int64)


def add_runs(target: Floats, rows: Floats, owner: NDArray[np.int64]) -> None:
    """`target[owner] += rows` where equal owners stand together."""
    if len(owner):
        first = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
        target[owner[first]] += np.add.reduceat(rows, first, axis=0)


def chunks(texts: Sequence[str]) -> list[Sequence[str]]:
    """Consecutive texts of at most `BATCH_CHARACTERS` together."""
    parts: list[Sequence[str]] = []
    begin = size = 0
    for i, text in enumerate(texts):
        if size + len(text) > BATCH_CHARACTERS and i > begin:
            parts.append(texts[begin:i])
            begin, size = i, 0
        size += len(text)
    parts.append(texts[begin:])
    return parts


def load_model(path: Path = WEIGHTS) -> QuickTextModel:
    """The model from its weights file, checked against the SHA-256 beside it.

    Raises:
        SignalError: the file or its checksum is missing, or they do not belong together.
    """
    checksum = path.with_suffix(".sha256")
    try:
        data, expected = path.read_bytes(), checksum.read_text(encoding="ascii").split()[0]
    except (OSError, IndexError) as error:
        raise SignalError(
            "the quick text weights cannot be read",
            where=Where(path),
            remedy="Install the package again, or train them with `tidegate train`.",
        ) from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise SignalError(
            "the quick text weights are not the ones that their checksum names",
            where=Where(path),
            remedy="Install the package again: the file was damaged or replaced.",
        )
    return unpacked(data)


def packed(model: QuickTextModel) -> bytes:
    """The model as a compressed file: weights as one byte each, only the rows that hold any."""
    weights = model.table[:, :-1]
    rows = np.flatnonzero(np.abs(weights).max(axis=1))
    scale = np.abs(weights).max(axis=0)
    scale[scale == 0] = 1
    # Square roots, because most weights are small and the largest are very large.
    roots = np.sign(weights[rows]) * np.sqrt(np.abs(weights[rows]) / scale)
    about = {"harms": model.harms, "version": model.version, "bits": model.bits}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        gap=np.diff(rows, prepend=0).astype(np.uint32),
        # One harm after another: neighbours in the file are then alike, which compresses better.
        weights=np.rint(127 * roots).T.astype(np.int8),
        scale=scale,
        energy=np.rint(np.sqrt(model.table[rows, -1]) * ENERGY_STEPS).astype(np.uint8),
        unseen=np.float32(model.table[:, -1].max()),
        slope=model.slope,
        shift=model.shift,
        threshold=model.threshold,
    )
    return buffer.getvalue()


def unpacked(file: bytes) -> QuickTextModel:
    """The model in a file that `packed` made."""
    with np.load(io.BytesIO(file), allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        harms = tuple(about["harms"])
        table = np.zeros((1 << about["bits"], len(harms) + 1), np.float32)
        table[:, -1] = arrays["unseen"]
        rows = np.cumsum(arrays["gap"], dtype=np.int64)
        roots = arrays["weights"].T.astype(np.float32) / 127
        table[rows, :-1] = np.sign(roots) * roots**2 * arrays["scale"]
        table[rows, -1] = (arrays["energy"] / np.float32(ENERGY_STEPS)) ** 2
        return QuickTextModel(
            harms,
            about["version"],
            about["bits"],
            table,
            arrays["slope"],
            arrays["shift"],
            arrays["threshold"],
        )
