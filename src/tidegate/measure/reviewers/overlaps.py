"""Sensitivity and specificity without known answers, from items that several reviewers looked at.

A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm
(1979), with two classes. Reviewers are assumed to err independently given the truth: mistakes that all of
them make, because the guideline misleads, cannot be seen in this way, and only golds show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

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
    """Distinct patterns of answers: (patterns,) population and count, (patterns, raters) 1, 0 or nan."""

    population: npt.NDArray[np.int64]
    answers: Floats
    count: Floats


@dataclass(frozen=True)
class _Fit:
    """(samples, populations) prevalence, (samples, raters) sensitivity and specificity."""

    prevalence: Floats
    sensitivity: Floats
    specificity: Floats


def skill_from_overlaps(labels: pl.DataFrame, *, seed: int = 0) -> dict[str, Skill]:
    """Each reviewer's skill, by name: of the greatest likelihood (A. P. Dawid and A. M. Skene 1979).

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
    best, drawn = _fit(patterns, patterns.count[None, :]), _bootstrap(patterns, items, seed)
    thrice = int(patterns.count[(~np.isnan(patterns.answers)).sum(axis=1) >= 3].sum())
    apart = float(np.quantile(np.ptp(drawn.prevalence, axis=1), DOUBT))
    if thrice < FEWEST_ITEMS and (drawn.prevalence.shape[1] < 2 or apart < LEAST_GAP):
        raise MeasureError(
            "two answers per item, all of one population, cannot tell whose mistakes they are",
            where=Where(field="labeller"),
            remedy=f"Have {FEWEST_ITEMS} items looked at by three people, or answer golds.",
        )
    violating, fine = _answered(patterns, best)
    found = {}
    for rater, name in enumerate(names):
        sensitivity, specificity = float(best.sensitivity[0, rater]), float(best.specificity[0, rater])
        found[name] = Skill(
            sensitivity=sensitivity,
            specificity=specificity,
            of_violating=min(_as_if(sensitivity, drawn.sensitivity[:, rater]), float(violating[rater])),
            of_fine=min(_as_if(specificity, drawn.specificity[:, rater]), float(fine[rater])),
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


def _fit(patterns: _Patterns, counts: Floats) -> _Fit:
    """Of greatest likelihood for each of (samples, patterns) counts, from whichever start leads there."""
    fits = [_em(patterns, counts, *start) for start in STARTS]
    best = np.argmax([likelihood for likelihood, _ in fits], axis=0)
    at = np.arange(len(counts))
    return _Fit(
        *(np.stack([getattr(fit, field.name) for _, fit in fits])[best, at] for field in fields(_Fit))
    )


def _em(patterns: _Patterns, counts: Floats, sensitivity: float, specificity: float) -> tuple[Floats, _Fit]:
    """(samples,) likelihood and the fit, of all samples at once; those that have arrived are left alone."""
    there = ~np.isnan(patterns.answers)
    yes, no = np.where(there, patterns.answers, 0.0), np.where(there, 1 - patterns.answers, 0.0)
    populations = int(patterns.population.max()) + 1
    member = np.eye(populations)[patterns.population]
    samples, raters = len(counts), yes.shape[1]
    found = _Fit(
        np.full((samples, populations), 0.1),
        np.full((samples, raters), sensitivity),
        np.full((samples, raters), specificity),
    )
    likelihood, open_ = np.full(samples, -np.inf), np.arange(samples)
    for _ in range(STEPS):
        count = counts[open_]
        prior = found.prevalence[open_] @ member.T
        se, sp = found.sensitivity[open_], found.specificity[open_]
        bad = np.log(prior) + np.log(se) @ yes.T + np.log(1 - se) @ no.T
        fine = np.log(1 - prior) + np.log(sp) @ no.T + np.log(1 - sp) @ yes.T
        now = (count * np.logaddexp(bad, fine)).sum(axis=1)
        chance = count / (1 + np.exp(np.clip(fine - bad, -700, 700)))
        rest = count - chance
        found.prevalence[open_] = _inside(chance @ member / np.maximum(count @ member, 1e-12))
        found.sensitivity[open_] = _inside(chance @ yes / np.maximum(chance @ there, 1e-12))
        found.specificity[open_] = _inside(rest @ no / np.maximum(rest @ there, 1e-12))
        arrived = np.abs(now - likelihood[open_]) <= TOLERANCE * np.abs(now)
        likelihood[open_] = now
        open_ = open_[~arrived]
        if not len(open_):
            break
    return likelihood, found


def _answered(patterns: _Patterns, best: _Fit) -> tuple[Floats, Floats]:
    """(raters,) how many violating and how many fine items each is expected to have answered.

    Known answers to so many would tell more than the overlaps do: no skill rests on more than these.
    """
    there = ~np.isnan(patterns.answers)
    yes, no = np.where(there, patterns.answers, 0.0), np.where(there, 1 - patterns.answers, 0.0)
    se, sp, prior = best.sensitivity[0], best.specificity[0], best.prevalence[0][patterns.population]
    bad = np.log(prior) + yes @ np.log(se) + no @ np.log(1 - se)
    fine = np.log(1 - prior) + no @ np.log(sp) + yes @ np.log(1 - sp)
    chance = patterns.count / (1 + np.exp(np.clip(fine - bad, -700, 700)))
    return chance @ there, (patterns.count - chance) @ there


def _bootstrap(patterns: _Patterns, items: int, seed: int) -> _Fit:
    """Fits to as many items drawn with replacement (B. Efron 1979), `REPEATS` times."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(items, patterns.count / patterns.count.sum(), REPEATS)
    return _fit(patterns, drawn.astype(float))


def _as_if(share: float, repeats: Sequence[float] | Floats) -> float:
    """How many known answers would leave a share as uncertain as this: share (1 − share) / variance."""
    variance = max(float(np.var(repeats)), 1e-9)
    return max(share * (1 - share), 1e-4) / variance


def _inside(share: Floats) -> Floats:
    return np.clip(share, 1e-6, 1 - 1e-6)
