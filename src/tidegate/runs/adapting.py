"""Training on a platform's own labels: posts and what people found in, a model that has proved better out,
or none."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import SignalError, Where
from tidegate.policy.harms import HARM_KEYS
from tidegate.policy.load import load_policies
from tidegate.runs.workspace import Workspace
from tidegate.signals.prepare import prepared
from tidegate.signals.text_risk.adapt import Comparison, Part, adapted, compared, enough
from tidegate.signals.text_risk.model import TextRiskModel
from tidegate.signals.text_risk.weights import WEIGHTS, load_model, parts_of, save_model
from tidegate.warehouse import RejectWriter, read_items, read_labels

TRAIN, TUNE, TEST = range(3)


@dataclass(frozen=True)
class Adaptation:
    """`texts` with a label that could be used; `path` of what was written, or None where nothing was."""

    texts: int
    comparisons: list[Comparison]
    path: Path | None


def adapt(
    posts: Sequence[Path],
    labels: Path,
    out: Path,
    workspace: Workspace,
    *,
    weights: Path = WEIGHTS,
    from_scratch: bool = False,
) -> Adaptation:
    """Fit a new head on `labels` of `posts`, and write it to `out`/text-risk.zip if it has proved better.

    It has, where some harm's average precision rose for certain (at 95 %, over all harms together) and no
    harm's fell for certain.

    Raises:
        InputError: posts or labels cannot be read.
        SignalError: too few labels for any harm, or the weights are not whole. Nothing is written then.
    """
    model = load_model(weights)
    texts, found = labelled_texts(posts, labels, workspace)
    parts = _parts(model, texts, found)
    harms = np.flatnonzero(enough(*parts))
    if not len(harms):
        raise SignalError(
            "no harm has labels enough to learn from and to judge by",
            where=Where(labels),
            remedy="Each harm needs some 150 harmful and 150 harmless texts, with the policy named.",
        )
    head = adapted(model.head, parts[TRAIN], parts[TUNE], from_scratch=from_scratch)
    comparisons = compared(model.head, head, parts[TEST], list(harms))
    if not any(one.better for one in comparisons) or any(one.high < 0 for one in comparisons):
        return Adaptation(len(texts), comparisons, None)
    path = out / WEIGHTS.name
    pieces, encoder, _ = parts_of(weights)
    save_model(path, pieces, encoder, head)
    return Adaptation(len(texts), comparisons, path)


def labelled_texts(
    posts: Sequence[Path], labels: Path, workspace: Workspace
) -> tuple[list[str], NDArray[np.float64]]:
    """Prepared texts, each once, and their labels: texts × harms, NaN where nobody said or people disagree
    evenly.

    A label that names a policy speaks of that policy's harm. One that names none speaks, where it says no, of
    every harm; where it says yes, of none in particular, and is left out.
    """
    policies = load_policies(workspace.policies, workspace.ladder)
    harm = {policy.id: policy.harm for policy in policies.values()}
    votes = read_labels(labels).with_columns(
        harm=pl.col("policy").replace_strict(harm, default=None, return_dtype=pl.String)
    )
    with tempfile.TemporaryDirectory() as folder, RejectWriter(Path(folder) / "rejected.jsonl") as rejects:
        batches = read_items(list(posts), columns={}, format=None, rejects=rejects)
        items = pl.concat(
            batch.items.select("id", "text").filter(pl.col("id").is_in(votes["item_id"].implode()))
            for batch in batches
        )
    texts = [" ".join(text.split()) for text in prepared(items["text"].fill_null("").to_list())]
    said = items.select(item_id="id", text=pl.Series(texts, dtype=pl.String)).join(votes, on="item_id")
    general = pl.col("policy").is_null() & ~pl.col("violates")
    shares = {key: pl.col("violates").filter((pl.col("harm") == key) | general).mean() for key in HARM_KEYS}
    merged = said.filter(pl.col("text") != "").group_by("text", maintain_order=True).agg(**shares)
    share = merged.select(HARM_KEYS).to_numpy().astype(np.float64)
    undecided = np.isnan(share) | (share == 0.5)
    return merged["text"].to_list(), np.where(undecided, np.nan, share > 0.5)


def _parts(model: TextRiskModel, texts: list[str], labels: NDArray[np.float64]) -> list[Part]:
    """Six, two and two tenths by a hash of the text, so that a text is on one side only."""
    features, first = model.features(texts)
    read = np.flatnonzero(np.diff(first))
    tenth = np.array([int.from_bytes(blake2b(texts[i].encode(), digest_size=8).digest()) % 10 for i in read])
    split = np.digitize(tenth, [6, 8])
    return [Part(features[first[read[split == n]]], labels[read[split == n]]) for n in (TRAIN, TUNE, TEST)]
