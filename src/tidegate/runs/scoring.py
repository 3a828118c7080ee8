"""Signals only: every detector over every item of a file, one Parquet file out."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from tidegate.errors import RunError, SignalError, Where
from tidegate.names import nearest
from tidegate.runs.intake import longest_text
from tidegate.runs.moderate import STDIN, Progress
from tidegate.runs.outputs import new
from tidegate.runs.workspace import find_workspace
from tidegate.signals import build_detectors, catalog_of, compute, item_signals
from tidegate.signals.judge.asking import Bill
from tidegate.signals.judge.detector import Judge
from tidegate.tables import ITEM_SIGNALS, DetectorSpec
from tidegate.warehouse import RejectWriter, join_parts, read_items, write_part

PARQUET = (".parquet", ".pq")


@dataclass
class Scored:
    """What became of the items: how many there were, for how many each detector had no answer, by reason, and
    what each judge spent."""

    items: int = 0
    failed: dict[str, Counter[str]] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)

    def add(self, spec: DetectorSpec, answer: pl.DataFrame) -> None:
        """Count a batch's answers of one detector, which always says why it has none."""
        reasons = Counter(str(reason) for reason in answer[spec.failure_column].drop_nulls())
        if reasons:
            self.failed.setdefault(spec.name, Counter()).update(reasons)


def score_file(
    sources: Sequence[str],
    out: Path,
    wanted: Sequence[str],
    columns: Mapping[str, str],
    form: str | None,
    report: Callable[[Progress], None],
) -> tuple[Scored, RejectWriter]:
    """Score the items of `sources` into `out`; returns what became of them, and the rejects.

    Raises:
        RunError: `out` exists already, or is no name of a Parquet file; nothing is done then.
        SignalError: a detector is not known.
        InputError: the input cannot be read; nothing is written then.
    """
    _check_out(out)
    workspace = find_workspace(Path.cwd())
    detectors = build_detectors(workspace.detectors, workspace.root, workspace.policy_folder)
    for name in wanted:
        if name not in catalog_of(detectors).detectors:
            raise SignalError(
                f"there is no detector '{name}'",
                where=Where(workspace.root / "tidegate.toml", field="detectors"),
                remedy=f"{nearest(name, detectors)}Detectors are {', '.join(sorted(detectors))}.",
            )
    chosen = {name: detectors[name] for name in (wanted or sorted(detectors)) if name != ITEM_SIGNALS.name}
    scored = Scored(bills={name: one.total for name, one in chosen.items() if isinstance(one, Judge)})
    rejected = out.with_name(out.name + ".rejected.jsonl")
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        work = Path(folder)
        with RejectWriter(work / "rejected.jsonl") as rejects:
            for number, batch in enumerate(
                read_items(
                    [source if source == STDIN else Path(source) for source in sources],
                    columns=columns,
                    format=form,
                    rejects=rejects,
                    longest_text=longest_text(workspace.root),
                )
            ):
                answers = [compute(detector, batch.items).drop("item_id") for detector in chosen.values()]
                signals = pl.concat([item_signals(batch.items), *answers], how="horizontal")
                write_part(signals, work / f"part-{number:06d}.arrow")
                scored.items += len(batch.items)
                for detector, answer in zip(chosen.values(), answers, strict=True):
                    scored.add(detector.spec, answer)
                report(Progress(scored.items, rejects.count, batch.share_read))
        join_parts([[part] for part in sorted(work.glob("part-*.arrow"))], out)
        if rejects.count:
            shutil.copyfile(work / "rejected.jsonl", rejected)
    return scored, rejects


def _check_out(out: Path) -> None:
    if out.suffix not in PARQUET:
        raise RunError(
            "signals are written as Parquet",
            where=Where(out),
            remedy=f"Name it {out.with_suffix(PARQUET[0])}.",
        )
    new(out)
