"""Backtest: another strategy over the recorded signals of a run. If I publish this, what changes?

Nothing that the run recorded is computed again. The new decisions go to a temporary table beside those of the
run; everything else is counted from the two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.errors import TidegateError
from tidegate.runs import backtest_flips as flips
from tidegate.runs.backtest_decide import run_tables, view, write_codes
from tidegate.runs.backtest_differences import differences_of
from tidegate.runs.backtest_flips import Totals
from tidegate.runs.backtest_missing import settle
from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.backtest_words import lead
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import Progress
from tidegate.runs.population import SLICES, check_slices
from tidegate.runs.workspace import Workspace


@dataclass(frozen=True)
class Backtest:
    """What would change if the new strategy had decided the run.

    before, after: the two strategies, by name and version.
    totals: items, flips, reviews and cost; see `Totals`.
    matrix: action, action_after, items, views; action_after is null where undetermined.
    rules: rule, action, rule_after, action_after, items, views, of the flips.
    slices: slice, value, items, flips, views, views_flipped, reviews, reviews_after, undetermined.
    undetermined: detector, items, cost_ms, cost_money: items that wait for a signal the run never computed.
    computed: how many items each detector was asked about to settle them (`compute_missing`).
    differences: see `backtest_differences`; None where there are neither labels nor truth.
    most_viewed: item_id, views, action, rule, action_after, rule_after, and text where it was asked for.
    let: name, before, after: the let: numbers that change; null where a strategy does not have the number.
    actions: the ladder's steps, mildest first. confidence: of each interval. warnings: on the new strategy.
    """

    before: str
    after: str
    totals: Totals
    matrix: pl.DataFrame
    rules: pl.DataFrame
    slices: pl.DataFrame
    undetermined: pl.DataFrame
    computed: Mapping[str, int]
    differences: pl.DataFrame | None
    most_viewed: pl.DataFrame
    let: pl.DataFrame
    actions: tuple[str, ...]
    confidence: float
    warnings: tuple[TidegateError, ...] = ()


def backtest(
    folder: RunFolder,
    strategy: Path | str,
    *,
    labels: Path | None = None,
    by: Sequence[str] = (),
    compute_missing: bool = False,
    let: Mapping[str, float] | None = None,
    workspace: Workspace | None = None,
    confidence: float = 0.95,
    show_text: bool = False,
    report: Callable[[Progress], None] = lambda _: None,
) -> Backtest:
    """Decide a finished run anew with `strategy`, and say what changes.

    Args:
        folder: the run. It is only read.
        strategy: the new strategy's file; "starter" names the one that ships.
        labels: labels of the audit sample; without them, the run's truth of the audited items.
        by: columns of items or decisions to count flips by.
        compute_missing: ask the detectors for signals that the run never computed and the new strategy needs.
        let: the new strategy's let: numbers to set.
        workspace: where it is given, `strategy` is a text that belongs there.
        confidence: of each interval.
        show_text: add the texts of the most viewed flips.
        report: is told how far `compute_missing` is.

    Raises:
        RunError: this is no finished run, or what is missing cannot be computed in this workspace.
        StrategyError, WorkspaceError, SignalError: the new strategy cannot be set up.
        InputError, MeasureError: the labels cannot be read, or there is no such slice.
    """
    trial = set_up_trial(folder, strategy, let, workspace)
    check_slices(by, SLICES)
    with (
        tempfile.TemporaryDirectory(prefix="tidegate-backtest-") as folder_aside,
        run_tables(folder, Path(folder_aside)) as connection,
    ):
        codes, settled = Path(folder_aside) / "codes.parquet", Path(folder_aside) / "settled.parquet"
        write_codes(connection, trial, codes)
        view(connection, "codes", codes)
        computed: dict[str, int] = {}
        if compute_missing:
            computed = settle(connection, trial, codes, settled, report)
            view(connection, "codes", settled)
        table = flips.sides(connection, trial, by)
        cells = flips.cells(table)
        return Backtest(
            before=trial.before,
            after=trial.after,
            totals=flips.totals(cells, trial),
            matrix=flips.matrix(cells, trial.bench.strategy.ladder),
            rules=flips.flips_by_rule(cells),
            slices=flips.by_slice(table, by),
            undetermined=flips.undetermined(cells, trial),
            computed=computed,
            differences=differences_of(table, labels, confidence),
            most_viewed=flips.most_viewed(table, show_text=show_text),
            let=changed_numbers(trial.run.strategy.let, trial.bench.strategy.let),
            actions=trial.bench.strategy.ladder.names,
            confidence=confidence,
            warnings=trial.bench.strategy.warnings,
        )


def changed_numbers(before: Mapping[str, float], after: Mapping[str, float]) -> pl.DataFrame:
    """The let: numbers that are not the same on both sides: name, before, after."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    rows = [(name, before.get(name), after.get(name)) for name in names]
    schema = {"name": pl.String, "before": pl.Float64, "after": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def as_dict(result: Backtest) -> dict[str, Any]:
    """The result as plain values for JSON, its lead sentence first."""
    found: dict[str, Any] = {"lead": lead(result)}
    for field in fields(result):
        value = getattr(result, field.name)
        if isinstance(value, pl.DataFrame):
            value = value.to_dicts()
        elif field.name == "totals":
            value = asdict(value)
        elif field.name == "warnings":
            value = [str(warning) for warning in value]
        found[field.name] = value
    return found
