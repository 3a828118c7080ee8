"""Tune: new let: numbers for a strategy, with a certificate that overkill and leakage keep their limits.

What is certified are sets: what would be acted on, and what would pass. Two families of such sets are tested,
each from careful to bold, and the choice is the pair that leaves the least to people. `measure.certificates`
says why this holds; this module brings the strategy and the run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tidegate.errors import MeasureError, Where
from tidegate.measure.certificates.chain import chains
from tidegate.measure.certificates.choice import tightened
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.outlook import outlook
from tidegate.measure.certificates.sample import Numbers, Sample, Sets, ground
from tidegate.measure.estimate import check_confidence
from tidegate.names import nearest
from tidegate.runs.backtest_trial import Trial, set_up_trial
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import labels_of
from tidegate.runs.tuning.board import ACTIONED, HELD, PASSED, Board, board
from tidegate.runs.tuning.families import Family, Pilot, family, outcome_of, path
from tidegate.runs.tuning.joint import choose, kept, something
from tidegate.runs.tuning.numbers import plain_numbers
from tidegate.runs.tuning.result import Tuning
from tidegate.runs.tuning.rows import PILOT_SHARE, Rows, rows_of
from tidegate.runs.tuning.steps import Steps, all_steps
from tidegate.strategy import Strategy

FEW = 10_000
"""Items on which the values worth trying are found, where the pilot is smaller."""


@dataclass(frozen=True)
class Job:
    """What is asked: limits, the error probability that each group may spend, and the thresholds to move."""

    limits: tuple[Limit, ...]
    level: float
    only: tuple[str, ...] = ()


def tune(
    folder: RunFolder,
    strategy: Path | str,
    labels: Path,
    limits: Sequence[Limit],
    *,
    confidence: float = 0.95,
    only: Sequence[str] = (),
    by: Sequence[str] = (),
) -> list[Tuning]:
    """New let: numbers for the whole run, or for each group of `by`, each group at the full confidence.

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
    groups = rows_of(folder, trial.run.ladder, labels_of(folder, labels), by)
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
    plain = plain_numbers(trial.bench.strategy.text)
    # Most labelled items are among the items; each is decided once.
    union = np.unique(np.concatenate([rows.items, rows.labelled]))
    items, labelled = np.searchsorted(union, rows.items), np.searchsorted(union, rows.labelled)
    whole = board(trial, union)
    few = max(FEW - int(rows.pilot.sum()), 0)
    small = whole.part(np.concatenate([labelled[rows.pilot], items[:few]]))
    pilot = Pilot(small, 1 / rows.label_p[rows.pilot], rows.violates[rows.pilot])
    moved = all_steps(small, plain, job.only or tuple(plain))
    families, ordered = _families(job, moved, plain, pilot, whole, (items, labelled))
    sample, sets = _tests(rows, families, without_pilot=ordered)
    limits = [tightened(one.limit) for one in families]
    tested = chains(sample, list(zip(sets, limits, strict=True)), job.level)
    lacking = tuple(
        outlook(result)
        for one, result in zip(families, tested, strict=True)
        if not something(one.items, result.certified)
    )
    choice = None if lacking else choose(whole, plain, families, tested, items)
    numbers = plain if choice is None else choice[0]
    before, after = (outcome[items] for outcome in whole.outcomes([plain, numbers]))
    names = {name for one in families for name in one.names}
    return Tuning(
        group=group,
        certified=choice is not None,
        strategy=trial.bench.strategy if choice is None else whole.strategy(numbers),
        numbers={name: numbers[name] for name in plain if name in names},
        before={name: plain[name] for name in plain if name in names},
        automated=float(np.mean(after != HELD)),
        automated_before=float(np.mean(before != HELD)),
        kept=() if choice is None else kept(families, tested, choice[1], after),
        failed=lacking,
        rows=rows,
        used=len(sample.violates),
        notes=_notes(rows, families, moved, apart=choice is None and not lacking),
    )


def _families(
    job: Job,
    moved: Sequence[Steps],
    plain: Mapping[str, float],
    pilot: Pilot,
    whole: Board,
    rows: tuple[Numbers, Numbers],
) -> tuple[list[Family], bool]:
    """A family of candidates for each limit, and whether the pilot's labels had a say in their order."""
    asked = {outcome_of(limit) for limit in job.limits}
    acting = [one for one in moved if one.acts and ACTIONED in asked]
    passing = [one for one in moved if one.passes and PASSED in asked]
    found = []
    for limit in job.limits:
        mine, others = (acting, passing) if limit.about_overkill else (passing, acting)
        base = {**plain, **_careful(others, mine, PASSED if limit.about_overkill else ACTIONED)}
        found.append(family(limit, mine, path(limit, mine, base, pilot), whole, *rows))
    return found, len(acting) > 1 or len(passing) > 1


def _tests(rows: Rows, families: Sequence[Family], *, without_pilot: bool) -> tuple[Sample, list[Sets]]:
    """The labels to certify with, and the sets of each family as these labels see them."""
    used, thinned = (~rows.pilot, 1 - PILOT_SHARE) if without_pilot else (np.ones_like(rows.pilot), 1.0)
    sets = [Sets(ground(rows.p * thinned, one.items), one.labels[:, used]) for one in families]
    return Sample(rows.label_p[used] * thinned, rows.violates[used]), sets


def _careful(others: Sequence[Steps], mine: Sequence[Steps], outcome: int) -> dict[str, float]:
    """The thresholds that only the other limit moves, where they leave most to people."""
    names = {one.name for one in mine}
    return {one.name: one.careful_first(outcome)[0] for one in others if one.name not in names}


def _notes(rows: Rows, families: Sequence[Family], moved: Sequence[Steps], apart: bool) -> tuple[str, ...]:
    notes = []
    if rows.left_out:
        notes.append(f"{rows.left_out:,} labels are of items that were not drawn for the audit sample")
    names = {name for one in families for name in one.names}
    still = [one.name for one in moved if one.name not in names]
    if still:
        notes.append(f"not tuned, since no limit depends on it: {', '.join(still)}")
    unknown = sum(one.unknown for one in families)
    if unknown:
        notes.append(
            f"{unknown} candidates were left out: the run never computed a signal that they need; "
            "moderate with all signals to try them"
        )
    if apart:
        notes.append("each limit can be kept by itself, but no thresholds were found that keep both")
    return tuple(notes)
