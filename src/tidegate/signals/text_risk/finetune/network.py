"""The encoder in PyTorch while it is trained (Devlin et al. 2019, as XLM-R's small descendants are built),
with one score per harm from the mean and the maximum of its last layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tidegate.signals.text_risk.pieces import WINDOW

EPSILON = 1e-12
PARTS = ("qkv", "ao", "fi", "fo", "aln", "oln")

Arrays = Mapping[str, NDArray[np.float32]]


class Layer(nn.Module):
    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads, self.dropout = heads, 0.0
        self.qkv, self.ao = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fi, self.fo = nn.Linear(width, inner), nn.Linear(inner, width)
        self.aln, self.oln = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        texts, length, width = x.shape
        q, k, v = self.qkv(x).view(texts, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=dropout)
        mixed = self.ao(mixed.transpose(1, 2).reshape(texts, length, width))
        x = self.aln(x + functional.dropout(mixed, self.dropout, self.training))
        inner = self.fo(functional.gelu(self.fi(x)))
        return self.oln(x + functional.dropout(inner, self.dropout, self.training))  # type: ignore[no-any-return]


class Network(nn.Module):
    """`intercept`: one row per published set, and a last one for our own texts. Its rows take up how often a
    set shows a harm, which is not the scores' to learn; they are dropped when training is done."""

    def __init__(self, base: Arrays, layers: Sequence[int], heads: int, harms: int, sets: int) -> None:
        super().__init__()
        width, inner = base["word"].shape[1], base["l0.fi.w"].shape[0]
        places = (base["pos"] + base["type"][0])[: WINDOW + 2]
        self.dropout = 0.0
        self.word = nn.Embedding.from_pretrained(torch.tensor(base["word"]), freeze=False)
        self.pos = nn.Embedding.from_pretrained(torch.tensor(places), freeze=False)
        self.eln = nn.LayerNorm(width, EPSILON)
        self.layers = nn.ModuleList(Layer(width, inner, heads) for _ in layers)
        self.head = nn.Linear(2 * width, harms)
        self.intercept = nn.Parameter(torch.zeros(sets + 1, harms))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self._copy(base, layers)

    def _copy(self, base: Arrays, layers: Sequence[int]) -> None:
        def fill(module: nn.Module, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
            module.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})

        fill(self.eln, base["eln_w"], base["eln_b"])
        for layer, number in zip(self.layers, layers, strict=True):
            of = {
                key.removeprefix(f"l{number}."): value
                for key, value in base.items()
                if key.startswith(f"l{number}.")
            }
            joined = (np.concatenate([of[f"{part}.{kind}"] for part in "qkv"]) for kind in "wb")
            fill(layer.get_submodule("qkv"), *joined)
            for part in PARTS[1:]:
                fill(layer.get_submodule(part), of[f"{part}.w"], of[f"{part}.b"])

    def begin_with(self, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        """The scores' weights (harms × features) and bias of a network that was trained before."""
        self.head.load_state_dict({"weight": torch.tensor(weights), "bias": torch.tensor(bias)})

    def drop(self, share: float) -> None:
        """The share of numbers that is dropped while training."""
        for module in (self, *self.layers):
            module.dropout = share

    def forward(self, ids: Tensor, seen: Tensor) -> Tensor:
        """Scores, texts × harms; `ids` and `seen` (what is no filling): texts × pieces."""
        x = self.word(ids) + self.pos.weight[: ids.shape[1]]
        x = functional.dropout(self.eln(x), self.dropout, self.training)
        for layer in self.layers:
            x = layer(x, seen[:, None, None, :])
        inside = seen[..., None]
        mean = (x * inside).sum(1) / inside.sum(1)
        maximum = x.masked_fill(~inside, -1e4).amax(1)
        features = torch.cat([mean, maximum], -1)
        return self.head(functional.dropout(features, self.dropout, self.training)).float()  # type: ignore[no-any-return]

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What `export.encoder_file` takes."""
        found = {
            "word": self.word.weight,
            "pos": self.pos.weight,
            "eln.w": self.eln.weight,
            "eln.b": self.eln.bias,
        }
        for number, layer in enumerate(self.layers):
            for part in PARTS:
                module = layer.get_submodule(part)
                found |= {f"l{number}.{part}.w": module.weight, f"l{number}.{part}.b": module.bias}
        return {name: tensor.detach().float().cpu().numpy() for name, tensor in found.items()}
