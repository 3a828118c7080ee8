"""Which figures there are: every measure, by item and by view, for every slice, each with its parts.

    leakage_rate    P(violates | passed)          overkill_rate    P(does not violate | actioned)
    leakage_share   P(passed | violates)          overkill_share   P(actioned | does not violate)

Held items are neither passed nor actioned; they stand in the denominators of the shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tidegate.measure.cells import Cell
from tidegate.measure.grouping import Key, Sample
from tidegate.measure.parts import Part, is_assisted, rate, share
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


def is_simple(figure: Figure) -> bool:
    """A simple random sample of a single cell, counted by item."""
    return (
        figure.weight == "item"
        and figure.measure.endswith("_rate")
        and len(figure.parts) == 1
        and figure.parts[0].cell.one_probability
        and not is_assisted(figure.parts)
    )


Cells = Mapping[Key, Cell]
CellsOf = Callable[[Sample, Sequence[str], str], Cells]
"""Sample, keys and weight to cells: `grouping.sampled` for estimates, `grouping.exact` for truth."""


def figures(
    sample_of: Callable[[str | None], Sample],
    policies: Sequence[str],
    by: Sequence[str],
    cells_of: CellsOf,
    weights: Sequence[str] = WEIGHTS,
) -> Iterator[Figure]:
    """All figures, those of the whole population first.

    Args:
        sample_of: the sample with answers on any policy (None), or on the one named.
        policies: those that labels speak of.
        by: slices, in the columns `slice:<name>`; `policy` means the policy violated for leakage, and that of
            the deciding rule for overkill.
        cells_of: how a sample becomes cells.
        weights: those that are wanted; cells take most of the time, and each weight has its own.
    """
    everything = sample_of(None)
    yield from _by_column(everything, None, cells_of, weights)
    for name in by:
        if name == POLICY:
            yield from _by_policy(sample_of, everything, policies, cells_of, weights)
        else:
            yield from _by_column(everything, name, cells_of, weights)


def _by_column(
    sample: Sample, name: str | None, cells_of: CellsOf, weights: Sequence[str]
) -> Iterator[Figure]:
    keys = ["outcome"] if name is None else [f"slice:{name}", "outcome"]
    # slice value (None for everything) → weight → outcome → cell
    by_value: dict[str | None, dict[str, dict[Key, Cell]]] = {}
    if name is None:
        by_value[None] = {weight: {} for weight in weights}
    for weight in weights:
        for key, cell in cells_of(sample, keys, weight).items():
            value = None if name is None else key[0]
            by_value.setdefault(value, {w: {} for w in weights})[weight][key[-1:]] = cell
    for value, cells in sorted(by_value.items(), key=lambda pair: str(pair[0])):
        for measure in MEASURES:
            target = (TARGET[measure.partition("_")[0]],)
            for weight in weights:
                parts = _parts(measure, cells[weight], target)
                yield Figure(measure, weight, name, value, parts, sample.tied if name is None else 0)


def _by_policy(
    sample_of: Callable[[str | None], Sample],
    everything: Sample,
    policies: Sequence[str],
    cells_of: CellsOf,
    weights: Sequence[str],
) -> Iterator[Figure]:
    decided = {weight: cells_of(everything, [f"slice:{POLICY}", "outcome"], weight) for weight in weights}
    keys = {key for cells in decided.values() for key in cells}
    deciding = {policy for policy, outcome in keys if outcome == TARGET["overkill"]}
    enforced = {policy for policy, _ in keys} - {NONE}
    for policy in sorted(deciding | enforced | set(policies)):
        sample = sample_of(policy) if policy in policies else None
        violated = {
            weight: {} if sample is None else cells_of(sample, ["outcome"], weight) for weight in weights
        }
        for measure in MEASURES:
            for weight in weights:
                if measure.startswith("overkill"):
                    parts = _parts(measure, decided[weight], (policy, TARGET["overkill"]))
                    yield Figure(measure, weight, POLICY, policy, parts)
                elif policy != NONE:
                    parts = _parts(measure, violated[weight], (TARGET["leakage"],))
                    yield Figure(measure, weight, POLICY, policy, parts, sample.tied if sample else 0)


def _parts(measure: str, cells: Cells, target: Key) -> list[Part]:
    error, _, kind = measure.partition("_")
    bad = BAD[error]
    if kind == "rate":
        return [Part(cells[target], rate(bad))] if target in cells else []
    return [Part(cell, share(bad, inside=key == target)) for key, cell in cells.items()]
