"""A policy's golden cases put to a judge, as it stands or with another version of the policy."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.names import nearest
from tidegate.policy.load import load_policies
from tidegate.policy.model import GoldenCase, Policy
from tidegate.policy.versions import at_label
from tidegate.runs.workspace import FILE, Workspace
from tidegate.signals import build_detectors, compute
from tidegate.signals.judge.build import is_judge
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.judgement import column_of
from tidegate.tables import ITEMS

STEP = 200
"""So many items are asked about between two reports of how far it is."""


@dataclass(frozen=True)
class Judged:
    """What a judge made of n texts: whether each violates, whether there was an answer, and why not; and the
    clause that was cited.

    probability is NaN without an answer; seconds are of the whole run.
    """

    violates: np.ndarray[tuple[int], np.dtype[np.bool_]]
    answered: np.ndarray[tuple[int], np.dtype[np.bool_]]
    probability: np.ndarray[tuple[int], np.dtype[np.float64]]
    reasons: tuple[str | None, ...]
    clauses: tuple[str | None, ...]
    seconds: float


def judges_of(workspace: Workspace) -> dict[str, Judge]:
    """The judges that a workspace sets up, by name."""
    sections = {name: section for name, section in workspace.detectors.items() if is_judge(name, section)}
    built = build_detectors(sections, workspace.root, workspace.policy_folder)
    return {name: one for name, one in built.items() if isinstance(one, Judge)}


def judge_named(workspace: Workspace, name: str, policy_id: str, version: str | None = None) -> Judge:
    """A judge of one policy alone, at a version of it, or as the judge's own settings say.

    Raises:
        SignalError: there is no such judge. PolicyError: there is no such policy or version.
    """
    there = judges_of(workspace)
    if name not in there:
        raise SignalError(
            f"there is no judge '{name}'",
            where=Where(workspace.root / FILE, field="detectors"),
            remedy=f"{nearest(name, there)}Judges are {', '.join(there)}."
            if there
            else "Set one up: [detectors.judge] with base_url and model; see docs/judge.md.",
        )
    return of_policy(there[name], policy_of(workspace, policy_id, version or there[name].settings.label))


def of_policy(judge: Judge, policy: Policy) -> Judge:
    """The same judge, asked about one policy."""
    return replace(judge, policies=(policy,))


def policy_of(workspace: Workspace, policy_id: str, version: str | None) -> Policy:
    return at_label(workspace.policies, policy_id, version or "working", workspace.ladder)


def golden_cases(workspace: Workspace, policy_id: str) -> tuple[GoldenCase, ...]:
    return load_policies(workspace.policies, workspace.ladder).golden[policy_id]


def put(judge: Judge, texts: Sequence[str], ids: Sequence[str] | None = None) -> Judged:
    """What a judge of one policy makes of texts."""
    (policy,) = judge.policies
    began = time.monotonic()
    frames = [
        compute(judge, _items(texts[start : start + STEP], ids and ids[start : start + STEP]))
        for start in range(0, len(texts), STEP)
    ]
    spec = judge.spec
    found = pl.concat(frames) if frames else compute(judge, ITEMS.empty())
    violates = found[spec.column("violates")]
    return Judged(
        violates.fill_null(False).to_numpy(),
        violates.is_not_null().to_numpy(),
        found[spec.column(column_of(policy.id))].fill_null(float("nan")).to_numpy(),
        tuple(found[spec.failure_column].to_list()),
        tuple(found[spec.column("clause")].to_list()),
        time.monotonic() - began,
    )


def without_memory(judge: Judge) -> Judge:
    """The same judge, which asks about every text anew; what it spends counts towards the day's budget."""
    return replace(judge, remember=False, settings=replace(judge.settings, near_duplicates=0.0))


def _items(texts: Sequence[str], ids: Sequence[str] | None) -> pl.DataFrame:
    given = {
        "id": list(ids) if ids else [str(place) for place in range(len(texts))],
        "kind": ["text"] * len(texts),
        "text": list(texts),
    }
    frame = pl.DataFrame(given, schema={name: ITEMS.schema[name] for name in given})
    return pl.concat([ITEMS.empty(), frame], how="diagonal")
