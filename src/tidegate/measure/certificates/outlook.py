"""Where nothing can be certified: how far the tests were from the limit, and what labels could do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.chain import Chain
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.pvalues import bound
from tidegate.measure.certificates.sequence import FIRST, labels_needed

TELLING = 1.0
"""A set says something once a rate at the limit would show so many errors."""

HOPELESS = 1000.0
"""More times the labels than this are no plan."""


@dataclass(frozen=True)
class Outlook:
    """Why a limit could not be certified.

    Attributes:
        measure, at_most: the limit.
        bound: the upper limit of the true rate where testing began.
        labels, share: the labels that it rests on, and the share of all items that this set is.
        more: about how many times as many labels, of the same sampling, would certify something; infinite
            where no set that has labels enough to judge shows a rate below the limit, or none has enough.
        hope, hope_share: the labels now in the set that this would certify, and its share of all items.
        blind: whether no rate could be certified with these reviewers, however many labels they give.
        least: where no set has labels enough to judge, about how many one needs, should half of the limit be
            its true rate; else None.
    """

    measure: str
    at_most: float
    bound: float
    labels: int
    share: float
    more: float
    hope: int
    hope_share: float
    blind: bool
    least: float | None = None


def outlook(chain: Chain, items: int, asked: Limit | None = None) -> Outlook:
    """What a chain lacks in which no set with items was certified.

    `bound` is that of `pvalues.bound`; `more` and `least` are by H. Chernoff's bound (1952) on binomial
    tails.

    Args:
        items: how many items there are in all.
        asked: the limit that was asked for, where the chain was tested against a lower one.
    """
    limit, asked = chain.limit, asked or chain.limit
    bounds = {
        int(at): limit.true(bound(chain.shown[at], chain.weight[at] * chain.level))
        for at in np.flatnonzero(chain.weight)
    }
    at = min(bounds, key=lambda start: bounds[start])
    more, hope = _more(chain)
    return Outlook(
        measure=limit.measure,
        at_most=asked.at_most,
        bound=min(bounds[at] * asked.at_most / limit.at_most, 1.0),
        labels=chain.shown[at].labels,
        share=chain.shown[at].items / items,
        more=more,
        hope=chain.shown[hope].labels,
        hope_share=chain.shown[hope].items / items,
        blind=limit.least_shown >= limit.shown,
        least=None if any(_telling(chain, at) for at in range(len(chain.shown))) else _least(chain),
    )


def _telling(chain: Chain, at: int) -> bool:
    """Whether a set has labels enough that a rate at the limit would show."""
    return chain.shown[at].labels * chain.limit.shown >= TELLING


def _least(chain: Chain) -> float:
    limit = chain.limit
    return labels_needed(limit.shown, (limit.shown + limit.least_shown) / 2, chain.level)


def _more(chain: Chain) -> tuple[float, int]:
    """How many times as many labels the most promising candidate needs, and which it is.

    With more labels testing begins earlier, so the candidates before the first start count too, once it has
    come to them. Evidence, log(1 / p), grows as labels do; and by Chernoff's bound a rate needs at least the
    labels of `sequence.labels_needed`. A set without errors is not taken for a perfect one: half an error
    more than was found, where that stays below half the limit.
    """
    limit, first = chain.limit, int(np.flatnonzero(chain.weight)[0])
    level = float(chain.weight[first]) * chain.level
    begin = FIRST * labels_needed(limit.shown, limit.least_shown, chain.level)
    least, best = math.inf, first
    for at in range(first + 1):
        one, effective = chain.shown[at], float(chain.effective[at])
        if not _telling(chain, at) or not 0 < chain.p[at] < 1:
            continue
        hoped = max(one.rate, min(one.rate + 0.5 / one.labels, limit.shown / 2), limit.least_shown)
        wanted = labels_needed(limit.shown, hoped, level) / effective
        evidence = math.log(level) / math.log(chain.p[at])
        more = max(wanted, evidence, begin / effective if at < first else 0.0)
        if more < min(least, HOPELESS):
            least, best = more, at
    return least, best
