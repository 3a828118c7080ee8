"""Drift between two runs: what decided then and now, compared over everything that was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.drift import (
    Check,
    calibration_drift,
    corrected,
    mix_drift,
    override_drift,
    score_drift,
)
from tidegate.measure.drift.correction import level_of_each
from tidegate.measure.votes import ballots, on_any_policy
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import labels_of
from tidegate.runs.population import population, score_of, truth_labels
from tidegate.runs.replay import Recorded, recorded
from tidegate.runs.summary import as_labels
from tidegate.tables import SignalType

NO_VALUE = "(none)"
SUMMARY_SCORE = "max_risk"


@dataclass(frozen=True)
class Window:
    """One side of the comparison: the population with its scores as columns, and the labels, if any."""

    run: Recorded
    people: pl.DataFrame
    labels: pl.DataFrame | None


@dataclass(frozen=True)
class Report:
    """Every check, with p-values that allow for all the others, most surprising first.

    `level` is the chance that the report flags anything where nothing has changed that matters.
    """

    checks: tuple[tuple[Check, float | None], ...]
    level: float

    @property
    def drifted(self) -> list[Check]:
        return [check for check, p in self.checks if p is not None and p <= self.level]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the checks as plain dictionaries."""
        tested = sum(p is not None for _, p in self.checks)
        each = level_of_each(tested, self.level)
        return {
            "drifted": len(self.drifted),
            "tested": tested,
            "level": self.level,
            "checks": [_row(check, p, self.level, each) for check, p in self.checks],
        }


def drift(
    now: tuple[RunFolder, Path | None],
    before: tuple[RunFolder, Path | None],
    *,
    scores: Sequence[str] = (),
    by: Sequence[str] = (),
    at_least: float = 0.01,
    level: float = 0.05,
) -> Report:
    """Compare a run with a reference run.

    Args:
        now, before: run folder and labels of either; without labels its truth serves where it has one.
        scores: signals to compare; empty for those named max_risk, or all numbers that the strategy reads.
        by: slices of the runs; each is watched, and each costs the others some power.
        at_least: the smallest change in a share of items that matters.
        level: chance of a false alarm in the whole report.

    Raises:
        MeasureError: a run has no such score or slice, or holds no items.
    """
    names = list(scores) or default_scores(recorded(now[0]))
    windows = [_window(*one, names, by) for one in (before, now)]
    checks = [*_scores(windows, names, by, at_least), *_mix(windows, by, at_least)]
    if all(window.labels is not None for window in windows):
        checks += _labelled(windows, names, by)
    p = corrected([check.p for check in checks])
    pairs = sorted(zip(checks, p, strict=True), key=lambda pair: (pair[1] is None, pair[1] or 0.0))
    return Report(tuple(pairs), level)


def default_scores(run: Recorded) -> list[str]:
    """The scores that sum up a detector, where there are any; else every number that the strategy reads."""
    numbers = [name for name, kind in run.strategy.types.items() if kind is SignalType.NUMBER]
    return [name for name in numbers if name.endswith(f".{SUMMARY_SCORE}")] or numbers


def _window(folder: RunFolder, labels: Path | None, scores: Sequence[str], by: Sequence[str]) -> Window:
    run = recorded(folder)
    people = population(folder, run.ladder, by)
    if people.is_empty():
        raise MeasureError(
            "this run has no items to compare", where=Where(folder.root), remedy="Take a run that has some."
        )
    people = people.with_columns(
        *(score_of(folder, name).alias(name) for name in scores),
        *(pl.col(name).cast(pl.String).fill_null(NO_VALUE) for name in by),
    )
    if labels is not None:
        return Window(run, people, labels_of(folder, labels))
    known = truth_labels(folder)
    return Window(run, people, None if known is None else as_labels(known, people))


def _scores(
    windows: Sequence[Window], names: Sequence[str], by: Sequence[str], at_least: float
) -> Iterator[Check]:
    for slice, value, before, now in _slices([window.people for window in windows], by):
        for name in names:
            old, new = (one[name].fill_null(np.nan).to_numpy() for one in (before, now))
            yield from score_drift(name, old, new, slice=slice, value=value, at_least=at_least)


def _mix(windows: Sequence[Window], by: Sequence[str], at_least: float) -> Iterator[Check]:
    before, now = (window.people for window in windows)
    for name in ("outcome", *by):
        old, new = (people[name].to_numpy().astype(str) for people in (before, now))
        yield from mix_drift(name, old, new, at_least=at_least)


def _labelled(windows: Sequence[Window], names: Sequence[str], by: Sequence[str]) -> Iterator[Check]:
    before, now = ((window.people, window.labels) for window in windows)
    assert before[1] is not None
    assert now[1] is not None
    yield from override_drift((before[0], before[1]), (now[0], now[1]), by)
    answered = [_answered(people, labels) for people, labels in (before, now) if labels is not None]
    for slice, value, old, new in _slices(answered, by):
        for name in names:
            pairs = [
                (
                    rows[name].to_numpy().astype(np.float64),
                    rows["y"].to_numpy().astype(bool),
                    rows["audit_probability"].to_numpy(),
                )
                for rows in (frame.drop_nulls(name) for frame in (old, new))
            ]
            if all(len(rows[0]) == 0 or (rows[0].min() >= 0 and rows[0].max() <= 1) for rows in pairs):
                yield from calibration_drift(name, pairs[0], pairs[1], slice=slice, value=value)


def _answered(people: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """The audited items that have an answer, with it as y."""
    drawn = people.filter("audited")
    return drawn.join(on_any_policy(ballots(labels).of(drawn)).answers, on="item_id", how="inner")


def _slices(
    frames: Sequence[pl.DataFrame], by: Sequence[str]
) -> Iterator[tuple[str, str, pl.DataFrame, pl.DataFrame]]:
    """Everything, then each value of each slice that either window has."""
    before, now = frames
    yield "", "", before, now
    for name in by:
        for value in sorted(set(before[name].unique()) | set(now[name].unique())):
            yield name, value, before.filter(pl.col(name) == value), now.filter(pl.col(name) == value)


def _row(check: Check, p: float | None, level: float, each: float) -> dict[str, Any]:
    interval = check.interval(level)
    return {
        "check": check.check,
        "what": check.what,
        "slice": check.slice or None,
        "value": check.value or None,
        "before": check.before,
        "now": check.now,
        "change": check.change,
        "low": None if interval is None else interval[0],
        "high": None if interval is None else interval[1],
        "p": p,
        "drifted": p is not None and p <= level,
        "smallest": check.smallest(each),
        "counted_before": check.counted_before,
        "counted_now": check.counted_now,
        "note": check.note or None,
    }
