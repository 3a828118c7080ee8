"""Tune: new let: numbers for a strategy, with a certificate that overkill and leakage keep their limits.

What is certified are sets: what would be acted on, and what would pass. Two families of such sets are tested,
each from careful to bold, and the choice is the pair that leaves the least to people. `measure.certificates`
says why this holds; this module brings the strategy and the run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from tidegate.errors import MeasureError, Where
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.outlook import outlook
from tidegate.measure.estimate import check_confidence
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.names import counted, nearest
from tidegate.runs.backtest_trial import Trial, set_up_trial
from tidegate.runs.folder import RunFolder
from tidegate.runs.tuning.attempt import Job, search_of
from tidegate.runs.tuning.board import HELD
from tidegate.runs.tuning.families import Family
from tidegate.runs.tuning.joint import kept
from tidegate.runs.tuning.numbers import plain_numbers
from tidegate.runs.tuning.result import Tuning
from tidegate.runs.tuning.rows import Rows, answers, rows_of
from tidegate.runs.tuning.simplest import simplest
from tidegate.runs.tuning.steps import Steps
from tidegate.strategy import Strategy


def tune(
    folder: RunFolder,
    strategy: Path | str,
    labels: Path | None,
    limits: Sequence[Limit],
    *,
    confidence: float = 0.95,
    only: Sequence[str] = (),
    by: Sequence[str] = (),
) -> list[Tuning]:
    """New let: numbers for the whole run, or for each group of `by`, each group at the full confidence.

    Without `labels`, the truth of the audited items serves, where the run was told it.

    Raises:
        MeasureError: no limit, labels that do not go with the run, or a name that is no plain let: number.
        RunError, StrategyError, WorkspaceError, InputError: as for a backtest.
    """
    check_confidence(confidence)
    if not limits:
        raise MeasureError(
            "there is no limit to keep", remedy="Give --overkill-at-most or --leakage-at-most."
        )
    trial = set_up_trial(folder, strategy)
    check_names(trial.bench.strategy, only)
    job = Job(tuple(limits), 1 - confidence, tuple(only))
    groups = rows_of(folder, trial.run.ladder, answers(folder, trial.run.ladder, labels), by)
    return [_tuned(trial, rows, job, dict(zip(by, key, strict=True))) for key, rows in groups.items()]


def check_names(strategy: Strategy, only: Collection[str]) -> None:
    """Refuse to tune what is no plain number of the strategy's let:."""
    plain = plain_numbers(strategy.text)
    for name in only or list(plain)[:1] or [""]:
        if name not in plain:
            raise MeasureError(
                f"there is no let: number '{name}' to tune" if name else "there is no let: number to tune",
                where=Where(strategy.file, field="let"),
                remedy=f"{nearest(name, plain)}Name a threshold under let:, and write :name in conditions.",
            )


def _tuned(trial: Trial, rows: Rows, job: Job, group: Mapping[str, str]) -> Tuning:
    search = search_of(trial, rows, job)
    found, plain = search.attempt(), search.plain
    items = search.items
    numbers = plain if found.numbers is None else found.numbers
    if len(items) == rows.total:
        numbers = simplest(search.whole, plain, numbers, items)
    before, after = (outcome[items] for outcome in search.whole.outcomes([plain, numbers]))
    names = {name for one in found.families for name in one.names}
    certified = found.numbers is not None
    return Tuning(
        group=group,
        certified=certified,
        strategy=search.whole.strategy(numbers) if certified else trial.bench.strategy,
        numbers={name: numbers[name] for name in plain if name in names},
        before={name: plain[name] for name in plain if name in names},
        automated=float(np.mean(after != HELD)),
        automated_before=float(np.mean(before != HELD)),
        kept=kept(found.families, found.tested, found.at, after) if certified else (),
        speaks_for=search.speaks_for() if certified else (),
        failed=tuple(outlook(result, rows.total, one.limit) for one, result in found.lacking),
        rows=rows,
        used=int(search.used.sum()),
        notes=_notes(rows, job, found.families, search.moved, apart=not certified and not found.lacking),
    )


def _notes(
    rows: Rows, job: Job, families: Sequence[Family], moved: Sequence[Steps], apart: bool
) -> tuple[str, ...]:
    notes = []
    if any(limit.reviewers != Reviewers() for limit in job.limits):
        notes.append(
            "the confidence is that of the labels alone: the reviewers' bounds are taken as certain, and "
            "their own doubt comes on top"
        )
    if rows.left_out:
        notes.append(f"{rows.left_out:,} labels are of items that were not drawn for the audit sample")
    names = {name for one in families for name in one.names}
    still = [one.name for one in moved if one.name not in names]
    if still:
        notes.append(f"not tuned, since no limit depends on it: {', '.join(still)}")
    unknown = sum(one.unknown for one in families)
    if unknown:
        notes.append(
            f"{counted(unknown, 'candidate')} not tried, for want of a signal that the run never computed; "
            "to try them, tune on a run that was moderated with a --let that has it computed for more items"
        )
    if apart:
        notes.append("each limit can be kept by itself, but no thresholds were found that keep both")
    return tuple(notes)
