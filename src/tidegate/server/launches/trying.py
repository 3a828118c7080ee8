"""Trying a strategy on what was decided of late: what would flip, before anybody lets it decide."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.errors import RunError, Where
from tidegate.runs.backtest import Backtest, backtest
from tidegate.runs.folder import RunFolder
from tidegate.server.content.models import Decision
from tidegate.server.exports.choice import Choice
from tidegate.server.exports.run_folder import write_run
from tidegate.server.figures.labels import audit_labels
from tidegate.server.launches.decider import site
from tidegate.server.launches.models import StrategyVersion
from tidegate.server.zones.scope import within_zones

SIZES = (1_000, 5_000, 20_000)
"""How many of the newest decisions may be tried on: some seconds each, while somebody waits."""


@dataclass(frozen=True)
class Trial:
    """A strategy on the newest decisions of a zone.

    `against`: the version that decided these. `labels`: answers of the audit that say what it would do to
    leakage and overkill.
    """

    zone: str
    against: StrategyVersion
    result: Backtest
    labels: int


def newest(zone: str, size: int) -> Choice:
    """About so many of the newest decisions of a zone, all by the version that decided last.

    Raises:
        RunError: nothing was decided there by a version that was published.
    """
    with within_zones([zone]):
        published = {(one.name, one.label): one for one in StrategyVersion.objects.order_by("-pk")}
        decided = Decision.objects.filter(item__zone=zone).order_by("-pk")
        last = next(
            (
                published[by]
                for by in decided.values_list("strategy", "strategy_version")[: max(SIZES)]
                if by in published
            ),
            None,
        )
        if last is None:
            raise RunError(
                f"nothing has been decided in '{zone}' yet",
                where=Where(field="zone"),
                remedy="Send items first.",
            )
        mine = decided.filter(strategy=last.name, strategy_version=last.label)
        first = mine.values_list("decided_at", flat=True)[size - 1 : size]
    return Choice(zone, last, since=next(iter(first), None))


def try_out(text: str, zone: str, size: int, *, actor: str) -> Trial:
    """Decide the newest decisions of a zone anew with a strategy's text. That they were read is recorded.

    Raises:
        StrategyError: the text does not load.
        RunError: there is nothing to try it on.
    """
    choice = newest(zone, size)
    with tempfile.TemporaryDirectory(prefix="tidegate-trial-") as aside:
        run = RunFolder(Path(aside) / "run")
        write_run(choice, run.root, (), actor=actor)
        labels = _of_these(audit_labels(zone, choice.since), run)
        file = Path(aside) / "labels.parquet"
        if len(labels):
            labels.write_parquet(file)
        result = backtest(
            run, text, workspace=site().workspace, labels=file if len(labels) else None, by=("language",)
        )
    return Trial(zone, choice.version, result, len(labels))


def _of_these(labels: pl.DataFrame, run: RunFolder) -> pl.DataFrame:
    ids = pl.read_parquet(run.table("decisions"), columns=["item_id"])
    return labels.join(ids, on="item_id", how="semi")
