"""Where nothing can be certified: how far the best candidate is from its limit, and what labels could do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tidegate.measure.certificates.chain import Chain
from tidegate.measure.certificates.sequence import labels_needed


@dataclass(frozen=True)
class Outlook:
    """Why a limit could not be certified.

    Attributes:
        measure, at_most: the limit.
        bound: the upper limit of the true rate at the most promising candidate.
        labels: the labels that it rests on.
        more: about how many times as many labels, of the same sampling, would certify it; infinite where
            the rate that the labels show is itself not below the limit.
        blind: whether no rate could be certified with these reviewers, however many labels they give.
    """

    measure: str
    at_most: float
    bound: float
    labels: int
    more: float
    blind: bool


def outlook(chain: Chain) -> Outlook:
    """What the most promising candidate of a chain lacks."""
    limit = chain.limit
    best, least = 0, math.inf
    for at, one in enumerate(chain.shown):
        if not one.labels:
            continue
        # Half an error more than was found, so that a set without any is not taken for a perfect one.
        found = one.rate + 0.5 / one.labels
        more = labels_needed(limit.shown, found, chain.level) / one.labels
        if more < least or (math.isinf(least) and chain.p[at] < chain.p[best]):
            best, least = at, more
    return Outlook(
        measure=limit.measure,
        at_most=limit.at_most,
        bound=chain.bound(best),
        labels=chain.shown[best].labels,
        more=max(least, 1.0),
        blind=limit.least_shown >= limit.shown,
    )
