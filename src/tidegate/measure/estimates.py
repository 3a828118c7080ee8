"""Leakage and overkill, as rates and shares, per item and per view, overall and by slice.

With y = violates and the outcome of each decision known:
    leakage rate    P(y | passed)          leakage share    P(passed | y)
    overkill rate   P(not y | actioned)    overkill share   P(actioned | not y)
Rates divide an estimated total by a known one. Shares divide two estimated totals over disjoint items, so their
interval takes the worst corner of the two intervals, each at half the error (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.measure.intervals import Interval, total
from tidegate.measure.labelled import Labelled, bring_together, slices, views

Bools = NDArray[np.bool_]

SCHEMA = {
    "measure": pl.String,
    "weight": pl.String,
    "slice": pl.String,
    "value": pl.String,
    "estimate": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "labels": pl.Int64,
    "items": pl.Int64,
    "method": pl.String,
    "note": pl.String,
}
NO_POLICIES = "the labels name no policy, so leakage cannot be told by policy"
FEW = 30


@dataclass(frozen=True)
class Error:
    """One of the two errors over some items: the rows where it can happen, out of which rows, and its sign."""

    name: str
    rows: Bools
    among: Bools
    violating: bool


def estimate(
    population: pl.DataFrame, labels: pl.DataFrame, *, by: Sequence[str] = (), confidence: float = 0.95
) -> pl.DataFrame:
    """Leakage and overkill with intervals, from the labels of audited items.

    Args:
        population: one row per decided item: item_id, outcome (passed, actioned, held), views, audit_probability,
            audited, policy (of the deciding rule), and any columns to slice by.
        labels: in the columns of `tables.LABELS`. Several labels of an item are put to the vote.
        by: slices. `policy` is special: leakage counts violations of that policy, by the labels' word, among all
            that passed; overkill counts what was actioned under it.
        confidence: of each interval on its own.

    Returns:
        One row per measure, weight (item, view) and slice: estimate, low, high, labels, items, method, note.

    Raises:
        MeasureError: a column is missing.
    """
    together = bring_together(population, labels)
    by_policy = Policies.of(population, labels) if "policy" in by else None

    def row(error: Error, base: Labelled, key: tuple[str | None, str | None]) -> Iterator[dict[str, object]]:
        for weight, weights in (("item", np.ones(len(population))), ("view", views(population))):
            yield from _rows(error, base.weighted(weights), weight, key, confidence)

    rows: list[dict[str, object]] = []
    for error, base, key in errors_of(population, together, by, by_policy):
        rows += row(error, base, key)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def errors_of(
    population: pl.DataFrame, together: Labelled, by: Sequence[str], by_policy: Policies | None
) -> Iterator[tuple[Error, Labelled, tuple[str | None, str | None]]]:
    """Each error to be estimated, overall and by slice, with the verdicts that it goes by."""
    outcome = population["outcome"].to_numpy()
    passed, actioned = outcome == "passed", outcome == "actioned"
    everything = np.ones(len(population), dtype=bool)
    for key, rows in [((None, None), everything), *(((n, v), r) for n, v, r in slices(population, [b for b in by if b != "policy"]))]:
        yield Error("leakage", passed & rows, rows, True), together, key
        yield Error("overkill", actioned & rows, rows, False), together, key
    if by_policy is not None:
        for policy in by_policy.names:
            key = ("policy", policy)
            yield Error("leakage", passed, everything, True), by_policy.only(policy, together), key
            yield Error("overkill", actioned & by_policy.decided(policy), everything, False), together, key


@dataclass(frozen=True)
class Policies:
    """Who decided under which policy, and which items violate which, by the labels' word."""

    names: tuple[str, ...]
    deciding: pl.Series
    item_ids: pl.Series
    violating: pl.DataFrame

    @classmethod
    def of(cls, population: pl.DataFrame, labels: pl.DataFrame) -> Policies:
        named = labels.filter(pl.col("violates") & pl.col("policy").is_not_null()).select("item_id", "policy")
        names = set(named["policy"]) | set(population["policy"].drop_nulls())
        return cls(tuple(sorted(names)), population["policy"], population["item_id"], named)

    def decided(self, policy: str) -> Bools:
        rows: Bools = (self.deciding == policy).fill_null(False).to_numpy().astype(bool)
        return rows

    def only(self, policy: str, together: Labelled) -> Labelled:
        """The same verdicts, where a violation of another policy is none."""
        if self.violating.is_empty():
            nobody = np.zeros(len(together.labelled), dtype=bool)
            return Labelled(
                together.weights, together.probabilities, together.drawn, nobody, nobody, (NO_POLICIES,)
            )
        ids = self.violating.filter(pl.col("policy") == policy)["item_id"]
        these = self.item_ids.is_in(ids.implode()).to_numpy()
        return Labelled(
            together.weights,
            together.probabilities,
            together.drawn,
            together.labelled,
            together.violates & these,
            together.notes,
        )


def _rows(
    error: Error, together: Labelled, weight: str, key: tuple[str | None, str | None], confidence: float
) -> Iterator[dict[str, object]]:
    kinds: dict[str, Callable[[Error, Labelled, float], Interval]] = {"rate": _rate, "share": _share}
    for kind, measure in kinds.items():
        scope = error.rows if kind == "rate" else error.among
        found = measure(error, together, confidence)
        notes = [together.note(scope)]
        if 0 < found.labels < FEW:
            notes.append(f"only {found.labels} labels: draw more before relying on this")
        if weight == "view" and scope.any() and not together.weights[scope].any():
            notes.append("no views are recorded")
        yield {
            "measure": f"{error.name}_{kind}",
            "weight": weight,
            "slice": key[0],
            "value": key[1],
            "estimate": found.estimate,
            "low": found.low,
            "high": found.high,
            "labels": found.labels,
            "items": int(scope.sum()),
            "method": found.method,
            "note": "; ".join(note for note in notes if note) or None,
        }


def _rate(error: Error, together: Labelled, confidence: float) -> Interval:
    """Total of the error over the known total of where it can happen."""
    domain = together.domain(error.rows, violating=error.violating)
    whole = domain.total_weight
    if whole == 0:
        return Interval(None, 0.0, 1.0, len(domain.seen), "no items")
    found = total(domain, confidence)
    middle = None if found.estimate is None else found.estimate / whole
    return Interval(middle, found.low / whole, min(1.0, found.high / whole), found.labels, found.method)


def _share(error: Error, together: Labelled, confidence: float) -> Interval:
    """Total of the error over that of the same property among all items."""
    half = (1 + confidence) / 2
    part = total(together.domain(error.rows, violating=error.violating), half)
    rest = total(together.domain(error.among & ~error.rows, violating=error.violating), half)
    labels = part.labels + rest.labels
    methods = " / ".join(dict.fromkeys((part.method, rest.method)))
    if part.estimate is None or rest.estimate is None or part.estimate + rest.estimate == 0:
        middle = None
    else:
        middle = part.estimate / (part.estimate + rest.estimate)
    return Interval(middle, _ratio(part.low, rest.high, 0.0), _ratio(part.high, rest.low, 1.0), labels, methods)


def _ratio(part: float, rest: float, empty: float) -> float:
    return part / (part + rest) if part + rest > 0 else empty
