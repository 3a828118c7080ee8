"""The two windows that drift compares: two runs, or two spans of one run by when its items were posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import counted
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import labels_of
from tidegate.runs.population import TIME_SLICES, population, score_of, truth_labels
from tidegate.runs.replay import recorded
from tidegate.runs.summary import as_labels
from tidegate.strategy import Strategy
from tidegate.tables import SignalType
from tidegate.warehouse.exact import read_table

NO_VALUE = "(none)"
SUMMARY_SCORE = "max_risk"
REFERENCE = 4
"""How many windows long the reference is where nobody says."""


@dataclass(frozen=True)
class Window:
    """One side of the comparison.

    Attributes:
        of: what it is, in words: a run's folder, or a span of time.
        people: the population, with its scores as columns.
        labels: those of the run, if any.
    """

    of: str
    people: pl.DataFrame
    labels: pl.DataFrame | None


@dataclass(frozen=True)
class Spans:
    """The last `window` against the `reference` before it; `until` (exclusive) ends earlier than the run."""

    window: timedelta
    reference: timedelta | None = None
    until: datetime | None = None


def window_of_run(folder: RunFolder, labels: Path | None, scores: Sequence[str], by: Sequence[str]) -> Window:
    """Everything that a run decided; without labels its truth serves where it has one.

    Raises:
        MeasureError: the run has no such score or slice, or no items.
        InputError: the labels cannot be read.
    """
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
        return Window(str(folder.root), people, labels_of(folder, labels))
    known = truth_labels(folder)
    return Window(str(folder.root), people, None if known is None else as_labels(known, people))


def windows_of_time(
    folder: RunFolder, labels: Path | None, spans: Spans, scores: Sequence[str], by: Sequence[str]
) -> tuple[Window, Window, list[str]]:
    """The reference span of a run, the span after it, and what is to be said about them.

    A span holds its first moment and not its last. The last one ends with the run's last item, so that it is
    as long as was asked for.

    Raises:
        MeasureError: items have no times, a span has no items, or a slice is a time.
    """
    if times := [name for name in by if name in TIME_SLICES]:
        raise MeasureError(
            f"spans of time cannot be sliced by {times[0]}",
            where=Where(folder.root, field=times[0]),
            remedy="Every day lies in one span alone: leave it out of --by.",
        )
    whole = window_of_run(folder, labels, scores, by)
    posted = read_table(folder.table("items"), columns=["created_at"])["created_at"]
    first, last = (when if isinstance(when, datetime) else None for when in (posted.min(), posted.max()))
    if first is None or last is None:
        raise MeasureError(
            "no item of this run says when it was posted",
            where=Where(folder.table("items"), field="created_at"),
            remedy="Compare it with another run: --against.",
        )
    end = spans.until or last + timedelta(microseconds=1)
    middle = end - spans.window
    start = middle - (spans.reference or REFERENCE * spans.window)
    windows = [_span(whole, posted, *ends) for ends in ((start, middle), (middle, end))]
    for window in windows:
        if window.people.is_empty():
            raise MeasureError(
                f"no item was posted in {window.of}",
                where=Where(folder.root, field="created_at"),
                remedy=f"Items were posted in {_words(first, last)}: choose --window, --reference and "
                "--until within that.",
            )
    return windows[0], windows[1], _notes(posted, start, end, first)


def default_scores(strategy: Strategy) -> list[str]:
    """The scores that sum up a detector, where there are any; else every number that the strategy reads."""
    numbers = [name for name, kind in strategy.types.items() if kind is SignalType.NUMBER]
    return [name for name in numbers if name.endswith(f".{SUMMARY_SCORE}")] or numbers


def _span(whole: Window, posted: pl.Series, start: datetime, end: datetime) -> Window:
    rows = ((posted >= start) & (posted < end)).fill_null(value=False)
    return Window(_words(start, end), whole.people.filter(rows), whole.labels)


def _notes(posted: pl.Series, start: datetime, end: datetime, first: datetime) -> list[str]:
    notes = []
    if unknown := posted.null_count():
        notes.append(f"{counted(unknown, 'item')} without created_at left out")
    if beside := int(((posted < start) | (posted >= end)).sum()):
        notes.append(f"{counted(beside, 'item')} posted in neither span left out")
    # An hour is no matter: a quiet night at the start is not a missing day.
    if first - start > timedelta(days=1):
        notes.append(f"the reference is shorter than asked for: the run's first item is of {_word(first)}")
    return notes


def _words(start: datetime, end: datetime) -> str:
    return f"{_word(start)} to {_word(end)} UTC"


def _word(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
