"""Which figures there are: every measure, by item and by view, for every slice, each with its parts.

    leakage_rate    P(violates | passed)          overkill_rate    P(does not violate | actioned)
    leakage_share   P(passed | violates)          overkill_share   P(actioned | does not violate)

Held items are neither passed nor actioned; they stand in the denominators of the shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tidegate.measure.cells import Cell, cells
from tidegate.measure.parts import Part, rate, share
from tidegate.measure.population import NONE, WEIGHTS

MEASURES = ("leakage_rate", "leakage_share", "overkill_rate", "overkill_share")
TARGET = {"leakage": "passed", "overkill": "actioned"}
BAD = {"leakage": 1, "overkill": 0}
"""The label that makes an item of the target outcome an error."""

POLICY = "policy"


@dataclass(frozen=True)
class Figure:
    """One row to be: a measure of a slice; `parts` is empty where the labels cannot speak of it at all."""

    measure: str
    weight: str
    slice: str | None
    value: str | None
    parts: Sequence[Part]
    tied: int = 0


@dataclass(frozen=True)
class Sample:
    """A population and those of its rows that have an answer `y`, on any policy or on one."""

    frame: pl.DataFrame
    labelled: pl.DataFrame
    tied: int = 0


def figures(
    sample_of: Callable[[str | None], Sample], policies: Sequence[str], by: Sequence[str], alpha: float
) -> Iterator[Figure]:
    """All figures, those of the whole population first.

    Args:
        sample_of: the sample with answers on any policy (None), or on the one named.
        policies: those that labels speak of.
        by: slices, in the columns `slice:<name>`; `policy` means the policy violated for leakage, and that of
            the deciding rule for overkill.
        alpha: error of the two limits together.
    """
    everything = sample_of(None)
    yield from _by_column(everything, None, alpha)
    for name in by:
        if name == POLICY:
            yield from _by_policy(sample_of, everything, policies, alpha)
        else:
            yield from _by_column(everything, name, alpha)


def _by_column(sample: Sample, name: str | None, alpha: float) -> Iterator[Figure]:
    keys = [] if name is None else [f"slice:{name}"]
    by_weight = {
        weight: cells(sample.frame, sample.labelled, [*keys, "outcome"], weight, alpha) for weight in WEIGHTS
    }
    values = [()] if name is None else sorted({key[:-1] for key in by_weight["item"]})
    for value in values:
        for measure in MEASURES:
            error, kind = measure.split("_")
            for weight, found in by_weight.items():
                inside = {key: cell for key, cell in found.items() if key[:-1] == value}
                parts = _parts(inside, lambda key, error=error: key[-1] == TARGET[error], kind, BAD[error])
                tied = sample.tied if name is None else 0
                yield Figure(measure, weight, name, value[0] if value else None, parts, tied)


def _by_policy(
    sample_of: Callable[[str | None], Sample], everything: Sample, policies: Sequence[str], alpha: float
) -> Iterator[Figure]:
    keys = [f"slice:{POLICY}", "outcome"]
    decided = {
        weight: cells(everything.frame, everything.labelled, keys, weight, alpha) for weight in WEIGHTS
    }
    deciding = {policy for policy, outcome in decided["item"] if outcome == TARGET["overkill"]}
    enforced = set(everything.frame[f"slice:{POLICY}"].unique()) - {NONE}
    for policy in sorted(deciding | enforced | set(policies)):
        violated = _violated(sample_of(policy), alpha) if policy in policies else None
        for measure in MEASURES:
            error, kind = measure.split("_")
            for weight in WEIGHTS:
                if error == "overkill":
                    target = (policy, TARGET[error])
                    parts = _parts(decided[weight], lambda key, target=target: key == target, kind, BAD[error])
                    yield Figure(measure, weight, POLICY, policy, parts)
                elif policy != NONE:
                    found, tied = violated or ({}, 0)
                    parts = _parts(
                        found.get(weight, {}), lambda key, error=error: key[-1] == TARGET[error], kind, BAD[error]
                    )
                    yield Figure(measure, weight, POLICY, policy, parts, tied)


def _violated(sample: Sample, alpha: float) -> tuple[dict[str, dict[tuple[str, ...], Cell]], int]:
    found = {weight: cells(sample.frame, sample.labelled, ["outcome"], weight, alpha) for weight in WEIGHTS}
    return found, sample.tied


def _parts(
    found: Mapping[tuple[str, ...], Cell], is_target: Callable[[tuple[str, ...]], bool], kind: str, bad: int
) -> list[Part]:
    if kind == "rate":
        return [Part(cell, rate(bad)) for key, cell in found.items() if is_target(key)]
    return [Part(cell, share(bad, inside=is_target(key))) for key, cell in found.items()]
