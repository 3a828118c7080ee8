"""The trained encoder as ONNX with eight-bit weights, in a form that every processor computes alike.

Matrices have one scale per output and codes of seven bits (±63): on processors without VNNI, products of
eight by eight bits are added in pairs that could overflow. What goes through them is scaled anew in each run
(`DynamicQuantizeMatMul`). Word pieces' vectors have eight bits and a scale each. The output is the mean and
the maximum of the last layer over the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"
LIMIT = 63
EPSILON = 1e-12

Arrays = Mapping[str, NDArray[np.float32]]


class _Graph:
    """Nodes and constants, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **settings))
        return output

    def product(self, x: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """x times the weights (outputs × inputs), plus the bias."""
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / LIMIT
        codes = np.rint(weight / scale[:, None]).astype(np.int8)
        parts = [
            self.constant(f"{name}.codes", codes.T),
            self.constant(f"{name}.scale", scale.astype(np.float32)),
            self.constant(f"{name}.zero", np.zeros(len(scale), np.int8)),
            self.constant(f"{name}.bias", bias),
        ]
        return self.node("DynamicQuantizeMatMul", [x, *parts], name, MS)

    def norm(
        self, x: str, before: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> str:
        """The norm of x plus what it was added to."""
        parts = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.node("SkipLayerNormalization", [x, before, *parts], name, MS, epsilon=EPSILON)


def encoder_file(arrays: Arrays, layers: int, heads: int) -> bytes:
    """The encoder as an ONNX file: `ids` (1 × pieces) in, `features` (1 × twice the width) out.

    `arrays`: `word`, `pos`, `eln.w`, `eln.b`, and of each layer l `l<l>.qkv`, `ao`, `fi`, `fo`, `aln`,
    `oln`, with `.w` (outputs × inputs) and `.b`."""
    graph = _Graph()
    x = _embedded(graph, arrays)
    for layer in range(layers):
        x = _layer(graph, x, arrays, layer, heads)
    graph.constant("along", np.array([1], np.int64))
    graph.node("ReduceMean", [x, "along"], "mean", keepdims=0)
    graph.node("ReduceMax", [x, "along"], "maximum", keepdims=0)
    graph.node("Concat", ["mean", "maximum"], "features", axis=-1)
    width = arrays["word"].shape[1]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "text-risk",
            [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "pieces"])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 2 * width])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(MS, 1)],
        ir_version=9,
    )
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _embedded(graph: _Graph, arrays: Arrays) -> str:
    word = arrays["word"]
    scale = np.maximum(np.abs(word).max(axis=1, keepdims=True), 1e-8) / 127
    graph.constant("word.codes", np.rint(word / scale).astype(np.int8))
    graph.constant("word.scale", scale.astype(np.float32))
    graph.node("Gather", ["word.codes", "ids"], "word.taken")
    graph.node("Gather", ["word.scale", "ids"], "word.scales")
    graph.node("Cast", ["word.taken"], "word.float", to=TensorProto.FLOAT)
    graph.node("Mul", ["word.float", "word.scales"], "words")
    graph.constant("pos", arrays["pos"])
    for name, number in (("zero", 0), ("one", 1), ("two", 2)):
        graph.constant(name, np.array([number], np.int64))
    graph.node("Shape", ["ids"], "shape")
    graph.node("Slice", ["shape", "one", "two"], "pieces")
    graph.node("Slice", ["pos", "zero", "pieces", "zero"], "places")
    graph.node("Add", ["words", "places"], "placed")
    parts = [graph.constant(f"first.{part}", arrays[f"eln.{part}"]) for part in ("w", "b")]
    return graph.node("LayerNormalization", ["placed", *parts], "first", axis=-1, epsilon=EPSILON)


def _layer(graph: _Graph, x: str, arrays: Arrays, layer: int, heads: int) -> str:
    def part(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return arrays[f"l{layer}.{name}.w"], arrays[f"l{layer}.{name}.b"]

    at = f"l{layer}."
    graph.product(x, at + "qkv", *part("qkv"))
    graph.nodes.append(
        helper.make_node("Split", [at + "qkv"], [at + "q", at + "k", at + "v"], axis=-1, num_outputs=3)
    )
    graph.node("MultiHeadAttention", [at + "q", at + "k", at + "v"], at + "heads", MS, num_heads=heads)
    graph.product(at + "heads", at + "ao", *part("ao"))
    graph.norm(at + "ao", x, at + "aln", *part("aln"))
    graph.product(at + "aln", at + "fi", *part("fi"))
    graph.node("Gelu", [at + "fi"], at + "gelu", MS)
    graph.product(at + "gelu", at + "fo", *part("fo"))
    return graph.norm(at + "fo", at + "aln", at + "oln", *part("oln"))
