"""The training loop: stages, each a draw of texts and a rate of learning.

AdamW with a rate that falls linearly after a warm-up, lower layers learning more slowly (Howard and Ruder
2018), and weights averaged over the second half (Polyak and Juditsky 1992). The loss is the cross-entropy of
the harms that a text's set speaks of; the others are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tidegate.signals.text_risk.finetune.batches import Ints, Texts, filled, hidden, joined, like_lengths
from tidegate.signals.text_risk.finetune.network import Network

WARM_UP, SLOWER, AVERAGED = 0.05, 0.9, 0.02
"""Shares: of the steps that warm up; of a layer's rate that the one below it has; of each step in the
average."""

AVERAGE_EVERY = 4


@dataclass(frozen=True)
class Stage:
    """`rate` of the uppermost layer; `pieces` of a batch, with filling; the lowest `frozen` layers stay as
    they are, and then the words do too. `join` and `hide` are the shares of texts that are joined with
    another and of pieces that are hidden. Texts count by their sets' weights, or all alike where `alike`."""

    epochs: int
    rate: float
    pieces: int
    frozen: int = 0
    dropout: float = 0.0
    join: float = 0.08
    hide: float = 0.06
    alike: bool = True


def train_stage(
    network: Network,
    texts: Texts,
    draw: Callable[[np.random.Generator], Ints],
    stage: Stage,
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Train in place. `draw` gives the numbers of an epoch's texts. The same seed on the same machine gives
    the same weights."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    device = next(network.parameters()).device
    epochs = [joined(texts, draw(chance), stage.join, chance) for _ in range(stage.epochs)]
    batches = [
        (part, batch)
        for part in epochs
        for batch in like_lengths(part.lengths, np.arange(len(part.ids)), stage.pieces, chance)
    ]
    optimiser = torch.optim.AdamW(_groups(network, stage), betas=(0.9, 0.98))
    average: dict[str, Tensor] | None = None
    network.drop(stage.dropout)
    network.train()
    for step, (part, batch) in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * _share_of_rate(step, len(batches))
        ids, seen = filled([part.ids[i] for i in batch])
        ids = hidden(ids, seen, stage.hide, chance)
        with torch.autocast(device.type, torch.bfloat16, enabled=_has_half(device)):
            scores = network(torch.from_numpy(ids).to(device), torch.from_numpy(seen).to(device))
        weights = np.ones(len(batch), np.float32) if stage.alike else part.weights[batch]
        loss = _loss(scores + network.intercept[part.sets[batch]], part.labels[batch], weights)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step >= len(batches) // 2 and step % AVERAGE_EVERY == 0:
            average = _averaged(average, network)
        if step % 100 == 0:
            report(f"step {step:,} of {len(batches):,}, loss {loss.item():.3f}")
    if average is not None:
        network.load_state_dict(average)
    network.eval()


def _has_half(device: torch.device) -> bool:
    """Whether half precision (bfloat16) is quicker there: on a GPU, and on processors that multiply in it."""
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()


def _groups(network: Network, stage: Stage) -> Iterator[dict[str, object]]:
    """What is trained, each with its full rate."""
    layers = list(network.layers)
    words = [*network.word.parameters(), *network.pos.parameters(), *network.eln.parameters()]
    for parameter in [*words, *(p for layer in layers[: stage.frozen] for p in layer.parameters())]:
        parameter.requires_grad_(stage.frozen == 0)
    if stage.frozen == 0:
        yield {"params": words, "full": stage.rate * SLOWER ** len(layers), "weight_decay": 0.0}
    for number, layer in enumerate(layers[stage.frozen :], start=stage.frozen):
        rate = stage.rate * SLOWER ** (len(layers) - 1 - number)
        yield {"params": list(layer.parameters()), "full": rate, "weight_decay": 0.01}
    yield {"params": list(network.head.parameters()), "full": 4 * stage.rate, "weight_decay": 0.01}
    yield {"params": [network.intercept], "full": 1e-3, "weight_decay": 0.0}


def _share_of_rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.02, 1 - step / steps)


def _loss(scores: Tensor, labels: NDArray[np.float32], weights: NDArray[np.float32]) -> Tensor:
    target = torch.from_numpy(labels).to(scores.device)
    known = ~torch.isnan(target)
    weight = torch.from_numpy(weights).to(scores.device)[:, None]
    each = functional.binary_cross_entropy_with_logits(scores, torch.nan_to_num(target), reduction="none")
    return (each * known * weight).sum() / len(labels) / 3


def _averaged(average: dict[str, Tensor] | None, network: Network) -> dict[str, Tensor]:
    now = {name: value.detach().clone() for name, value in network.state_dict().items()}
    if average is None:
        return now
    return {name: average[name].lerp(value, AVERAGED) for name, value in now.items()}
