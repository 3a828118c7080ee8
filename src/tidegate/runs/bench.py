"""The bench: the strategy, the detectors and the settings that a job is done with, set up once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tidegate.runs.workspace import STARTER, Workspace, find_workspace
from tidegate.signals import (
    Detector,
    build_detectors,
    catalog_of,
    compute,
    item_signals,
    left_unasked,
    timeouts_of,
)
from tidegate.strategy import Strategy, load_strategy
from tidegate.tables import ITEM_SIGNALS, Catalog

SWITCHED_OFF = "switched off"
STARTER_STRATEGY = STARTER / "strategies" / "text.yaml"


@dataclass(frozen=True)
class Bench:
    """A loaded strategy over detectors that are ready to be asked; `timeouts` are in seconds per batch.

    `off` names detectors that are not asked: for what they read they have failed, as `SWITCHED_OFF`.
    """

    workspace: Workspace
    detectors: Mapping[str, Detector]
    catalog: Catalog
    strategy: Strategy
    timeouts: Mapping[str, float] = field(default_factory=dict)
    off: frozenset[str] = frozenset()

    def ask(self, detector: str, items: pl.DataFrame) -> pl.DataFrame:
        """The signals of one detector for these items, as the cascade wants them."""
        if detector == ITEM_SIGNALS.name:
            return item_signals(items)
        if detector in self.off:
            return left_unasked(self.catalog.detectors[detector], items, SWITCHED_OFF)
        return compute(self.detectors[detector], items, timeout_s=self.timeouts.get(detector))


def set_up(strategy: Path | str, *, let: Mapping[str, float] | None = None, patient: bool = True) -> Bench:
    """Load a strategy file ("starter" names the one that ships) with the workspace it lies in.

    `patient`: see `build_detectors`.

    Raises:
        StrategyError, WorkspaceError, SignalError: with file, line and remedy.
    """
    path = STARTER_STRATEGY if str(strategy) == "starter" else Path(strategy)
    workspace = find_workspace(path)
    detectors = build_detectors(workspace.detectors, workspace.root, workspace.policy_folder, patient=patient)
    catalog = catalog_of(detectors)
    return Bench(
        workspace=workspace,
        detectors=detectors,
        catalog=catalog,
        timeouts=timeouts_of(workspace.detectors, workspace.root),
        strategy=load_strategy(
            path, catalog=catalog, ladder=workspace.ladder, policies=policy_ids(workspace), let=let
        ),
    )


def policy_ids(workspace: Workspace) -> set[str]:
    """The ids of the workspace's policies, by file name; `tidegate policy check` holds the two together."""
    return {path.stem for path in workspace.policies.glob("*.md")}
