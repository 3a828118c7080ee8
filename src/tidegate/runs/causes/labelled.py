"""The items of a run whose answer is known, with all that a slice may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.votes import ballots, on_any_policy
from tidegate.names import nearest
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import labels_of
from tidegate.runs.population import population, truth_labels
from tidegate.runs.replay import Recorded
from tidegate.warehouse.exact import read_table

ITEM_FIELDS = ("language", "market", "surface", "kind")
WORDS = "words"
SCORES = "scores"
"""Stands for the run's numeric signals. Close to a threshold there are always errors, so they are searched
only where they are asked for."""
MOST_ITEMS = 50_000
"""Where more answers are known, as by truth, that many are drawn: beyond them only time is lost."""


@dataclass(frozen=True)
class Labelled:
    """`items`: item_id, outcome, violates, probability, views, `text:` and the fields.

    `source` says whose word the answers are, `total` how many items the run decided.
    """

    items: pl.DataFrame
    fields: tuple[str, ...]
    source: str
    total: int

    def errors_possible(self) -> dict[str, float]:
        """Of all items, about how many violate, and may leak, and how many are fine, and may be stopped."""
        weight = 1 / self.items["probability"].to_numpy()
        known = float(weight.sum())
        share = float(weight @ self.items["violates"].to_numpy()) / known if known else 0.0
        return {"leakage": self.total * share, "overkill": self.total * (1 - share)}


def labelled(run: Recorded, labels: Path | None, by: Sequence[str] = ()) -> Labelled:
    """The labelled items of the audit sample; without labels, those of the run's truth.

    Args:
        by: the fields that slices may be made of, `words` and `scores` among them; empty for all but scores.

    Raises:
        MeasureError: there is neither, or there is no such field.
        InputError: the labels cannot be read.
    """
    folder = run.folder
    frame = population(folder, run.ladder, ("rule",))
    total = len(frame)
    fields = _fields(run, folder)
    scores = [name for name in run.catalog.signals if fields.schema.get(name) == pl.Float64]
    known = _checked(by, [name for name in fields.columns if name not in scores], scores)
    frame = pl.concat([frame.drop("rule", "policy"), fields], how="horizontal")
    texts = read_table(folder.table("items"), columns=["text"])
    frame = pl.concat([frame, texts.rename({"text": "text:"})], how="horizontal")
    if labels is not None:
        answers = on_any_policy(ballots(labels_of(folder, labels))).answers.rename({"y": "violates"})
        frame = frame.filter("audited").rename({"audit_probability": "probability"})
        source = "labels of the audit sample"
    else:
        truth = truth_labels(folder)
        if truth is None:
            raise MeasureError(
                "there are no labels to find causes with",
                where=Where(folder.root),
                remedy=f"Fill in the column violates of {folder.audit} and pass it with --labels.",
            )
        answers = truth.select("item_id", "violates").drop_nulls()
        frame = frame.with_columns(probability=pl.lit(1.0))
        source = "the run's truth of all items"
    both = frame.join(answers, on="item_id", how="inner", maintain_order="left")
    return Labelled(_not_too_many(both), known, source, total)


def _fields(run: Recorded, folder: RunFolder) -> pl.DataFrame:
    """One column per field: of the item, of its text, the rule, the detectors' versions, the signals."""
    item = read_table(folder.table("items"), columns=[*ITEM_FIELDS, "text"])
    decisions = read_table(folder.table("decisions"), columns=["rule", "detectors"])
    versions = [
        pl.col("detectors").str.json_path_match(f"$.{name}").alias(f"{name} version")
        for name in run.catalog.detectors
    ]
    signals = read_table(folder.table("signals"))
    wanted = [
        name for name in run.catalog.signals if name in signals.columns and not name.startswith("item.")
    ]
    return pl.concat(
        [
            item.select(*ITEM_FIELDS, length=pl.col("text").str.len_chars()),
            decisions.select("rule", *versions),
            signals.select(wanted),
        ],
        how="horizontal",
    )


def _checked(by: Sequence[str], known: Sequence[str], scores: Sequence[str]) -> tuple[str, ...]:
    usual = (*known, "views", WORDS)
    allowed = (*usual, SCORES, *scores)
    for name in by:
        if name not in allowed:
            raise MeasureError(
                f"there is no field '{name}'",
                where=Where(field=name),
                remedy=f"{nearest(name, allowed)}Fields are {', '.join(allowed)}.",
            )
    named = [name for one in by for name in (scores if one == SCORES else [one])]
    return tuple(dict.fromkeys(named)) or usual


def _not_too_many(items: pl.DataFrame) -> pl.DataFrame:
    if len(items) <= MOST_ITEMS:
        return items
    share = MOST_ITEMS / len(items)
    drawn = items.sample(MOST_ITEMS, seed=0)
    return drawn.with_columns(probability=pl.col("probability") * share)
