"""What tuning leaves behind: a strategy file with other numbers, and its certificate beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tidegate.errors import MeasureError, Where
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.runs.backtest import backtest
from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.folder import RunFolder, write_json, write_text
from tidegate.runs.tuning.certificate import certificate, certificate_path
from tidegate.runs.tuning.numbers import with_numbers
from tidegate.runs.tuning.result import Tuning


def targets(strategy: Path, tunings: Sequence[Tuning], out: Path | None) -> list[Path]:
    """Where each tuned strategy goes: over the strategy itself or to `out`; groups get a file each, beside
    the strategy or in the folder `out`.

    Raises:
        MeasureError: several groups need several files, and `out` is no folder.
    """
    if all(not one.group for one in tunings):
        return [strategy if out is None else out]
    folder = strategy.parent if out is None else out
    if folder.exists() and not folder.is_dir():
        raise MeasureError(
            "each group gets numbers of its own, and one file cannot hold them all",
            where=Where(folder),
            remedy="Name a folder with --out; it gets one strategy per group.",
        )
    return [folder / f"{strategy.stem}.{'.'.join(map(_plain, one.group.values()))}.yaml" for one in tunings]


def cost_of(folder: RunFolder, strategy: Path, tuning: Tuning) -> dict[str, float]:
    """What the strategy with its new numbers would cost over the run: reviews, time, money.

    Of a group the reviews alone: what detectors cost is known of whole runs.
    """
    if tuning.group:
        items = tuning.rows.total
        return {"items": items, "reviews": round(items * (1 - tuning.automated))}
    totals = backtest(folder, strategy, let=tuning.numbers).totals
    return {
        "items": totals.items,
        "reviews": totals.reviews.after,
        "cost_ms": totals.cost_ms.after,
        "cost_money": totals.cost_money.after,
    }


def write(
    target: Path,
    strategy: Path,
    tuning: Tuning,
    folder: RunFolder,
    *,
    confidence: float,
    reviewers: Reviewers,
    made_at: datetime,
    expires: timedelta,
) -> dict[str, Any]:
    """Write the strategy with its new numbers and the certificate; returns what the certificate holds.

    The certificate comes first: a strategy that has not been changed yet contradicts it, and `strategy check`
    says so, while changed numbers without a certificate would say nothing.
    """
    catalog = set_up_trial(folder, strategy).bench.catalog
    content = certificate(
        tuning,
        catalog,
        run=folder.root,
        confidence=confidence,
        reviewers=reviewers,
        cost=cost_of(folder, strategy, tuning),
        made_at=made_at,
        expires=expires,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_json(certificate_path(target), content)
    write_text(target, _changed(strategy, tuning.numbers))
    return content


def _changed(strategy: Path, numbers: Mapping[str, float]) -> str:
    # Line ends and a byte order mark stay as they are.
    text = strategy.read_bytes().decode("utf-8")
    return with_numbers(text, numbers)


def _plain(name: str) -> str:
    """A slice value as part of a file name; different values give different names."""
    return re.sub(r"[^\w-]", lambda found: f"~{ord(found[0]):x}", name)
