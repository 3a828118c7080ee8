"""The cost curve over a file that `tidegate score` wrote, with a judge asked about every item of it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.agreement import Figure
from tidegate.measure.agreement import share as share_of
from tidegate.measure.deferral import Blend, curve, f1_of
from tidegate.names import counted, nearest
from tidegate.runs.told import Told, policies_named, told_on
from tidegate.warehouse.exact import read_table

SHARES = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
FEWEST = 100
"""So many items are needed to choose thresholds by, and as many to try them on."""

ANY = "any"
"""Said in place of a policy: whether an item violates anything."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Surely:
    """What the score above the band would act on by itself, on the tried items.

    share: of the tried items. precision: of those, how many people call violating, None without labels.
    judge: the judge's own precision there, NaN where it never says yes. Without the rule these items are
    judged too: judged, of the tried items in all, and of_judge, what is kept of the judge's F1.
    """

    share: float
    precision: Figure | None
    judge: float
    judged: float
    of_judge: float

    @property
    def why_not(self) -> str | None:
        """Why the rule is not to be written; None where it has earned its place."""
        if self.precision is None:
            return "no labels of people say how often it is right"
        if not self.precision.cases:
            return "it meets none of the items that it was tried on, so nothing tells how often it is right"
        if math.isnan(self.judge):
            return "the judge calls none of these items violating, so there is nothing to compare it with"
        if self.precision.low < self.judge:
            right = self.precision
            return (
                f"it is right about {right.estimate:.1%} of what it meets ({right.low:.1%} to "
                f"{right.high:.1%}), which is not known to be as often as the judge ({self.judge:.1%})"
            )
        return None


@dataclass(frozen=True)
class Cascade:
    """The curve (`measure.deferral.CURVE`), and what stands behind it.

    items: how many choose, and how many try. own: F1 of the judge alone on the tried items. price: mean US
    dollars of a judged item where the file says what was paid. unanswered: items without a verdict, left out.
    policy: what the labels were read on, None for any. policies: those that the judge found violated. told:
    the labels. tried_on: blended scores, verdicts of the judge and truth of the tried items.
    """

    frame: pl.DataFrame
    blend: Blend
    tuning: int
    tried: int
    own: float
    price: float | None
    unanswered: int
    policy: str | None
    policies: tuple[str, ...]
    told: Told | None
    tried_on: tuple[npt.NDArray[np.float64], Bools, Bools]

    def at(self, way: str, share: float) -> dict[str, object]:
        return self.frame.filter(pl.col("way") == way, pl.col("allowed") == share).row(0, named=True)

    def surely(self, share: float) -> Surely:
        """What the rule above the blend's band would do by itself, at a share."""
        band = self.at("blend", share)
        scores, said, truth = self.tried_on
        above, asked = scores >= float(str(band["to"])), scores >= float(str(band["from"]))
        own = f1_of(truth, said)
        return Surely(
            float(above.mean()),
            share_of(int((above & truth).sum()), int(above.sum())) if self.told else None,
            share_of(int((said & truth).sum()), int(said.sum())).estimate,
            float(asked.mean()),
            f1_of(truth, said & asked) / own if own else float("nan"),
        )

    def rules(self, judge: str, share: float, act: str = "remove") -> str:
        """The blend's band at a share as a strategy, to be pasted and backtested. What acts by itself is left
        out unless it has proved to be right as often as the judge.

        Thresholds have all their digits: they are scores that occur, and a rounded one would put every item
        of such a score on the other side."""
        band = self.at("blend", share)
        score = self.blend.sql()
        alone = self.surely(share).why_not is None
        return "\n".join(
            [
                "let:",
                f"  fine: {band['from']!r}",
                *([f"  sure: {band['to']!r}"] if alone else []),
                "rules:",
                f'  - {{id: surely-fine, when: "{score} < :fine", then: allow}}',
                *(
                    [f'  - {{id: surely-violating, when: "{score} >= :sure", then: {act}{self._of()}}}']
                    if alone
                    else []
                ),
                *self._judged(judge, act),
                "  - {id: otherwise, then: allow}",
                "",
            ]
        )

    def _judged(self, judge: str, act: str) -> list[str]:
        """A rule for each policy that the judge names, so that each act is filed under its own. People see
        what it finds to violate another, of which the sample had none, or nobody asked."""
        if not self.policies:
            return [f"  - {{id: judged, when: {judge}, then: {act}{self._of()}}}"]
        named = f"{judge.partition('.')[0]}.policy"
        return [
            f"  - {{id: judged-{one}, when: \"{judge} and {named} = '{one}'\", then: {act}, policy: {one}}}"
            for one in ([self.policy] if self.policy else self.policies)
        ] + [f"  - {{id: judged-otherwise, when: {judge}, then: review}}"]

    def _of(self) -> str:
        policy = self.policy or (self.policies[0] if len(self.policies) == 1 else None)
        return f", policy: {policy}" if policy else ""


def cascade_curve(
    scores: Path,
    filters: Sequence[str],
    judge: str,
    labels: Path | None,
    shares: Sequence[float] = SHARES,
    policy: str | None = None,
) -> Cascade:
    """Half of the items, by a hash of their ids, choose thresholds; on the others they are tried.

    Args:
        scores: a Parquet file of `tidegate score`. filters: columns of probabilities. judge: a boolean
        column. labels: what people found; without it the judge's own verdicts stand for the truth. policy: on
        which policy labels are read and under which the rules act; `ANY`, or that which labels name.

    Raises:
        MeasureError: a column is missing or of the wrong type, labels name several policies and none is
        chosen, or there are too few items. InputError: labels cannot be read.
    """
    frame = _scores(scores)
    _check(frame, filters, judge, scores)
    told = None
    if labels is not None:
        policy = policy or _policy_of(labels)
        told = told_on(labels, None if policy == ANY else policy)
    policy = None if policy == ANY else policy
    unanswered = frame[judge].null_count()
    frame = frame.filter(pl.col(judge).is_not_null())
    policies = _found_by(frame, judge)
    if policy is not None and policies:
        frame = frame.with_columns(_on(frame, judge, policy, policies, scores))
    truth = frame.select("item_id", violates=judge)
    judged = frame["item_id"]
    if told is not None:
        truth = frame.select("item_id").join(told.answers, on="item_id", how="left", maintain_order="left")
        frame, truth = frame.filter(truth["violates"].is_not_null()), truth.drop_nulls("violates")
    tuning = _half(frame["item_id"])
    choose, tried = int(tuning.sum()), int((~tuning).sum())
    if min(choose, tried) < FEWEST:
        raise _too_few(choose, tried, told, judged, Where(labels or scores))
    said = frame[judge].to_numpy()
    known = truth["violates"].to_numpy()
    values = frame.select(pl.col(list(filters)).cast(pl.Float64)).to_numpy()
    found, blend = curve(filters, values, said, known, tuning, shares)
    paid = f"{judge.partition('.')[0]}.cost"
    own = found.select((pl.col("f1") / pl.col("of_judge")).drop_nans().first()).item()
    return Cascade(
        found,
        blend,
        choose,
        tried,
        own or 0.0,
        frame[paid].mean() if paid in frame.columns else None,  # type: ignore[arg-type]
        unanswered,
        policy,
        policies,
        told,
        (blend.scores(values[~tuning]), said[~tuning], known[~tuning]),
    )


def _policy_of(labels: Path) -> str:
    """The policy that labels name, `ANY` where none is named.

    Raises:
        MeasureError: they name several.
    """
    named = policies_named(labels)
    if len(named) > 1:
        raise MeasureError(
            "these labels name several policies",
            where=Where(labels, field="policy"),
            remedy=f"Say with --policy which: {', '.join(named)}, or {ANY} for whether anything is violated, "
            "which is what judge.violates says.",
        )
    return named[0] if named else ANY


def _found_by(frame: pl.DataFrame, judge: str) -> tuple[str, ...]:
    """The policies that the judge found violated, where the file says which."""
    detector, _, verdict = judge.partition(".")
    named = f"{detector}.policy"
    if verdict != "violates" or named not in frame.columns:
        return ()
    return tuple(frame.filter(pl.col(judge))[named].drop_nulls().unique().sort())


def _on(frame: pl.DataFrame, judge: str, policy: str, policies: Sequence[str], scores: Path) -> pl.Series:
    """The judge's verdicts on one policy.

    Raises:
        MeasureError: it never found that violated.
    """
    if policy not in policies:
        raise MeasureError(
            f"the judge found no item to violate '{policy}'",
            where=Where(scores, field=f"{judge.partition('.')[0]}.policy"),
            remedy=f"{nearest(policy, policies)}It found violations of {', '.join(policies)}.",
        )
    return frame[judge] & (frame[f"{judge.partition('.')[0]}.policy"] == policy).fill_null(False)


def _too_few(choose: int, tried: int, told: Told | None, judged: pl.Series, where: Where) -> MeasureError:
    causes = "; ".join(told.left_out(judged)) if told else ""
    known = " and a label" if told else ""
    return MeasureError(
        f"{counted(choose + tried, 'item')} with a verdict{known} are too few: a hash of their ids "
        f"lets {choose:,} choose thresholds and {tried:,} try them",
        where=where,
        remedy=(f"Left out are {causes}. " if causes else "")
        + f"Either half needs {FEWEST}: score {3 * FEWEST} or more; some thousands make a curve.",
    )


def _scores(path: Path) -> pl.DataFrame:
    """What `tidegate score` wrote.

    Raises:
        MeasureError: it did not write this.
    """
    try:
        frame = read_table(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _strange(path) from error
    if "item_id" not in frame.columns:
        raise _strange(path)
    return frame


def _strange(path: Path) -> MeasureError:
    return MeasureError(
        "this is not a file that `tidegate score` wrote",
        where=Where(path),
        remedy="Give the Parquet file of `tidegate score POSTS --detectors text,judge --out scores.parquet`.",
    )


def _half(ids: pl.Series) -> npt.NDArray[np.bool_]:
    return np.array(
        [hashlib.blake2b(one.encode(), digest_size=1).digest()[0] < 128 for one in ids], dtype=bool
    )


def _check(frame: pl.DataFrame, filters: Sequence[str], judge: str, scores: Path) -> None:
    for name in (*filters, judge):
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
