"""A run folder of decisions that were made elsewhere, such as by the service, so that all that reads runs
reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tidegate.policy.ladder import Ladder
from tidegate.runs import folder as folders
from tidegate.runs.closing import close
from tidegate.runs.folder import RunFolder
from tidegate.runs.moderate import disk_watched
from tidegate.runs.summary import Rejected
from tidegate.warehouse import write_part

AUDIT = ("audit_probability", "audited")


@dataclass(frozen=True)
class Gathered:
    """Some items with what was said of them and decided: frames in one order of rows."""

    items: pl.DataFrame
    signals: pl.DataFrame
    decisions: pl.DataFrame


def gather(
    folder: RunFolder,
    manifest: Mapping[str, Any],
    strategy_text: str,
    batches: Iterable[Gathered],
    ladder: Ladder,
    by: Sequence[str],
) -> dict[str, Any]:
    """Write the run folder; returns its summary. Every item is in one batch, once.

    Raises:
        RunError: the folder is in use, or the disk is full.
    """
    with folders.begun(folder, manifest, strategy_text), disk_watched(folder):
        for number, batch in enumerate(batches):
            part = folder.part(number)
            aside = part.with_name(part.name + ".tmp")
            aside.mkdir()
            write_part(batch.items, aside / "items.arrow")
            write_part(batch.signals, aside / "signals.arrow")
            write_part(batch.decisions.drop(AUDIT), aside / "decisions.arrow")
            write_part(batch.decisions.select(AUDIT), aside / "audit.arrow")
            aside.rename(part)
        return close(folder, manifest, ladder, by, rejected=Rejected(), seconds={})
