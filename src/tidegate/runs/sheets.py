"""The two sheets that people work from: review.csv (decide these) and audit.csv (label these, blind).

audit.csv shows neither decision nor scores, and a column `violates` to fill in; filled in, it is a labels
file for `tidegate measure`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tidegate.runs.folder import RunFolder
from tidegate.warehouse import write_csv_for_people
from tidegate.warehouse.exact import scan_table

SHOWN = ("kind", "text", "media", "context", "language", "market", "surface", "created_at", "views")
DECIDED = ("item_id", "action", "queue", "policy", "reason", "rule", "escalate")


def write_sheets(folder: RunFolder, held: Sequence[str]) -> None:
    """Write review.csv (items whose action is one of `held`) and audit.csv (items drawn for audit)."""
    items = scan_table(folder.table("items")).select(SHOWN)
    decisions = scan_table(folder.table("decisions")).select(*DECIDED, "audited")
    for_review = pl.col("action").is_in(held)
    # One pass: reading the texts of a run costs more than all that is done with them.
    chosen = pl.concat([decisions, items], how="horizontal").filter(for_review | pl.col("audited")).collect()

    review = chosen.filter(for_review).drop("audited", "action")
    # The rule has a column of its own; only a failed detector is a reason that a reviewer has to be told.
    review = review.with_columns(pl.when(pl.col("reason") != "rule").then("reason").alias("reason"))
    most_seen_first = review.sort("queue", "views", descending=[False, True], nulls_last=True)
    write_csv_for_people(most_seen_first, folder.review)

    # Sorted by nothing that the decision had a hand in.
    audit = chosen.filter("audited").select("item_id", *SHOWN).sort("item_id")
    empty = pl.lit("")
    write_csv_for_people(audit.with_columns(violates=empty, policy=empty, labeller=empty), folder.audit)
