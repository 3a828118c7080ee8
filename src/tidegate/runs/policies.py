"""Check the policies of a workspace: whole, and how well each detector knows their golden cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.errors import Where, WorkspaceError
from tidegate.names import counted
from tidegate.policy.check import check_golden
from tidegate.policy.golden import golden_items
from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet
from tidegate.runs.workspace import STARTER, find_workspace
from tidegate.signals import build_detectors, catalog_of, compute

WEAK = 0.5
"""A detector that finds less than this share of what violates is said to miss it."""


@dataclass(frozen=True)
class Checked:
    """The policies in `folder`, and `policy.check.check_golden` of all detectors of their workspace."""

    folder: Path
    policies: PolicySet
    results: pl.DataFrame

    @property
    def is_starter(self) -> bool:
        return self.folder.is_relative_to(STARTER)

    def weak_spots(self) -> Iterator[str]:
        """In words, which detector misses most of what violates which policy."""
        overall = self.results.filter(pl.col("slice") == "all", pl.col("recall") < WEAK)
        for row in overall.iter_rows(named=True):
            violating = sum(case.violates for case in self.policies.golden[row["policy"]])
            missed = round(violating * (1 - row["recall"]))
            cases = counted(violating, "violating case")
            yield f"{row['policy']}: {row['detector']} misses {missed} of {cases}"


def check_workspace(named: Path | None) -> Checked:
    """Check the workspace that `named` lies in; with None that of the working folder, or the starter.

    Detectors that are paid by the item take part only where a floor is set for them.

    Raises:
        WorkspaceError: `named` is in no workspace.
        PolicyError: a policy is not whole; the error names every problem of every file.
    """
    workspace = find_workspace(named or Path.cwd())
    if named is not None and workspace.root == STARTER and not named.resolve().is_relative_to(STARTER):
        raise WorkspaceError(
            "there is no workspace here (no tidegate.toml)" if named.exists() else "there is no such folder",
            where=Where(named),
            remedy="Name a folder that `tidegate init FOLDER` laid out.",
        )
    policies = load_policies(workspace.policies, workspace.ladder)
    detectors = build_detectors(workspace.detectors, workspace.root, workspace.policy_folder)
    items = golden_items(policies)
    # A judge is paid by the item, and has `tidegate policy eval`: asked here only where a floor names it.
    detectors = {
        name: one for name, one in detectors.items() if one.spec.paid is None or name in workspace.floors
    }
    answers = [compute(detector, items).drop("item_id") for detector in detectors.values()]
    signals = pl.concat([items.select(item_id="id"), *answers], how="horizontal")
    results = check_golden(policies, signals, catalog_of(detectors), workspace.floors)
    return Checked(workspace.policies, policies, results)
