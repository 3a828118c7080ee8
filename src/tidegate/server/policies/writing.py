"""Changing a policy: checked with its golden cases before it is saved, and saved whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from django.db import transaction
from django.utils import timezone

from tidegate.errors import PolicyError, ProblemsError, RunError, TidegateError, Where
from tidegate.policy.check import check_golden
from tidegate.policy.golden import golden_items
from tidegate.policy.load import GOLDEN_FOLDER, load_policies
from tidegate.policy.model import Policy, PolicySet
from tidegate.runs.golden import STOPPED, golden_outcomes
from tidegate.server.launches.decider import NotReadyError, decider, site
from tidegate.server.ledger.actions import Act, append, in_turn
from tidegate.server.policies.models import PolicyText
from tidegate.signals import compute
from tidegate.warehouse.whole import written_whole


@dataclass(frozen=True)
class Draft:
    """A policy's text and its golden cases, as somebody would have them."""

    policy: str
    text: str
    golden: str


@dataclass(frozen=True)
class Tried:
    """A draft that is whole.

    detectors: rows of `policy.check.check_golden` for all cases of the policy: how many each gets right.
    outcomes: what the strategy that decides now does with the golden cases: violating, stopped (or held),
        fine, actioned. None where none decides.
    below: floors of the workspace that are not met, in words.
    """

    policy: Policy
    cases: int
    detectors: Sequence[dict[str, Any]]
    outcomes: dict[str, int] | None
    below: Sequence[str]


def folder() -> Path:
    return Path(site().workspace.policies)


def current(policy: str) -> Draft:
    """The policy as its files have it now.

    Raises:
        RunError: there is no such policy, or it cannot be read.
    """
    path = folder() / f"{policy}.md"
    if path not in set(folder().glob("*.md")):  # a name from outside is no path of ours
        raise RunError(f"there is no policy '{policy}'", where=Where(field="policy"))
    golden = folder() / GOLDEN_FOLDER / f"{policy}.jsonl"
    try:
        cases = golden.read_text(encoding="utf-8") if golden.exists() else ""
        return Draft(policy, path.read_text(encoding="utf-8"), cases)
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"the policy '{policy}' cannot be read", remedy="`tidegate policy check`") from error


def version_of(draft: Draft) -> str:
    """Of both files, to tell whether somebody has changed one of them meanwhile."""
    return hashlib.sha256(f"{draft.text}\0{draft.golden}".encode()).hexdigest()


def problems_of(error: TidegateError) -> list[str]:
    """Every problem in a line: file, line, what, remedy; without the folder that it was tried in."""
    each = error.problems if isinstance(error, ProblemsError) else (error,)
    told = []
    for one in each:
        name = "" if one.where.file is None else Path(one.where.file).name
        where = ":".join(str(part) for part in (name, one.where.line) if part not in ("", None))
        told.append(" ".join(filter(None, [f"{where}:" if where else "", f"{one.what}.", one.remedy])))
    return told


def try_out(draft: Draft) -> Tried:
    """Check a draft and run its golden cases.

    Raises:
        PolicyError: it is not whole; every problem of it is told.
    """
    with tempfile.TemporaryDirectory(prefix="tidegate-policies-") as aside:
        copy = Path(aside) / "policies"
        shutil.copytree(folder(), copy)
        _write(draft, copy)
        found = _of_this(draft.policy, load_policies, copy)
        policy = found[draft.policy]
    alone = PolicySet((policy,), {draft.policy: found.golden[draft.policy]})
    rows = _by_detectors(alone)
    whole = rows.filter(pl.col("slice") == "all")
    return Tried(
        policy=policy,
        cases=len(alone.golden[draft.policy]),
        detectors=whole.to_dicts(),
        outcomes=_by_strategy(alone),
        below=[
            f"{row['detector']}: {row['share']:.0%} < {row['floor']:.0%}"
            for row in whole.filter(~pl.col("met").fill_null(True)).iter_rows(named=True)
        ],
    )


def save(draft: Draft, message: str, *, read: str, actor: str) -> Tried:
    """Check a draft, and let it hold from now on. What it was before is kept.

    Args:
        read: `version_of` what the writer began with.

    Raises:
        PolicyError: it is not whole. RunError: somebody has changed it meanwhile, or it cannot be written.
            Nothing is changed then.
    """
    tried = try_out(draft)
    with transaction.atomic():
        in_turn()  # one writer at a time, in all processes
        before = current(draft.policy)
        if version_of(before) != read:
            raise RunError(
                "somebody has changed this policy since you opened it",
                remedy="Open it again in another window, and bring both together.",
            )
        PolicyText.objects.create(
            policy=draft.policy,
            version=tried.policy.version,
            text=draft.text,
            golden=draft.golden,
            message=message,
            saved_at=timezone.now(),
            saved_by=actor,
        )
        act = Act(actor, "policy.saved", "", f"policy:{draft.policy}", {"message": message})
        append([Act(**{**vars(act), "evidence": tried.policy.version})])
        # Last, so that what cannot be written leaves no record either.
        try:
            _write(draft, folder())
        except OSError as error:
            raise RunError(f"the files cannot be written: {error.strerror}") from error
    return tried


def _write(draft: Draft, where: Path) -> None:
    golden = where / GOLDEN_FOLDER
    golden.mkdir(exist_ok=True)
    with ExitStack() as both:
        for path, text in (
            (golden / f"{draft.policy}.jsonl", draft.golden),
            (where / f"{draft.policy}.md", draft.text),
        ):
            both.enter_context(written_whole(path)).write_text(text, encoding="utf-8")


def _of_this(policy: str, load: Any, copy: Path) -> PolicySet:
    """All policies with the draft among them; problems of others are not the writer's."""
    try:
        loaded: PolicySet = load(copy, site().workspace.ladder)
    except ProblemsError as error:
        mine = [one for one in error.problems if one.where.file and Path(one.where.file).stem == policy]
        raise (type(error)(mine) if mine else error) from error
    if policy not in loaded:
        raise PolicyError(f"the policy is no longer called '{policy}'", remedy="Leave its id as it is.")
    return loaded


def _by_detectors(policies: PolicySet) -> pl.DataFrame:
    bench = site()
    items = golden_items(policies)
    answers = [compute(detector, items).drop("item_id") for detector in bench.detectors.values()]
    signals = pl.concat([items.select(item_id="id"), *answers], how="horizontal")
    floors = {
        name: {policy: floor for policy, floor in of.items() if policy in policies}
        for name, of in bench.workspace.floors.items()
    }
    return check_golden(policies, signals, bench.catalog, floors)


def _by_strategy(policies: PolicySet) -> dict[str, int] | None:
    try:
        outcomes = golden_outcomes(decider(), policies)
    except NotReadyError:
        return None
    violates = pl.col("violates")
    counted = outcomes.select(
        violating=violates.sum(),
        stopped=(violates & pl.col("outcome").is_in(STOPPED)).sum(),
        fine=(~violates).sum(),
        actioned=(~violates & (pl.col("outcome") == "actioned")).sum(),
    )
    return {name: int(value) for name, value in counted.row(0, named=True).items()}
