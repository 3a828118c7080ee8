"""Sensitivity and specificity without known answers, from items that several reviewers looked at.

A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm
(1979), with two classes. Reviewers are assumed to err independently given the truth: mistakes that all of
them make, because the guideline misleads, cannot be seen in this way, and only golds show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegate.errors import MeasureError, Where
from tidegate.measure.reviewers.skill import Skill

Floats = npt.NDArray[np.float64]

STEPS = 2_000
TOLERANCE = 1e-9
STARTS = ((0.85, 0.98), (0.6, 0.9))
"""Sensitivity and specificity from which the search begins: people are better than chance."""

REPEATS = 200
FEWEST_ITEMS = 100
LEAST_GAP, DOUBT = 0.05, 0.025
"""Populations whose prevalences may differ by less than this, at this doubt, are as good as one."""


@dataclass(frozen=True)
class _Patterns:
    """Distinct patterns of answers: (patterns,) population, (patterns, raters) 1, 0 or nan, and counts."""

    population: npt.NDArray[np.int64]
    answers: Floats
    count: Floats


def skill_from_overlaps(labels: pl.DataFrame, *, seed: int = 0) -> dict[str, Skill]:
    """Each reviewer's skill, by name.

    With three reviewers per item all is identified; with two it needs two populations of different
    prevalence, such as what passed and what was actioned (S. L. Hui and S. D. Walter 1980).

    Args:
        labels: item_id, labeller, violates, and population (a text; optional), one row per item and labeller.

    Raises:
        MeasureError: too few items were looked at more than once, or what was asked cannot be told from them.
    """
    patterns, names, items = _patterns(labels)
    overlapping = int(patterns.count[(~np.isnan(patterns.answers)).sum(axis=1) >= 2].sum())
    if overlapping < FEWEST_ITEMS:
        raise MeasureError(
            f"only {overlapping} items were looked at by two people or more",
            where=Where(field="labeller"),
            remedy=f"Have at least {FEWEST_ITEMS} items looked at twice, or answer golds.",
        )
    _, sensitivity, specificity = _fit(patterns)
    prevalences, *spread = _bootstrap(patterns, items, seed)
    thrice = int(patterns.count[(~np.isnan(patterns.answers)).sum(axis=1) >= 3].sum())
    apart = float(np.quantile(np.ptp(prevalences, axis=1), DOUBT))
    if thrice < FEWEST_ITEMS and (prevalences.shape[1] < 2 or apart < LEAST_GAP):
        raise MeasureError(
            "two answers per item, all of one population, cannot tell whose mistakes they are",
            where=Where(field="labeller"),
            remedy=f"Have {FEWEST_ITEMS} items looked at by three people, or answer golds.",
        )
    found = {}
    for rater, name in enumerate(names):
        seen = (spread[0][:, rater], spread[1][:, rater])
        found[name] = Skill(
            sensitivity=float(sensitivity[rater]),
            specificity=float(specificity[rater]),
            of_violating=_as_if(float(sensitivity[rater]), seen[0]),
            of_fine=_as_if(float(specificity[rater]), seen[1]),
            note="from overlaps: errors that reviewers share are not in it",
        )
    return found


def _patterns(labels: pl.DataFrame) -> tuple[_Patterns, list[str], int]:
    for name in ("item_id", "labeller", "violates"):
        if name not in labels.columns:
            raise MeasureError(f"the labels have no column '{name}'", where=Where(field=name))
    if "population" not in labels.columns:
        labels = labels.with_columns(population=pl.lit(""))
    rows = labels.drop_nulls(["item_id", "labeller", "violates"])
    wide = rows.pivot(
        "labeller", index=["item_id", "population"], values="violates", aggregate_function="last"
    )
    names = sorted(name for name in wide.columns if name not in ("item_id", "population"))
    grouped = wide.group_by("population", *names).len().sort("population", *names)
    _, population = np.unique(grouped["population"].to_numpy().astype(str), return_inverse=True)
    answers = grouped.select(pl.col(names).cast(pl.Float64)).to_numpy()
    return _Patterns(population, answers, grouped["len"].to_numpy().astype(float)), names, len(wide)


def _fit(patterns: _Patterns) -> tuple[Floats, Floats, Floats]:
    """(populations,) prevalence, (raters,) sensitivity and specificity of the greatest likelihood."""
    fits = [_em(patterns, *start) for start in STARTS]
    return max(fits, key=lambda fit: fit[0])[1]


def _em(
    patterns: _Patterns, sensitivity: float, specificity: float
) -> tuple[float, tuple[Floats, Floats, Floats]]:
    there = ~np.isnan(patterns.answers)
    yes, no = np.where(there, patterns.answers, 0.0), np.where(there, 1 - patterns.answers, 0.0)
    raters, populations = yes.shape[1], int(patterns.population.max()) + 1
    se, sp = np.full(raters, sensitivity), np.full(raters, specificity)
    prevalence = np.full(populations, 0.1)
    before = -np.inf
    for _ in range(STEPS):
        prior = prevalence[patterns.population]
        bad = np.log(prior) + yes @ np.log(se) + no @ np.log(1 - se)
        fine = np.log(1 - prior) + no @ np.log(sp) + yes @ np.log(1 - sp)
        likelihood = float(patterns.count @ np.logaddexp(bad, fine))
        chance = patterns.count / (1 + np.exp(np.clip(fine - bad, -700, 700)))
        rest = patterns.count - chance
        total = np.bincount(patterns.population, patterns.count, populations)
        prevalence = _inside(np.bincount(patterns.population, chance, populations) / total)
        se = _inside(chance @ yes / np.maximum(chance @ there, 1e-12))
        sp = _inside(rest @ no / np.maximum(rest @ there, 1e-12))
        if abs(likelihood - before) <= TOLERANCE * abs(likelihood):
            break
        before = likelihood
    return likelihood, (prevalence, se, sp)


def _bootstrap(patterns: _Patterns, items: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """(repeats, populations) prevalence, (repeats, raters) sensitivity and specificity of items drawn with
    replacement (B. Efron 1979)."""
    rng = np.random.default_rng(seed)
    shares = patterns.count / patterns.count.sum()
    drawn = rng.multinomial(items, shares, REPEATS).astype(float)
    fits = [
        _fit(_Patterns(patterns.population, patterns.answers, np.maximum(count, 1e-9))) for count in drawn
    ]
    prevalence, sensitivity, specificity = (np.array([fit[k] for fit in fits]) for k in range(3))
    return prevalence, sensitivity, specificity


def _as_if(share: float, repeats: Sequence[float] | Floats) -> float:
    """How many known answers would leave a share as uncertain as this: share (1 − share) / variance."""
    variance = max(float(np.var(repeats)), 1e-9)
    return max(share * (1 - share), 1e-4) / variance


def _inside(share: Floats) -> Floats:
    return np.clip(share, 1e-6, 1 - 1e-6)
