"""The prompt enhancement loop: where judge and people disagree, a better wording, tried on cases kept aside.

Labelled posts are halved by a hash of their ids. Disagreements of one half are grouped by what went wrong and
which clause was cited, with what reviewers said of the judge's answers; each group may get an edit, from a
person or from the model. An edit is worth adopting only if the judge that reads it is right more often on the
other half, with an interval above zero.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from tidegate.errors import InputError, PolicyError, SignalError, Where
from tidegate.measure.agreement import Figure, Paired, paired, share
from tidegate.names import counted
from tidegate.policy.edit import with_clause
from tidegate.policy.load import load_policy
from tidegate.policy.model import Policy
from tidegate.runs.judging.cases import of_policy, put, without_memory
from tidegate.runs.judging.feedback import Feedback
from tidegate.runs.told import Told, told_on
from tidegate.runs.workspace import Workspace
from tidegate.signals import compute
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.propose import KINDS, Edit, Wrong, propose
from tidegate.tables import ITEMS
from tidegate.warehouse import RejectWriter, read_items

DOUBT = 0.05
FEWEST = 20
"""So many labelled posts either half needs."""

EDIT_KEYS = ("kind", "clause", "language", "text", "why")
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cluster:
    """Disagreements of one kind: what is wrong, the clause that the judge cited, the posts' ids; their texts,
    and what reviewers wrote about its answers, which are never printed."""

    wrong: Wrong
    clause: str
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lessons:
    """Posts of the half that teaches which the judge gets right: an edit must leave them as they are.
    `reworded` is the policy with another wording of a clause; it raises PolicyError where that is none."""

    items: pl.DataFrame
    truth: Bools
    reworded: Callable[[str, str], Policy]


Proposer = Callable[[Judge, Policy, Cluster, Lessons], Edit]
"""Who proposes an edit about a cluster. Raises NoVerdictError where it has none."""


def by_the_model(judge: Judge, policy: Policy, cluster: Cluster, _: Lessons) -> Edit:
    """The model that judges is asked once for a better wording."""
    return propose(judge, policy, cluster.clause, cluster.wrong, cluster.texts, cluster.reasons)


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
    """told: what was read of labels. reasons: why the judge had no verdict, by how many posts. unproposed:
    why the model had no edit, by how many groups. useful: the share of the judge's answers that reviewers
    called useful, of those they said anything of (None where they did of none)."""

    posts: int
    told: Told
    unanswered: int
    reasons: Mapping[str, int]
    unproposed: Mapping[str, int]
    useful: Figure | None
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
    feedback: Sequence[Feedback] = (),
    edits: Path | None = None,
    proposals: int = 0,
    proposer: Proposer = by_the_model,
) -> Improvement:
    """Group the disagreements of a judge of one policy, and try edits of it.

    Args:
        feedback: what reviewers said of its answers; that on posts kept aside is counted, and shown to no
            model.
        edits: a person's, one JSON object a line with the keys of `EDIT_KEYS`.
        proposals: how many of the largest groups the model is asked about, through `proposer`.

    Raises:
        InputError: posts, labels or edits cannot be read. SignalError: there are too few labelled posts.
    """
    (policy,) = judge.policies
    given = _read(edits) if edits else []
    told = told_on(labels, policy.id)
    items, truth = _labelled(posts, labels, told)
    learning = _half(items["id"])
    fresh = without_memory(judge)
    found = compute(fresh, items)
    spec = fresh.spec
    said, clause = found[spec.column("violates")], found[spec.column("clause")]
    answered = said.is_not_null().to_numpy()
    before = answered & (said.fill_null(False).to_numpy() == truth)
    clusters = _clusters(items, truth, clause, learning & answered, before, _by_item(feedback))
    lessons = Lessons(
        items.filter(pl.Series(learning & before)),
        truth[learning & before],
        lambda clause, text: reworded(workspace, policy, clause, judge.settings.language, text)[0],
    )
    proposed, unproposed = _proposed(proposer, fresh, policy, clusters[:proposals], lessons)
    wanted = [*given, *proposed]
    # Whoever tries many edits finds one that helps by luck: each is held to its share of the doubt.
    confidence = 1 - DOUBT / max(len(wanted), 1)
    aside_items, aside_truth = items.filter(pl.Series(~learning)), truth[~learning]
    tried = [
        _try(workspace, judge, edit, aside_items, aside_truth, before[~learning], confidence)
        for edit in wanted
    ]
    spoken = [one for one in feedback if one.item_id in set(items["id"])]
    useful = share(sum(one.useful for one in spoken), len(spoken)) if spoken else None
    reasons = found[spec.failure_column].drop_nulls().value_counts(sort=True)
    return Improvement(
        len(items),
        told,
        int((~answered).sum()),
        dict(reasons.iter_rows()),
        unproposed,
        useful,
        clusters,
        tried,
    )


def _proposed(
    proposer: Proposer, judge: Judge, policy: Policy, clusters: Sequence[Cluster], lessons: Lessons
) -> tuple[list[Edit], dict[str, int]]:
    """The model's edits, and of the groups about which it has none how many for which reason."""
    edits, reasons = [], []
    for cluster in clusters:
        try:
            edits.append(proposer(judge, policy, cluster, lessons))
        except NoVerdictError as error:
            reasons.append(str(error))
    return edits, dict(Counter(reasons).most_common())


def _by_item(feedback: Sequence[Feedback]) -> Mapping[str, Sequence[Feedback]]:
    found: dict[str, list[Feedback]] = defaultdict(list)
    for one in feedback:
        found[one.item_id].append(one)
    return found


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
    try:
        edited, text = reworded(workspace, policy, edit.clause, edit.language, edit.text)
    except PolicyError as error:
        return Trial(edit, None, error.what, None)
    found = put(of_policy(without_memory(judge), edited), items["text"].to_list(), items["id"].to_list())
    right = found.answered & (found.violates == truth)
    return Trial(edit, paired(before, right, confidence=confidence), None, text)


def reworded(
    workspace: Workspace, policy: Policy, clause: str, language: str, text: str
) -> tuple[Policy, str]:
    """The policy with another wording of a clause, and its file's text.

    Raises:
        PolicyError: there is no such clause, or the policy would not be whole.
    """
    source = policy.source.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="tidegate-judge-") as aside:
        path = Path(aside) / f"{policy.id}.md"
        changed = with_clause(policy, source, clause, language, text)
        path.write_text(changed, encoding="utf-8")
        return load_policy(path, workspace.ladder), changed


def _clusters(
    items: pl.DataFrame,
    truth: Bools,
    clause: pl.Series,
    looked_at: Bools,
    right: Bools,
    feedback: Mapping[str, Sequence[Feedback]],
) -> list[Cluster]:
    """The largest first; a post about which a reviewer complained counts once more for each who did."""
    ids, texts = items["id"], items["text"]
    groups: dict[tuple[Wrong, str], list[int]] = defaultdict(list)
    complaints: dict[int, list[str]] = {}
    for place in map(int, np.flatnonzero(looked_at)):
        said = [one for one in feedback.get(ids[place], ()) if not one.useful]
        complaints[place] = [one.why for one in said]
        if not right[place]:
            groups[Wrong.MISSED if truth[place] else Wrong.STOPPED, clause[place] or "none"].append(place)
        elif said:
            cited = clause[place] or next((one.clause for one in said if one.clause), None)
            groups[Wrong.GROUNDS, cited or "none"].append(place)
    weighty = sorted(
        groups.items(),
        key=lambda one: (-sum(1 + len(complaints[place]) for place in one[1]), one[0][1], one[0][0]),
    )
    return [
        Cluster(
            wrong,
            cited,
            tuple(ids.gather(places)),
            tuple(texts.gather(places)),
            tuple(why for place in places for why in complaints[place] if why),
        )
        for (wrong, cited), places in weighty
    ]


def _labelled(posts: Sequence[Path], labels: Path, told: Told) -> tuple[pl.DataFrame, Bools]:
    """The posts with a label under the policy, and what it says.

    Raises:
        SignalError: a half has too few.
    """
    with tempfile.TemporaryDirectory() as aside, RejectWriter(Path(aside) / "rejected.jsonl") as rejects:
        frames = [batch.items for batch in read_items(list(posts), rejects=rejects)]
    items = pl.concat([ITEMS.empty(), *frames]).filter(pl.col("text").is_not_null())
    joined = items.join(told.answers, left_on="id", right_on="item_id", maintain_order="left")
    learning = _half(joined["id"])
    if min(int(learning.sum()), int((~learning).sum())) < FEWEST:
        left = told.left_out(items["id"])
        given = counted(told.labels, "label")
        raise SignalError(
            f"too few posts are labelled under this policy: {len(joined):,} by {given}",
            where=Where(labels),
            remedy=f"Some {3 * FEWEST} are needed, and hundreds to prove that an edit helps."
            + (f" Left out are {'; '.join(left)}" if left else ""),
        )
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
    if not found:
        raise InputError(
            "there is no edit in this file",
            where=Where(path),
            remedy=f"Write one on each line, an object with {', '.join(EDIT_KEYS)}.",
        )
    return found
