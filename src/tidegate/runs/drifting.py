"""Drift between two runs, or two spans of one: everything that was recorded, compared in one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

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
from tidegate.runs.drift_windows import Spans, Window, default_scores, window_of_run, windows_of_time
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import recorded


@dataclass(frozen=True)
class Report:
    """Every check, with p-values that allow for all the others, most surprising first.

    Attributes:
        checks: each with its corrected p; None where too little was there to test.
        level: the chance that the report flags anything where nothing has changed that matters.
        at_least: the smallest change that matters.
        before, now: what was compared with what.
        notes: what was left out.
    """

    checks: tuple[tuple[Check, float | None], ...]
    level: float
    at_least: float
    before: Window
    now: Window
    notes: tuple[str, ...] = ()

    @property
    def drifted(self) -> list[Check]:
        return [check for check, p in self.checks if p is not None and p <= self.level]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: the checks as plain dictionaries."""
        tested = sum(p is not None for _, p in self.checks)
        each = level_of_each(tested, self.level)
        return {
            "before": {"of": self.before.of, "items": len(self.before.people)},
            "now": {"of": self.now.of, "items": len(self.now.people)},
            "notes": list(self.notes),
            "drifted": len(self.drifted),
            "tested": tested,
            "level": self.level,
            "at_least": self.at_least,
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
        at_least: the smallest change that matters, of a share of items, a rate of errors, or what a score
            promises too little.
        level: chance of a false alarm in the whole report.

    Raises:
        MeasureError: a run has no such score or slice, or holds no items.
    """
    names = list(scores) or default_scores(recorded(now[0]).strategy)
    windows = [window_of_run(*one, names, by) for one in (before, now)]
    return _report(windows[0], windows[1], names, by, at_least, level)


def drift_in_time(
    run: tuple[RunFolder, Path | None],
    spans: Spans,
    *,
    scores: Sequence[str] = (),
    by: Sequence[str] = (),
    at_least: float = 0.01,
    level: float = 0.05,
) -> Report:
    """Compare the items that a run has of late with those that were posted before; arguments as for `drift`.

    Raises:
        MeasureError: the run has no such score or slice, or no items in one of the spans.
    """
    names = list(scores) or default_scores(recorded(run[0]).strategy)
    before, now, notes = windows_of_time(*run, spans, names, by)
    return _report(before, now, names, by, at_least, level, notes)


def _report(
    before: Window,
    now: Window,
    names: Sequence[str],
    by: Sequence[str],
    at_least: float,
    level: float,
    notes: Sequence[str] = (),
) -> Report:
    windows = before, now
    checks = [*_scores(windows, names, by, at_least), *_mix(windows, by, at_least)]
    if all(window.labels is not None for window in windows):
        checks += _labelled(windows, names, by, at_least)
    p = corrected([check.p for check in checks])
    pairs = sorted(zip(checks, p, strict=True), key=lambda pair: (pair[1] is None, pair[1] or 0.0))
    return Report(tuple(pairs), level, at_least, before, now, tuple(notes))


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


def _labelled(
    windows: Sequence[Window], names: Sequence[str], by: Sequence[str], at_least: float
) -> Iterator[Check]:
    before, now = ((window.people, window.labels) for window in windows)
    assert before[1] is not None
    assert now[1] is not None
    yield from override_drift((before[0], before[1]), (now[0], now[1]), by, at_least=at_least)
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
                yield from calibration_drift(
                    name, pairs[0], pairs[1], slice=slice, value=value, at_least=at_least
                )


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
        "at_least": check.at_least,
        "smallest": check.smallest(each),
        "counted_before": check.counted_before,
        "counted_now": check.counted_now,
        "note": check.note or None,
    }
