"""What a run offers to tuning: its labelled items and, for the whole, a sample of all its items."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.votes import ballots, on_any_policy
from tidegate.policy.ladder import Ladder
from tidegate.runs.folder import RunFolder
from tidegate.runs.measuring import labels_of
from tidegate.runs.population import population, truth_labels
from tidegate.runs.summary import as_labels

MOST_ITEMS = 100_000
"""More items than this are represented by a sample of so many; labels are always all used."""

NEVER = 1e-9
"""The chance of a label for items whose like were drawn and never labelled."""

PILOT_SHARE = 0.2

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Rows of a run, by position.

    Attributes:
        items: (items,) all of them, or a sample. p: (items,) the chance of a label of each.
        whole_p: (total,) the chance of a label of every item, sampled or not.
        labelled: (labels,) those with an answer. label_p, violates: (labels,) chance and answer of each.
        pilot: (labels,) which are set aside for finding an order; drawn by the item's id.
        total: how many items the run (or the group) has. left_out: labels of items that were not drawn.
        digest: SHA-256 of the answers used.
    """

    items: Numbers
    p: Floats
    whole_p: Floats
    labelled: Numbers
    label_p: Floats
    violates: npt.NDArray[np.bool_]
    pilot: npt.NDArray[np.bool_]
    total: int
    left_out: int
    digest: str


def answers(folder: RunFolder, ladder: Ladder, labels: Path | None) -> pl.DataFrame:
    """The labels of a file, or the truth of the audited items of a run that was told it.

    Raises:
        MeasureError: there are neither, or the labels are of other items altogether.
        InputError: the labels cannot be read.
    """
    if labels is not None:
        return labels_of(folder, labels)
    known = truth_labels(folder)
    if known is None:
        raise MeasureError(
            "there are no labels to tune with",
            where=Where(folder.root),
            remedy=f"Fill in the column violates of {folder.audit} and pass it with --labels.",
        )
    return as_labels(known, population(folder, ladder))


def rows_of(
    folder: RunFolder, ladder: Ladder, labels: pl.DataFrame, by: Sequence[str]
) -> dict[tuple[str, ...], Rows]:
    """The rows of a run, or of each group that has a label: by the values of `by`, () for everything.

    Only labels of audited items count. Drawn items without an answer are taken as missing at random among
    those of the same group and recorded outcome, as in docs/measures.md.

    Raises:
        MeasureError: no label is of an audited item, or there is no such slice.
    """
    people = population(folder, ladder, by).with_row_index("row")
    votes = on_any_policy(ballots(labels)).answers
    people = people.join(votes, on="item_id", how="left", maintain_order="left")
    undrawn = int((people["y"].is_not_null() & ~people["audited"]).sum())
    people = people.with_columns(y=pl.when("audited").then("y"))
    if not people["y"].is_not_null().any():
        raise MeasureError(
            "none of these labels is of an item that was drawn for the audit sample",
            where=Where(folder.root, field="item_id"),
            remedy=f"Label the items of {folder.audit}: only of these is it known how they were chosen.",
        )
    answered, drawn = pl.col("y").is_not_null().sum(), pl.col("audited").sum()
    response = (answered / drawn).over([*by, "outcome"]).fill_nan(1.0).fill_null(1.0)
    people = people.with_columns(chance=pl.col("audit_probability") * response.clip(NEVER, 1.0))
    if not by:
        return {(): _rows(people, undrawn)}
    groups = people.with_columns(pl.col(name).cast(pl.String).fill_null("(none)") for name in by)
    parts = groups.partition_by(by, as_dict=True, maintain_order=True)
    found = {tuple(str(value) for value in key): part for key, part in parts.items()}
    return {key: _rows(part, undrawn) for key, part in sorted(found.items()) if part["y"].is_not_null().any()}


def _rows(people: pl.DataFrame, undrawn: int) -> Rows:
    some = people if len(people) <= MOST_ITEMS else people.sample(MOST_ITEMS, seed=len(people))
    told = people.filter(pl.col("y").is_not_null())
    ids = told["item_id"].to_list()
    # A hash of the id, so that the same labels give the same pilot, in whatever order they come.
    mixed = [int.from_bytes(hashlib.blake2b(one.encode(), digest_size=4).digest()) / 2**32 for one in ids]
    answers = told.select("item_id", "y", "chance").sort("item_id").write_csv()
    return Rows(
        items=some["row"].to_numpy().astype(np.int64),
        p=some["chance"].to_numpy(),
        whole_p=people["chance"].to_numpy(),
        labelled=told["row"].to_numpy().astype(np.int64),
        label_p=told["chance"].to_numpy(),
        violates=told["y"].to_numpy().astype(bool),
        pilot=np.array(mixed) < PILOT_SHARE,
        total=len(people),
        left_out=undrawn,
        digest=hashlib.sha256(answers.encode()).hexdigest(),
    )
