"""A chain of candidates, tested against one limit from the most careful to the boldest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.pvalues import Shown, bound, p_values, shown
from tidegate.measure.certificates.sample import Bools, Floats, Sample, Sets
from tidegate.measure.certificates.sequence import fallback, labels_needed, starts


@dataclass(frozen=True)
class Chain:
    """What came of testing candidates in order.

    Attributes:
        limit: what they were tested against.
        level: the error probability that the whole chain may spend.
        p: (candidates,) p-values.
        certified: (candidates,) those that keep the limit, all at once, with confidence 1 − level.
        shown: what the labels show of each.
        weight: (candidates,) where testing begins, as shares of the level.
        effective: (candidates,) labels expected in each, in labels of equal chances.
    """

    limit: Limit
    level: float
    p: Floats
    certified: Bools
    shown: tuple[Shown, ...]
    weight: Floats
    effective: Floats

    @property
    def complete(self) -> bool:
        """Whether all from the first start to the boldest were certified, so that the level is unspent.

        Where an early start failed its share is spent, however far a later one came.
        """
        started = np.flatnonzero(self.weight > 0)
        return bool(self.certified[int(started[0]) if len(started) else 0 :].all())

    @property
    def examined(self) -> Bools:
        """(candidates,) all those whose labels had a say in what is certified; maybe a few more."""
        before = np.concatenate([[False], self.certified[:-1]])
        return np.asarray((self.weight > 0) | before, dtype=bool)

    def bound(self, at: int) -> float:
        """An upper limit of the true rate of one candidate by itself, at the confidence of the whole chain.

        What the chain promises of all certified candidates at once is the limit. The candidate that is chosen
        is the boldest that passed, so this is exceeded a little more often than by itself.
        `pvalues.bound` of what labels show (C. J. Clopper and E. S. Pearson 1934, for equal chances), carried
        over to the truth by `Limit.true` (W. J. Rogan and B. Gladen 1978).
        """
        return self.limit.true(bound(self.shown[at], self.level))


def chain(sample: Sample, sets: Sets, limit: Limit, level: float) -> Chain:
    """Test the sets in their order, by Learn then Test (A. N. Angelopoulos and others 2021).

    See `pvalues.p_values` for the tests, and `sequence.fallback` for what is promised of their order.

    Sets without any items keep every limit and cost nothing.
    """
    of = tuple(shown(sample, sets, limit, level))
    p = p_values(of, limit)
    some = np.array([one.items > 0 for one in of], dtype=bool)
    needed = labels_needed(limit.shown, limit.least_shown, level)
    certified, weight = ~some, np.zeros(len(some))
    weight[some] = starts(sets.ground.effective[some], needed)
    certified[some] = fallback(p[some], weight[some], level)
    return Chain(limit, level, p, certified, of, weight, sets.ground.effective)


def chains(sample: Sample, families: list[tuple[Sets, Limit]], level: float) -> list[Chain]:
    """One chain per limit, together at `level`, each with an equal share.

    A chain that certifies all its candidates leaves its share to the others (F. Bretz, W. Maurer, W. Brannath
    and M. Posch 2009, A graphical approach to sequentially rejective multiple test procedures).
    """
    share = level / max(len(families), 1)
    found = [chain(sample, sets, limit, share) for sets, limit in families]
    whole = [one.complete for one in found]
    if any(whole) and not all(whole):
        more = level / whole.count(False)
        found = [
            one if done else chain(sample, sets, limit, more)
            for one, done, (sets, limit) in zip(found, whole, families, strict=True)
        ]
    return found
