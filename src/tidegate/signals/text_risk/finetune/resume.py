"""A network from a file of weights, to go on training where it stopped.

What eight bits have rounded stays rounded: a scale and its codes give the numbers that the file computes
with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from tidegate.signals.text_risk.finetune.base import Base
from tidegate.signals.text_risk.model import Head
from tidegate.signals.text_risk.weights import parts_of

Floats = NDArray[np.float32]


def lifted(path: Path) -> tuple[bytes, Base, Head]:
    """Word pieces, encoder and head of a model's file; the encoder as training starts from one.

    Raises:
        SignalError: the file or its checksum is missing, or they do not belong together.
    """
    pieces, encoder, head = parts_of(path)
    return pieces, encoder_of(encoder), head


def encoder_of(file: bytes) -> Base:
    """What `export.encoder_file` was given, but for the rounding. Its word pieces are not in the file."""
    graph = onnx.load_from_string(file).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    attention = [node for node in graph.node if node.op_type == "MultiHeadAttention"]
    heads = next(one.i for one in attention[0].attribute if one.name == "num_heads")
    width = constants["pos"].shape[1]
    tensors: dict[str, Floats] = {
        "word": constants["word.codes"].astype(np.float32) * constants["word.scale"],
        "pos": constants["pos"],
        "type": np.zeros((1, width), np.float32),  # part of the places since training began
        "eln_w": constants["first.w"],
        "eln_b": constants["first.b"],
    }
    for layer in range(len(attention)):
        at = f"l{layer}."
        for part in ("qkv", "ao", "fi", "fo"):
            weight = (constants[f"{at}{part}.codes"].astype(np.float32) * constants[f"{at}{part}.scale"]).T
            for name, rows in _split(part, len(weight)):
                tensors[f"{at}{name}.w"] = weight[rows]
                tensors[f"{at}{name}.b"] = constants[f"{at}{part}.bias"][rows]
        for part in ("aln", "oln"):
            tensors[f"{at}{part}.w"] = constants[f"{at}{part}.weight"]
            tensors[f"{at}{part}.b"] = constants[f"{at}{part}.bias"]
    return Base((), np.zeros(0, np.float32), len(attention), int(heads), tensors)


def _split(part: str, rows: int) -> list[tuple[str, slice]]:
    """Queries, keys and values lie in one matrix, in thirds."""
    if part != "qkv":
        return [(part, slice(None))]
    third = rows // 3
    return [(name, slice(third * n, third * (n + 1))) for n, name in enumerate(part)]
