"""Where do we leak, where do we over-kill, and what would fix it: a run and its labels in, causes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.measure.causes import Causes, find_causes, predicates
from tidegate.runs.causes.labelled import WORDS, labelled
from tidegate.runs.causes.suggest import Suggestion, suggestions
from tidegate.runs.causes.tokens import words
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import recorded

ERRORS = (("leakage", "passed", True), ("overkill", "actioned", False))


@dataclass(frozen=True)
class ErrorCauses:
    """`error` is leakage (passed, and violates) or overkill (actioned, and fine)."""

    error: str
    causes: Causes
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True)
class RootCauses:
    """What `tidegate causes` found. `source` says whose word the errors go by."""

    strategy: str
    source: str
    errors: tuple[ErrorCauses, ...]
    confidence: float


def root_causes(
    folder: RunFolder,
    labels: Path | None = None,
    *,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    most: int = 10,
    suggest: bool = True,
    seed: int = 0,
) -> RootCauses:
    """Slices of a run in which errors are more frequent, and changes that a backtest confirms.

    Args:
        labels: labels of the audit sample; without them, the run's truth.
        by: what slices are made of, such as language, rule, words; empty for all but the scores.
        suggest: whether to try changes.

    Raises:
        RunError: the folder holds no finished run.
        MeasureError: there is nothing to go by, or no such field.
        InputError: the labels cannot be read.
    """
    run = recorded(folder)
    known = labelled(run, labels, by)
    # Two searches, one for each error, share what may be found by chance.
    each = 1 - (1 - confidence) / len(ERRORS)
    possible = known.errors_possible()
    found = []
    for error, outcome, wrong in ERRORS:
        items = known.items.filter(pl.col("outcome") == outcome)
        frame = items.select("item_id", "probability", "views", error=pl.col("violates") == wrong)
        fields = items.select(name for name in known.fields if name != WORDS)
        said = words(items["text:"]) if WORDS in known.fields else None
        causes = find_causes(frame, predicates(fields, said), confidence=each, most=most, seed=seed)
        changes = suggestions(run, labels, error, causes.findings, possible, confidence) if suggest else ()
        found.append(ErrorCauses(error, causes, changes))
    label = f"{run.strategy.name} {run.strategy.label}"
    return RootCauses(label, known.source, tuple(found), confidence)


def as_dict(result: RootCauses) -> dict[str, Any]:
    """The result as plain values for JSON, each finding with its description."""
    whole = asdict(result)
    for part, plain in zip(result.errors, whole["errors"], strict=True):
        for finding, row in zip(part.causes.findings, plain["causes"]["findings"], strict=True):
            row["description"] = finding.description
    return whole
