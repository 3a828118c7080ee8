"""Which word pieces are kept: those that the corpus uses, so that the file is small.

A word that loses its piece falls apart into smaller ones, and the encoder goes on reading it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from tidegate.signals.text_risk.finetune.base import Base

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
"""The first four numbers: begin, filling, end, and what is no known piece."""

UNKNOWN = SPECIAL.index("<unk>")
_CONTROL, _UNKNOWN, _NORMAL = 3, 2, 1


def kept_pieces(base: Base, texts: Sequence[str], size: int) -> NDArray[np.int64]:
    """Numbers in `base` of the `size` pieces most used in `texts`, specials first; every single letter that
    occurs is among them."""
    usable = _usable(base)
    every = sentencepiece.SentencePieceProcessor(model_proto=piece_model(base, usable))
    counts = np.zeros(len(usable), np.int64)
    for ids in every.encode(list(texts)):
        np.add.at(counts, ids, 1)
    letters = np.array([len(base.pieces[i].lstrip("▁")) <= 1 for i in usable])
    order = np.lexsort((np.arange(len(usable)), -(counts + np.where(letters & (counts > 0), 1 << 40, 0))))
    order = order[order >= len(SPECIAL)][: size - len(SPECIAL)]
    return np.concatenate([usable[: len(SPECIAL)], usable[np.sort(order)]])


def piece_model(base: Base, kept: NDArray[np.int64]) -> bytes:
    """The kept pieces as a file of sentencepiece's: a unigram model with the usual normalisation (NFKC)."""
    form: Any = import_module("sentencepiece.sentencepiece_model_pb2")

    trained, like = io.BytesIO(), form.ModelProto()
    # Only the table of the normalisation is taken from this one.
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["any words will do for a table of letters"] * 8),
        model_writer=trained,
        vocab_size=30,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    like.ParseFromString(trained.getvalue())
    model = form.ModelProto(trainer_spec=like.trainer_spec, normalizer_spec=like.normalizer_spec)
    spec = model.trainer_spec
    spec.vocab_size = len(kept)
    spec.bos_id, spec.pad_id, spec.eos_id, spec.unk_id = range(len(SPECIAL))
    spec.bos_piece, spec.pad_piece, spec.eos_piece, spec.unk_piece = SPECIAL
    for i, piece in enumerate(SPECIAL):
        model.pieces.add(piece=piece, score=0, type=_UNKNOWN if i == UNKNOWN else _CONTROL)
    for i in kept[len(SPECIAL) :]:
        model.pieces.add(piece=base.pieces[i], score=float(base.scores[i]), type=_NORMAL)
    data: bytes = model.SerializeToString()
    return data


def _usable(base: Base) -> NDArray[np.int64]:
    """Specials, then each different piece once; a mask is for training encoders only."""
    first: dict[str, int] = {}
    for i, piece in enumerate(base.pieces[len(SPECIAL) :], start=len(SPECIAL)):
        if piece and piece != "<mask>":
            first.setdefault(piece, i)
    return np.array([*range(len(SPECIAL)), *first.values()], np.int64)
