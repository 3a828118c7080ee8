"""Check the policies of a workspace: whole, and how well each detector knows their golden cases."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidegate.policy.check import check_golden
from tidegate.policy.golden import golden_items
from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet
from tidegate.runs.workspace import find_workspace
from tidegate.signals import build_detectors, catalog_of, compute


def check_workspace(folder: Path) -> tuple[PolicySet, pl.DataFrame]:
    """The policies of the workspace around `folder`, and `policy.check.check_golden` of all its detectors.

    Raises:
        PolicyError: a policy is not whole; the error names every problem of every file.
    """
    workspace = find_workspace(folder)
    policies = load_policies(workspace.policies, workspace.ladder)
    detectors = build_detectors(workspace.detectors, workspace.root)
    items = golden_items(policies)
    answers = [compute(detector, items).drop("item_id") for detector in detectors.values()]
    signals = pl.concat([items.select(item_id="id"), *answers], how="horizontal")
    return policies, check_golden(policies, signals, catalog_of(detectors), workspace.floors)
