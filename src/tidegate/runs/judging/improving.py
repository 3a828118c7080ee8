"""The prompt enhancement loop: where judge and people disagree, a better wording, tried on cases kept aside.

Labelled posts are halved by a hash of their ids. Disagreements of one half are grouped by what went wrong and
which clause was cited; each group may get an edit, from a person or from the model. An edit is worth adopting
only if the judge that reads it is right more often on the other half, with an interval above zero.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from tidegate.errors import InputError, PolicyError, SignalError, Where
from tidegate.measure.agreement import Paired, paired
from tidegate.policy.edit import with_clause
from tidegate.policy.load import load_policy
from tidegate.policy.model import Policy
from tidegate.runs.judging.cases import of_policy, put, without_memory
from tidegate.runs.workspace import Workspace
from tidegate.signals import compute
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.propose import KINDS, Edit, propose
from tidegate.tables import ITEMS
from tidegate.warehouse import RejectWriter, read_items, read_labels

DOUBT = 0.05
FEWEST = 20
"""So many labelled posts either half needs."""

EDIT_KEYS = ("kind", "clause", "language", "text", "why")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cluster:
    """Disagreements of one kind: what violates and was `missed`, or what is fine and was stopped; the clause
    that the judge cited; the posts' ids, and their texts, which are never printed."""

    missed: bool
    clause: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """An edit and what it does on the posts kept aside; None where it could not be tried, and why."""

    edit: Edit
    paired: Paired | None
    problem: str | None
    text: str | None

    @property
    def better(self) -> bool:
        return self.paired is not None and self.paired.difference.low > 0


@dataclass(frozen=True)
class Improvement:
    posts: int
    unanswered: int
    clusters: list[Cluster]
    trials: list[Trial]

    @property
    def best(self) -> Trial | None:
        better = [trial for trial in self.trials if trial.better]
        return max(better, key=lambda one: one.paired.difference.estimate) if better else None  # type: ignore[union-attr]


def improve(
    workspace: Workspace,
    judge: Judge,
    posts: Sequence[Path],
    labels: Path,
    *,
    edits: Path | None = None,
    proposals: int = 0,
) -> Improvement:
    """Group the disagreements of a judge of one policy, and try edits of it.

    Args:
        edits: a person's, one JSON object a line with the keys of `EDIT_KEYS`.
        proposals: how many of the largest groups the model is asked about.

    Raises:
        InputError: posts, labels or edits cannot be read. SignalError: there are too few labelled posts.
    """
    (policy,) = judge.policies
    items, truth = _labelled(posts, labels, policy.id)
    learning = _half(items["id"])
    if min(int(learning.sum()), int((~learning).sum())) < FEWEST:
        raise SignalError(
            "too few posts are labelled under this policy",
            where=Where(labels),
            remedy=f"Some {3 * FEWEST} are needed, and hundreds to prove that an edit helps.",
        )
    fresh = without_memory(judge)
    found = compute(fresh, items)
    spec = fresh.spec
    said, clause = found[spec.column("violates")], found[spec.column("clause")]
    answered = said.is_not_null().to_numpy()
    wrong = answered & (said.fill_null(False).to_numpy() != truth) & learning
    clusters = _clusters(items, truth, clause, wrong)
    before = answered & (said.fill_null(False).to_numpy() == truth)
    wanted = [*(_read(edits) if edits else ()), *_proposed(fresh, policy, clusters[:proposals])]
    # Whoever tries many edits finds one that helps by luck: each is held to its share of the doubt.
    confidence = 1 - DOUBT / max(len(wanted), 1)
    aside_items, aside_truth = items.filter(pl.Series(~learning)), truth[~learning]
    tried = [
        _try(workspace, judge, edit, aside_items, aside_truth, before[~learning], confidence)
        for edit in wanted
    ]
    return Improvement(len(items), int((~answered).sum()), clusters, tried)


def _proposed(judge: Judge, policy: Policy, clusters: Sequence[Cluster]) -> Iterable[Edit]:
    """The model's edits; groups about which it has none are passed over."""
    for cluster in clusters:
        try:
            yield propose(judge, policy, cluster.clause, cluster.missed, cluster.texts)
        except NoVerdictError:
            continue


def _try(
    workspace: Workspace,
    judge: Judge,
    edit: Edit,
    items: pl.DataFrame,
    truth: Bools,
    before: Bools,
    confidence: float,
) -> Trial:
    (policy,) = judge.policies
    source = policy.source.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="tidegate-judge-") as aside:
        path = Path(aside) / f"{policy.id}.md"
        try:
            text = with_clause(policy, source, edit.clause, edit.language, edit.text)
            path.write_text(text, encoding="utf-8")
            edited = load_policy(path, workspace.ladder)
        except PolicyError as error:
            return Trial(edit, None, error.what, None)
        found = put(
            of_policy(without_memory(judge), edited),
            items["text"].to_list(),
            items["id"].to_list(),
        )
    right = found.answered & (found.violates == truth)
    return Trial(edit, paired(before, right, confidence=confidence), None, text)


def _clusters(items: pl.DataFrame, truth: Bools, clause: pl.Series, wrong: Bools) -> list[Cluster]:
    groups: dict[tuple[bool, str], list[int]] = {}
    for place in np.flatnonzero(wrong):
        groups.setdefault((bool(truth[place]), clause[int(place)] or "none"), []).append(int(place))
    found = [
        Cluster(missed, cited, tuple(items["id"].gather(places)), tuple(items["text"].gather(places)))
        for (missed, cited), places in groups.items()
    ]
    return sorted(found, key=lambda one: (-len(one.ids), one.clause))


def _labelled(posts: Sequence[Path], labels: Path, policy_id: str) -> tuple[pl.DataFrame, Bools]:
    """The posts with an adjudicated label under the policy (or one that names none), and what it says."""
    told = read_labels(labels).filter((pl.col("policy") == policy_id) | pl.col("policy").is_null())
    truth = told.unique("item_id", keep="last", maintain_order=True).select("item_id", "violates")
    with tempfile.TemporaryDirectory() as aside, RejectWriter(Path(aside) / "rejected.jsonl") as rejects:
        frames = [batch.items for batch in read_items(list(posts), rejects=rejects)]
    items = pl.concat([ITEMS.empty(), *frames]).filter(pl.col("text").is_not_null())
    joined = items.join(truth, left_on="id", right_on="item_id", maintain_order="left")
    return joined.drop("violates"), joined["violates"].to_numpy()


def _half(ids: pl.Series) -> Bools:
    return np.array(
        [hashlib.blake2b(one.encode(), digest_size=1, salt=b"improve").digest()[0] < 128 for one in ids],
        dtype=bool,
    )


def _read(path: Path) -> list[Edit]:
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            raw = orjson.loads(line)
            whole = isinstance(raw, dict) and set(raw) == set(EDIT_KEYS) and raw["kind"] in KINDS
        except orjson.JSONDecodeError:
            whole = False
        if not whole or not all(isinstance(value, str) for value in raw.values()):
            raise InputError(
                "this line is no edit",
                where=Where(path, number),
                remedy=f"Write an object with {', '.join(EDIT_KEYS)}; kind is one of {', '.join(KINDS)}.",
            )
        found.append(Edit(**raw, by="a person"))
    return found
