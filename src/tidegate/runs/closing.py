"""How a run is closed: batches joined into tables, sheets and summary written, marked complete at last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.policy.ladder import Ladder, Outcome
from tidegate.runs import folder as folders
from tidegate.runs.folder import RunFolder
from tidegate.runs.sheets import write_sheets
from tidegate.runs.summary import Rejected, summarise
from tidegate.warehouse import join_parts


def close(
    folder: RunFolder,
    manifest: Mapping[str, Any],
    ladder: Ladder,
    by: Sequence[str],
    *,
    rejected: Rejected,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Close a run of whose batches all, with their audit draws, are kept. Safe to do again."""
    parts = folder.parts()
    for table in folders.TABLES:
        beside = ["audit"] if table == "decisions" else []
        files = [[part / f"{name}.arrow" for name in (table, *beside)] for part in parts]
        if files and files[0][0].exists():
            join_parts(files, folder.table(table))
    write_sheets(folder, ladder.with_outcome(Outcome.HELD))
    summary = summarise(folder, ladder, by, rejected=rejected, seconds=seconds)
    folders.write_json(folder.summary, summary)
    folders.complete(folder, {**manifest, "items": summary["items"]})
    return summary
