"""Training on a platform's own labels: posts and what people found in, a model that has proved better out,
or none."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import SignalError, Where
from tidegate.measure.votes import ballots
from tidegate.names import counted, nearest
from tidegate.policy.harms import HARM_KEYS
from tidegate.policy.load import load_policies
from tidegate.runs.outputs import unused
from tidegate.runs.workspace import Workspace
from tidegate.signals.prepare import prepared
from tidegate.signals.text_risk.adapt import FEWEST, Comparison, Part, adapted, compared, enough
from tidegate.signals.text_risk.model import TextRiskModel
from tidegate.signals.text_risk.weights import WEIGHTS, load_model, parts_of, save_model
from tidegate.warehouse import RejectWriter, read_items, read_labels

TRAIN, TUNE, TEST = range(3)


@dataclass(frozen=True)
class Adaptation:
    """`texts` with a label that could be used; `left_out`, what could not, a line each; `path` of what was
    written, or None where nothing was; `shared`, the policies of each adapted harm that has several."""

    texts: int
    left_out: list[str]
    comparisons: list[Comparison]
    path: Path | None
    shared: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Taught:
    """Prepared texts, each once, and their labels: texts × harms, NaN where nobody said or people disagree
    evenly. `left_out`: which labels are not among them."""

    texts: list[str]
    labels: NDArray[np.float64]
    left_out: list[str]


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
        RunError: there is such a file in `out` already.
        InputError: posts or labels cannot be read.
        SignalError: too few labels for any harm, or the weights are not whole. Nothing is written then.
    """
    path = out / WEIGHTS.name
    unused(path)
    _check(weights)
    model = load_model(weights)
    policies = {one.id: one.harm for one in load_policies(workspace.policies, workspace.ladder).values()}
    taught = labelled_texts(posts, labels, policies)
    parts = _parts(model, taught.texts, taught.labels)
    harms = np.flatnonzero(enough(*parts))
    if not len(harms):
        raise _too_few(labels, taught)
    head = adapted(model.head, parts[TRAIN], parts[TUNE], from_scratch=from_scratch)
    comparisons = compared(model.head, head, parts[TEST], list(harms))
    if not any(one.better for one in comparisons) or any(one.high < 0 for one in comparisons):
        return Adaptation(len(taught.texts), taught.left_out, comparisons, None, {})
    pieces, encoder, _ = parts_of(weights)
    save_model(path, pieces, encoder, head)
    of = {one.harm: [name for name, harm in policies.items() if harm == one.harm] for one in comparisons}
    shared = {harm: names for harm, names in of.items() if len(names) > 1}
    return Adaptation(len(taught.texts), taught.left_out, comparisons, path, shared)


def _check(weights: Path) -> None:
    """Refuse what is no file of weights, before anything says that it is damaged.

    Raises:
        SignalError: it is none.
    """
    if not zipfile.is_zipfile(weights) or not weights.with_suffix(".sha256").exists():
        raise SignalError(
            "these are no weights of the text-risk model",
            where=Where(weights),
            remedy=f"Name a {WEIGHTS.name} that `tidegate train` wrote, with its .sha256 beside it, or leave "
            "--weights out to start from ours.",
        )


def labelled_texts(posts: Sequence[Path], labels: Path, harm: Mapping[str, str]) -> Taught:
    """What labels say of the texts of posts. `harm`: of each policy, by its id.

    A label that names a policy speaks of that policy's harm. One that names none speaks, where it says no, of
    every harm; where it says yes, of none in particular, and is left out. A labeller has one vote on an item
    and a harm, see `ballots`: of two policies of one harm, one that is violated is enough.
    """
    votes = ballots(read_labels(labels)).rows.with_columns(
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
    found = {key: pl.col("violates").filter((pl.col("harm") == key) | general).max() for key in HARM_KEYS}
    voted = said.filter(pl.col("text") != "").group_by("text", "item_id", "voter", maintain_order=True)
    merged = voted.agg(**found).group_by("text", maintain_order=True).agg(pl.col(HARM_KEYS).mean())
    share = merged.select(HARM_KEYS).to_numpy().astype(np.float64)
    undecided = np.isnan(share) | (share == 0.5)
    split = int((share == 0.5).any(axis=1).sum())
    return Taught(
        merged["text"].to_list(),
        np.where(undecided, np.nan, share > 0.5),
        list(_left_out(votes, items["id"], harm, split)),
    )


def _left_out(votes: pl.DataFrame, ids: pl.Series, harm: Mapping[str, str], split: int) -> Iterator[str]:
    strange = votes.filter(pl.col("policy").is_not_null() & pl.col("harm").is_null())
    for name, rows in strange.group_by("policy", maintain_order=True).len().iter_rows():
        hint = nearest(name, harm).strip()
        yield f"{counted(rows, 'label')} of an unknown policy: '{name}'" + (f" ({hint})" if hint else "")
    nameless = len(votes.filter(pl.col("policy").is_null() & pl.col("violates")))
    if nameless:
        single, several = "label that says yes and names no policy", "labels that say yes and name no policy"
        yield counted(nameless, single, several)
    if elsewhere := int((~votes["item_id"].is_in(ids.implode())).sum()):
        yield f"{counted(elsewhere, 'label')} of items that no post is"
    if split:
        yield f"{counted(split, 'text')} with as many labels that say yes as no"


def _too_few(labels: Path, taught: Taught) -> SignalError:
    there = [
        f"{harm} {int((column == 1).sum()):,} and {int((column == 0).sum()):,}"
        for harm, column in zip(HARM_KEYS, taught.labels.T, strict=True)
        if (column == 1).any()
    ]
    return SignalError(
        "no harm has labels enough to learn from and to judge by",
        where=Where(labels),
        remedy="Each harm needs some 150 harmful and 150 harmless texts, with the policy named: "
        f"{FEWEST} of either in each of three parts, the smallest of which has a fifth. "
        f"There are {'; '.join(there) or 'none that say yes'}."
        + (f" Left out are {'; '.join(taught.left_out)}." if taught.left_out else ""),
    )


def _parts(model: TextRiskModel, texts: list[str], labels: NDArray[np.float64]) -> list[Part]:
    """Six, two and two tenths by a hash of the text, so that a text is on one side only."""
    features, first = model.features(texts)
    read = np.flatnonzero(np.diff(first))
    tenth = np.array([int.from_bytes(blake2b(texts[i].encode(), digest_size=8).digest()) % 10 for i in read])
    split = np.digitize(tenth, [6, 8])
    return [Part(features[first[read[split == n]]], labels[read[split == n]]) for n in (TRAIN, TUNE, TEST)]
