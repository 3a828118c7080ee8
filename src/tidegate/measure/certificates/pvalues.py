"""How surprising the labels of a set would be if its rate of errors lay above the limit: one p-value per set.

The labels are taken as a sample of the traffic from which the run came, not only of the run: a threshold is
certified for what comes next. So there is no gain from having labelled a large part of a small run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.sample import Floats, Sample, Sets
from tidegate.measure.certificates.weighed import Weighed
from tidegate.measure.gammasums import chance_at_most_zero
from tidegate.measure.limits import Evidence, upper_limits


@dataclass(frozen=True)
class Shown:
    """What the labels show of one set.

    Attributes:
        items: how many items are in it.
        labels, errors: how many labels, and how many of them say "error".
        rate: the share of errors that the labels show, by weight; nan without labels.
        even: whether all its items had the same chance of a label.
        evidence: where the chances differ.
    """

    items: int
    labels: int
    errors: int
    rate: float
    even: bool
    evidence: Evidence


def shown(sample: Sample, sets: Sets, limit: Limit, level: float) -> list[Shown]:
    """What the labels show of each set, for a test at `level`, which steers how heavy weights are cut.

    The rate is a count over a count where chances are equal, else Σ a error / Σ a (J. Hájek 1971), a = 1 / p.
    """
    error = ~sample.violates if limit.about_overkill else sample.violates
    labels, errors = np.count_nonzero(sets.labels, axis=1), np.count_nonzero(sets.labels & error, axis=1)
    weighed = None if sets.ground.even.all() else Weighed.of(sample, sets, error)
    out = []
    for row, (n, wrong) in enumerate(zip(labels.tolist(), errors.tolist(), strict=True)):
        items = int(sets.ground.items[row])
        if weighed is None or sets.ground.even[row]:
            out.append(Shown(items, n, wrong, wrong / n if n else float("nan"), True, _NOTHING))
        else:
            rate, evidence = weighed.rate(row), weighed.evidence(row, level)
            out.append(Shown(items, n, wrong, rate, False, evidence))
    return out


def p_values(of: Sequence[Shown], limit: Limit) -> Floats:
    """(sets,) the chance of labels as good as these, or better, where the rate of errors is at the limit.

    The p-values of Learn then Test (A. N. Angelopoulos and others 2021) for the null hypothesis
    that a set's rate is above the limit. Sets of items with one chance of a label: the exact binomial test,
    P(Binomial(labels, ρ) ≤ errors), ρ = limit.shown. Others: P(G > 0), where

        G = Σ a_i (error_i − ρ) Gamma(1) + a_max (1 − ρ) Gamma(1) + excess · (1 − ρ),    a_i = 1 / p_i,

    the test that belongs to the limits of `measure.limits` (Gaffke 2005; Learned-Miller and Thomas 2019); for
    equal a_i it is the binomial test. A set without items keeps any limit: 0.
    """
    p = np.ones(len(of))
    even = np.array([one.even for one in of], dtype=bool)
    for rows, test in ((np.flatnonzero(even), _binomial), (np.flatnonzero(~even), _gamma)):
        if len(rows):
            p[rows] = test([of[int(row)] for row in rows], limit.shown)
    p[[one.items == 0 for one in of]] = 0.0
    return p


def bound(one: Shown, level: float) -> float:
    """The upper limit, at confidence 1 − level, of the share of labels that would say "error".

    With equal chances of a label that of C. J. Clopper and E. S. Pearson (1934), the 1 − level quantile of
    Beta(errors + 1, labels − errors); otherwise that of `measure.limits` (N. Gaffke 2005). Without labels it
    is 1.
    """
    if one.items == 0:
        return 0.0
    if not one.even:
        return float(upper_limits([one.evidence], level, 0.0, 1.0)[0])
    if one.labels == one.errors:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(one.errors + 1, one.labels - one.errors, 1 - level))


def _binomial(of: Sequence[Shown], limit: float) -> Floats:
    from scipy.special import bdtr

    errors = np.array([one.errors for one in of], dtype=float)
    labels = np.array([one.labels for one in of])
    return np.asarray(bdtr(errors, labels, limit), dtype=float)


def _gamma(of: Sequence[Shown], limit: float) -> Floats:
    width = max(len(one.evidence.terms) for one in of) + 1
    scale, shape = np.zeros((len(of), width)), np.ones((len(of), width))
    constant = np.zeros(len(of))
    for row, evidence in enumerate(one.evidence for one in of):
        terms = len(evidence.terms)
        scale[row, :terms] = evidence.terms[:, 0] - limit * evidence.terms[:, 1]
        shape[row, :terms] = evidence.terms[:, 2]
        scale[row, -1] = (1 - limit) * evidence.unseen[0, 3]
        constant[row] = (1 - limit) * evidence.either[0, 3]
    chance, _ = chance_at_most_zero(scale, shape, constant)
    return 1 - chance


_NOTHING = Evidence(np.empty((0, 3)), np.zeros(2), np.zeros((0, 4)), np.zeros((0, 4)))
