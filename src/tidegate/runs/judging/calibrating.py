"""Calibrating a judge on people's labels: what it says "0.9" of is to be right nine times in ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.runs.workspace import Workspace
from tidegate.signals import compute
from tidegate.signals.judge.calibration import FEWEST, NONE, Calibration, fitted, write
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.judgement import column_of
from tidegate.warehouse import RejectWriter, read_items, read_labels

BINS = 10


@dataclass(frozen=True)
class Line:
    """One policy: labels used, slope and shift, and the expected calibration error before and after, by
    halves (fitted on one half, tried on the other, and the reverse)."""

    policy: str
    labels: int
    violating: int
    slope: float
    shift: float
    error_before: float
    error_after: float


def calibrate(
    workspace: Workspace, judge: Judge, posts: Sequence[Path], labels: Path, out: Path
) -> list[Line]:
    """Fit the judge's probabilities to labels of posts, policy by policy, and write them to `out`.

    Raises:
        InputError: posts or labels cannot be read.
        SignalError: the judge gives no probabilities, and is not asked then; or no policy has labels enough
            of either kind. Nothing is written.
    """
    if judge.settings.confidence == "none":
        raise SignalError(
            f"'{judge.name}' gives no probabilities, so there is nothing to calibrate",
            where=Where(judge.where.file, field=f"{judge.where.field}.confidence"),
            remedy='Write confidence = "tokens", or "samples" where the server tells no log-probabilities.',
        )
    judge.calibration = NONE
    texts = _items(posts, out)
    told = read_labels(labels)
    wanted = texts.filter(pl.col("id").is_in(told["item_id"].implode()))
    found = compute(judge, wanted)
    lines, fits = [], {}
    for policy in judge.policies:
        known = _known(found, told, judge, policy.id)
        raw, truth = known["p"].to_list(), known["violates"].to_list()
        line = fitted(raw, truth)
        if line is None:
            continue
        before, after = _errors(np.array(raw), np.array(truth, dtype=bool), policy.id)
        lines.append(Line(policy.id, len(raw), sum(truth), *line, before, after))
        fits[policy.id] = line
    if not lines:
        raise SignalError(
            "no policy has labels enough to calibrate by",
            where=Where(labels),
            remedy=f"A policy needs {FEWEST} violating and {FEWEST} fine items that were judged.",
        )
    write(out, Calibration(judge.questions.id, fits))
    return lines


def expected_error(
    p: np.ndarray[tuple[int], np.dtype[np.float64]], truth: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> float:
    """Expected calibration error over ten bins of equal width (M. P. Naeini et al. 2015)."""
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    total = 0.0
    for one in range(BINS):
        inside = place == one
        if inside.any():
            total += abs(float(p[inside].mean() - truth[inside].mean())) * float(inside.mean())
    return total


def _errors(
    raw: np.ndarray[tuple[int], np.dtype[np.float64]],
    truth: np.ndarray[tuple[int], np.dtype[np.bool_]],
    policy_id: str,
) -> tuple[float, float]:
    """Before, and after on halves that did not teach; NaN where a half has too few labels."""
    order = np.random.default_rng(0).permutation(len(raw))
    halves = order[: len(raw) // 2], order[len(raw) // 2 :]
    after = []
    for taught, tried in (halves, halves[::-1]):
        line = fitted(list(raw[taught]), list(truth[taught]))
        if line is None:
            return expected_error(raw, truth), float("nan")
        one = Calibration("", {policy_id: line})
        p = np.array([one.probability(policy_id, value) for value in raw[tried]])
        after.append(expected_error(p, truth[tried]))
    return expected_error(raw, truth), float(np.mean(after))


def _known(found: pl.DataFrame, told: pl.DataFrame, judge: Judge, policy_id: str) -> pl.DataFrame:
    """Probability and label of the items that have both: a label that names no policy speaks of any."""
    column = judge.spec.column(column_of(policy_id))
    of_policy = told.filter(
        (pl.col("policy") == policy_id) | (pl.col("policy").is_null() & pl.lit(len(judge.policies) == 1))
    )
    labels = of_policy.unique("item_id", keep="last", maintain_order=True).select("item_id", "violates")
    return (
        found.select("item_id", pl.col(column).alias("p"))
        .join(labels, on="item_id", maintain_order="left")
        .drop_nulls()
    )


def _items(posts: Sequence[Path], out: Path) -> pl.DataFrame:
    with RejectWriter(out.with_name(out.name + ".rejected.jsonl")) as rejects:
        return pl.concat([batch.items for batch in read_items(list(posts), rejects=rejects)])
