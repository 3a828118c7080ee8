"""What a backtest is done with: a finished run, and the new strategy set up over what the run recorded.

What the run recorded comes first: its detectors, its ladder, its policies. The workspace of the new strategy
adds what the run did not have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tidegate.errors import RunError, Where
from tidegate.runs.bench import STARTER_STRATEGY, Bench, policy_ids
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import Recorded, recorded
from tidegate.runs.workspace import Workspace, find_workspace
from tidegate.signals import build_detectors, catalog_of
from tidegate.strategy import load_strategy
from tidegate.tables import ITEM_SIGNALS, Catalog

SIDE_BY_SIDE = ("items", "signals", "decisions")


@dataclass(frozen=True)
class Trial:
    """`bench` holds the new strategy, its catalog, and those detectors that the run did not have.

    The ladder of the bench's strategy has the steps of both.
    """

    run: Recorded
    bench: Bench

    @property
    def folder(self) -> RunFolder:
        return self.run.folder

    @property
    def before(self) -> str:
        """The run's strategy by name and version, such as text 1@0123456789ab."""
        return f"{self.run.strategy.name} {self.run.strategy.label}"

    @property
    def after(self) -> str:
        return f"{self.bench.strategy.name} {self.bench.strategy.label}"


def set_up_trial(
    folder: RunFolder,
    strategy: Path | str,
    let: Mapping[str, float] | None = None,
    workspace: Workspace | None = None,
) -> Trial:
    """Load the new strategy ("starter" names the one that ships) over what the run recorded.

    Where a workspace is given, `strategy` is a text, not a file.

    Raises:
        RunError: this is no finished run, or its tables are not side by side.
        StrategyError, WorkspaceError, SignalError: with file, line and remedy.
    """
    run = recorded(folder)
    _check_tables(folder)
    source: Path | str = str(strategy)
    if workspace is None:
        source = STARTER_STRATEGY if source == "starter" else Path(strategy)
        workspace = find_workspace(source)
    new = {name: s for name, s in workspace.detectors.items() if name not in run.catalog.detectors}
    detectors = build_detectors(new, workspace.root, workspace.policy_folder)
    catalog = Catalog({**catalog_of(detectors).detectors, **run.catalog.detectors})
    loaded = load_strategy(
        source,
        catalog=catalog,
        ladder=workspace.ladder.extended(run.ladder),
        policies=policy_ids(workspace) | set(run.manifest["policies"]),
        let=let,
    )
    return Trial(run, Bench(workspace, detectors, catalog, loaded))


def with_detectors(trial: Trial, wanted: Collection[str]) -> Bench:
    """The trial's bench with these detectors ready to be asked, as the run recorded them.

    Raises:
        RunError: the workspace does not have one of them, or has another version than the run.
    """
    workspace = trial.bench.workspace
    missing = [name for name in wanted if name not in trial.bench.detectors and name != ITEM_SIGNALS.name]
    for name in missing:
        if name not in workspace.detectors:
            raise _cannot_ask(workspace, f"the workspace has no detector '{name}' to compute what is missing")
    detectors = build_detectors(
        {name: workspace.detectors[name] for name in missing}, workspace.root, workspace.policy_folder
    )
    for name, detector in detectors.items():
        then, now = trial.run.catalog.detectors[name].version, detector.spec.version
        if then != now:
            raise _cannot_ask(
                workspace, f"the run was made with {name} {then}, the workspace has {name} {now}"
            )
    bench = trial.bench
    return Bench(workspace, {**bench.detectors, **detectors}, bench.catalog, bench.strategy)


def _cannot_ask(workspace: Workspace, what: str) -> RunError:
    return RunError(
        what,
        where=Where(workspace.root / "tidegate.toml", field="detectors"),
        remedy="Set that detector up as it was, or moderate the items again and backtest on that run.",
    )


def _check_tables(folder: RunFolder) -> None:
    """A run that decided nothing has no tables."""
    for name in SIDE_BY_SIDE:
        if not folder.table(name).exists():
            raise RunError(
                f"this run has no {name}",
                where=Where(folder.table(name)),
                remedy="Backtest a run that decided at least one item.",
            )
