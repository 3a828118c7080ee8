"""Calibrating a judge on people's labels: what it says "0.9" of is to be right nine times in ten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.names import counted
from tidegate.runs.outputs import new
from tidegate.runs.told import Told, told_on
from tidegate.runs.workspace import Workspace
from tidegate.signals import compute
from tidegate.signals.judge.calibration import FEWEST, NONE, Calibration, fitted, write
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.judgement import column_of
from tidegate.warehouse import RejectWriter, read_items

BINS = 10


@dataclass(frozen=True)
class Line:
    """One policy: labels used, slope and shift, and the expected calibration error before and after, by
    halves (fitted on one half, tried on the other, and the reverse; NaN where a half has too few)."""

    policy: str
    labels: int
    violating: int
    slope: float
    shift: float
    error_before: float
    error_after: float


@dataclass(frozen=True)
class Calibrated:
    """`lines`: the policies that were fitted. `short`: the others, with how many violating and fine items
    each has, of which it would need `FEWEST` either. `left`: what was left out, in words."""

    lines: list[Line]
    short: dict[str, tuple[int, int]]
    left: list[str]


def calibrate(
    workspace: Workspace, judge: Judge, posts: Sequence[Path], labels: Path, out: Path
) -> Calibrated:
    """Fit the judge's probabilities to labels of posts, policy by policy, and write them to `out`.

    Raises:
        RunError: `out` exists already; the judge is not asked then.
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
    new(out)
    judge.calibration = NONE
    texts = _items(posts, out)
    ids = [policy.id for policy in judge.policies]
    told = {one: told_on(labels, one, beside=[other for other in ids if other != one]) for one in ids}
    sides = {name: _sides(one.answers, texts["id"]) for name, one in told.items()}
    asked = [name for name, counts in sides.items() if min(counts) >= FEWEST]
    # Nobody is paid for what cannot be enough.
    if not asked:
        raise _too_few(labels, sides, _left(told.values(), texts["id"]))
    labelled = pl.concat([told[name].answers["item_id"] for name in asked])
    found = compute(judge, texts.filter(pl.col("id").is_in(labelled.implode())))
    lines, fits = [], {}
    for name in asked:
        known = _known(found, told[name], judge.spec.column(column_of(name)))
        raw, truth = known["p"].to_list(), known["violates"].to_list()
        sides[name] = (sum(truth), len(truth) - sum(truth))
        line = fitted(raw, truth)
        if line is None:
            continue
        before, after = _errors(np.array(raw), np.array(truth, dtype=bool), name)
        lines.append(Line(name, len(raw), sum(truth), *line, before, after))
        fits[name] = line
    left = _left(told.values(), texts["id"], found[judge.spec.failure_column])
    if not lines:
        raise _too_few(labels, sides, left)
    write(out, Calibration(judge.questions.id, fits))
    return Calibrated(lines, {name: counts for name, counts in sides.items() if name not in fits}, left)


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


def _sides(answers: pl.DataFrame, ids: pl.Series) -> tuple[int, int]:
    """How many of these items violate, and how many are fine."""
    violates = answers.filter(pl.col("item_id").is_in(ids.implode()))["violates"]
    return int(violates.sum()), int((~violates).sum())


def _left(told: Iterable[Told], ids: pl.Series, failures: pl.Series | None = None) -> list[str]:
    """What was left out, each once: labels, and items without a verdict by reason."""
    left = [note for one in told for note in one.left_out(ids)]
    if failures is not None:
        reasons = failures.drop_nulls().value_counts(sort=True)
        left += [f"{counted(count, 'item')} without a verdict ({why})" for why, count in reasons.iter_rows()]
    return list(dict.fromkeys(left))


def _too_few(labels: Path, counts: Mapping[str, tuple[int, int]], left: Sequence[str]) -> SignalError:
    there = [f"{name} has {yes:,} violating and {no:,} fine" for name, (yes, no) in counts.items()]
    return SignalError(
        "no policy has labels enough to calibrate by",
        where=Where(labels),
        remedy=f"A policy needs {FEWEST} violating and {FEWEST} fine items that were judged; "
        + f"{', '.join(there)}."
        + (f" Left out are {'; '.join(left)}" if left else ""),
    )


def _known(found: pl.DataFrame, told: Told, column: str) -> pl.DataFrame:
    """Probability and label of the items that have both."""
    return (
        found.select("item_id", pl.col(column).alias("p"))
        .join(told.answers, on="item_id", maintain_order="left")
        .drop_nulls()
    )


def _items(posts: Sequence[Path], out: Path) -> pl.DataFrame:
    with RejectWriter(out.with_name(out.name + ".rejected.jsonl")) as rejects:
        return pl.concat([batch.items for batch in read_items(list(posts), rejects=rejects)])
