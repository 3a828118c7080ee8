"""Measure a finished run: labels in, leakage and overkill out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.names import counted, nearest
from tidegate.runs.folder import RunFolder
from tidegate.runs.replay import recorded
from tidegate.runs.summary import nested, run_figures
from tidegate.warehouse import read_labels
from tidegate.warehouse.exact import read_table


def measure(
    folder: RunFolder,
    labels: Path | None,
    by: Sequence[str] = (),
    confidence: float = 0.95,
    prediction: str | None = None,
) -> dict[str, Any]:
    """`leakage`, `overkill` and `by` of a run, as in summary.json, and `warnings` on the labels.

    Raises:
        MeasureError: no labels were given and the run has no truth, or it has no score of that name.
        InputError: the labels cannot be read.
    """
    run = recorded(folder)
    if labels is None and not folder.table("truth").exists():
        raise MeasureError(
            "there are no labels to measure with",
            where=Where(folder.root),
            remedy=f"Fill in the column violates of {folder.audit} and pass it with --labels.",
        )
    found = None if labels is None else labels_of(folder, labels)
    figures = nested(run_figures(folder, run.ladder, found, by, confidence, prediction))
    unknown = [] if found is None else unknown_policies(found, run.manifest["policies"])
    return {**figures, "warnings": unknown}


def unknown_policies(labels: pl.DataFrame, known: Sequence[str]) -> list[str]:
    """A warning for every policy that labels name and the run does not know."""
    strange = labels.filter(~pl.col("policy").is_in(known)).group_by("policy", maintain_order=True).len()
    return [
        f"{counted(rows, 'label')} of an unknown policy: '{policy}'. {nearest(policy, known)}".strip()
        for policy, rows in strange.iter_rows()
    ]


def labels_of(folder: RunFolder, path: Path) -> pl.DataFrame:
    """The labels of a file, some of which at least must be of the run's items.

    Raises:
        InputError: the labels cannot be read.
        MeasureError: they are of other items altogether.
    """
    found = read_labels(path)
    ids = read_table(folder.table("decisions"), columns=["item_id"])["item_id"]
    if not found["item_id"].is_in(ids.implode()).any():
        raise MeasureError(
            "none of these labels is of an item of this run",
            where=Where(path, field="item_id"),
            remedy=f"{nearest(found['item_id'][0], ids.head(1000))}Label the items of {folder.audit}.",
        )
    return found
