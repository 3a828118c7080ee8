"""The cost curve over a file that `tidegate score` wrote, with a judge asked about every item of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.deferral import Blend, curve
from tidegate.names import counted, nearest
from tidegate.warehouse import read_labels

SHARES = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
FEWEST = 100
"""So many items are needed to choose thresholds by, and as many to try them on."""


@dataclass(frozen=True)
class Cascade:
    """The curve (`measure.deferral.CURVE`), and what stands behind it.

    items: how many choose, and how many try. own: F1 of the judge alone on the tried items. price: mean US
    dollars of a judged item where the file says what was paid. unanswered: items without a verdict, left out.
    """

    frame: pl.DataFrame
    blend: Blend
    tuning: int
    tried: int
    own: float
    price: float | None
    unanswered: int

    def at(self, way: str, share: float) -> dict[str, object]:
        return self.frame.filter(pl.col("way") == way, pl.col("allowed") == share).row(0, named=True)

    def rules(self, judge: str, share: float, act: str = "remove") -> str:
        """The blend's band at a share as a strategy, to be pasted and backtested."""
        band = self.at("blend", share)
        score = self.blend.sql()
        return "\n".join(
            [
                "let:",
                f"  fine: {band['from']:.4f}",
                f"  sure: {band['to']:.4f}",
                "rules:",
                f'  - {{id: surely-fine, when: "{score} < :fine", then: allow}}',
                f'  - {{id: surely-violating, when: "{score} >= :sure", then: {act}}}',
                f"  - {{id: judged, when: {judge}, then: {act}}}",
                "  - {id: otherwise, then: allow}",
                "",
            ]
        )


def cascade_curve(
    scores: Path, filters: Sequence[str], judge: str, labels: Path | None, shares: Sequence[float] = SHARES
) -> Cascade:
    """Half of the items, by a hash of their ids, choose thresholds; on the others they are tried.

    Args:
        scores: a Parquet file of `tidegate score`. filters: columns of probabilities. judge: a boolean
        column. labels: what people found; without it the judge's own verdicts stand for the truth.

    Raises:
        MeasureError: a column is missing or of the wrong type, or there are too few items.
        InputError: labels cannot be read.
    """
    frame = pl.read_parquet(scores)
    _check(frame, filters, judge, scores)
    unanswered = frame[judge].null_count()
    frame = frame.filter(pl.col(judge).is_not_null())
    truth = frame.select("item_id", violates=judge)
    if labels is not None:
        told = read_labels(labels).group_by("item_id").agg(pl.col("violates").any())
        truth = frame.select("item_id").join(told, on="item_id", how="left", maintain_order="left")
        frame, truth = frame.filter(truth["violates"].is_not_null()), truth.drop_nulls("violates")
    tuning = _half(frame["item_id"])
    if min(int(tuning.sum()), int((~tuning).sum())) < FEWEST:
        raise MeasureError(
            f"{counted(len(frame), 'item')} with a verdict{' and a label' if labels else ''} are too few",
            where=Where(scores),
            remedy=f"Score {2 * FEWEST} or more; some thousands make a curve.",
        )
    said = frame[judge].to_numpy()
    known = truth["violates"].to_numpy()
    values = frame.select(pl.col(list(filters)).cast(pl.Float64)).to_numpy()
    found, blend = curve(filters, values, said, known, tuning, shares)
    paid = f"{judge.partition('.')[0]}.cost"
    own = found.select((pl.col("f1") / pl.col("of_judge")).drop_nans().first()).item()
    return Cascade(
        found,
        blend,
        int(tuning.sum()),
        int((~tuning).sum()),
        own or 0.0,
        frame[paid].mean() if paid in frame.columns else None,  # type: ignore[arg-type]
        unanswered,
    )


def _half(ids: pl.Series) -> npt.NDArray[np.bool_]:
    return np.array(
        [hashlib.blake2b(one.encode(), digest_size=1).digest()[0] < 128 for one in ids], dtype=bool
    )


def _check(frame: pl.DataFrame, filters: Sequence[str], judge: str, scores: Path) -> None:
    for name in (*filters, judge, "item_id"):
        if name not in frame.columns:
            raise MeasureError(
                f"there is no signal '{name}'",
                where=Where(scores),
                remedy=f"{nearest(name, frame.columns)}Score the items with its detector: `tidegate score`.",
            )
    if not filters:
        raise MeasureError(
            "a cascade needs a filter", where=Where(scores), remedy="Write --filter text.hate, say."
        )
    for name in filters:
        if not frame.schema[name].is_numeric():
            raise MeasureError(
                f"{name} is no number",
                where=Where(scores),
                remedy="A filter is a probability, such as text.hate.",
            )
    if frame.schema[judge] != pl.Boolean:
        raise MeasureError(
            f"{judge} is no verdict",
            where=Where(scores),
            remedy="Name one that is true or false: judge.violates.",
        )
