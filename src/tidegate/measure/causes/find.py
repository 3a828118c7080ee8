"""Root causes from labelled items: search, test, choose and tell, in this order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.errors import MeasureError, Where
from tidegate.measure.causes.choose import Choice, choose
from tidegate.measure.causes.finding import Finding, excess, lift_limits
from tidegate.measure.causes.predicates import Predicates
from tidegate.measure.causes.search import Slices, candidates
from tidegate.measure.causes.significance import Luck, luck

STRATA = 5
EXAMPLES = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Causes:
    """What was found: proven slices first, by the errors that they explain; then the promising ones.

    items, errors: what the search went by. slices: how many were searched.
    """

    findings: tuple[Finding, ...]
    items: int
    errors: int
    slices: int
    confidence: float

    @property
    def proven(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.proven)


def find_causes(
    items: pl.DataFrame,
    clauses: Predicates,
    *,
    depth: int = 2,
    least: float = 0.003,
    most: int = 10,
    confidence: float = 0.95,
    permutations: int = 400,
    seed: int = 0,
) -> Causes:
    """Slices in which errors are more frequent than elsewhere.

    Args:
        items: one row per labelled item: item_id, error (Boolean), and where they are known probability (with
            which the item was drawn, 0 < p ≤ 1; 1 without it) and views (≥ 0).
        clauses: what the slices are made of, of the same items in the same order.
        depth: how many clauses a slice may have, 1 or 2.
        least: the smallest share of the labelled items that a slice may be.
        most: how many slices to tell.
        confidence: of the search (a finding among permuted errors in at most 1 − confidence of the runs) and
            of the intervals, both for all slices at once.
        permutations: how often the errors are permuted, at least 100.

    Raises:
        MeasureError: a column is missing or out of its range, or the clauses are of other items.

    Sources: docs/measurement/root-causes.md says why. Slices are those of SliceLine (Sagadeeva and Boehm
    2021), p-values those of P. H. Westfall and S. S. Young (1993); `candidates`, `signed_root`, `luck`,
    `choose` and `lift_limits` have the details.
    """
    errors, weight, views = _checked(items, clauses, permutations)
    total = int(errors.sum())
    slices = candidates(clauses, depth=depth, least=least)
    if not len(slices.sizes) or total in (0, len(errors)):
        return Causes((), len(errors), total, len(slices.sizes), confidence)
    strata = _strata(weight)
    chance = luck(slices, errors, strata, permutations=permutations, confidence=confidence, seed=seed)
    chosen = choose(slices, errors, strata, chance, most=most)
    ids = items["item_id"].cast(pl.String)
    told = [_told(one, slices, chance, ids, errors, weight, views, confidence) for one in chosen]
    ordered = sorted(
        told, key=lambda one: (not one.proven, -_harm(one) if one.proven else one.p_value, -one.explained)
    )
    return Causes(tuple(ordered), len(errors), total, len(slices.sizes), confidence)


def _harm(finding: Finding) -> float:
    return finding.explained if finding.explained_views is None else finding.explained_views


def _checked(
    items: pl.DataFrame, clauses: Predicates, permutations: int
) -> tuple[NDArray[np.bool_], Floats, Floats | None]:
    for name in ("item_id", "error"):
        if name not in items.columns or items[name].null_count():
            raise MeasureError(
                f"every item needs its {name}", where=Where(field=name), remedy="Leave out unlabelled items."
            )
    if clauses.matrix.shape[0] != len(items):
        raise MeasureError(
            f"there are {len(items):,} items and the clauses of {clauses.matrix.shape[0]:,}",
            where=Where(field="clauses"),
            remedy="Make the predicates from the labelled items, in the same order.",
        )
    if permutations < 100:
        raise MeasureError(
            f"{permutations} permutations cannot tell 5 %",
            where=Where(field="permutations"),
            remedy="Ask for 100 or more.",
        )
    chance = (
        items["probability"].cast(pl.Float64)
        if "probability" in items.columns
        else pl.ones(len(items), dtype=pl.Float64, eager=True)
    )
    if not (chance.is_not_null() & (chance > 0) & (chance <= 1)).all():
        raise MeasureError(
            "an item was drawn with a probability outside 0 < p ≤ 1",
            where=Where(field="probability"),
            remedy="Give the probability that was recorded when the audit sample was drawn.",
        )
    views = items["views"].fill_null(0).cast(pl.Float64).to_numpy() if "views" in items.columns else None
    return items["error"].to_numpy(), 1 / chance.to_numpy(), views


def _strata(weight: Floats) -> NDArray[np.intp]:
    """Items of like probability of being drawn, in at most five groups: errors are permuted within them."""
    edges = np.unique(np.quantile(weight, np.linspace(0, 1, STRATA + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, weight), return_inverse=True)[1]


def _told(
    choice: Choice,
    slices: Slices,
    chance: Luck,
    ids: pl.Series,
    errors: NDArray[np.bool_],
    weight: Floats,
    views: Floats | None,
    confidence: float,
) -> Finding:
    inside = slices.members[:, [choice.number]].toarray()[:, 0] > 0
    share, error_share = excess(inside, errors, weight)
    low, high = lift_limits(inside, errors, weight, chance.critical)
    seen = None if views is None or not (weight * views)[errors].sum() > 0 else weight * views
    beyond = None
    if seen is not None:
        of_views, of_wrong_views = excess(inside, errors, seen)
        beyond = of_wrong_views - of_views
    wrong = np.flatnonzero(inside & errors)
    proven = choice.p_value <= 1 - confidence + 1e-12
    # The square of the root grows with the number of labels.
    clear = chance.offsets[choice.number] + float(np.quantile(chance.maxima, confidence))
    factor = max((clear / choice.root) ** 2, 1.0)
    order = np.argsort(-(weight if seen is None else seen)[wrong], kind="stable")[:EXAMPLES]
    return Finding(
        clauses=slices.described(choice.number),
        items=int(inside.sum()),
        errors=len(wrong),
        share=share,
        error_share=error_share,
        rate=float(weight[inside & errors].sum() / weight[inside].sum()),
        lift=error_share / share,
        low=low,
        high=high,
        explained=error_share - share,
        explained_views=beyond,
        p_value=choice.p_value,
        proven=proven,
        labels_more=0 if proven else int(np.ceil(inside.sum() * (factor - 1))),
        examples=tuple(ids[wrong[order]].to_list()),
    )
