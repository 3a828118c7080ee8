"""One search for numbers: the families of candidates, their tests, and the choice that comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tidegate.measure.certificates.chain import Chain, chain, chains
from tidegate.measure.certificates.choice import tightened
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.certificates.sample import Bools, Numbers, Sample, Sets, ground
from tidegate.runs.backtest_trial import Trial
from tidegate.runs.tuning.board import Board, board
from tidegate.runs.tuning.families import Family, Pilot, family, path
from tidegate.runs.tuning.joint import choose, something
from tidegate.runs.tuning.numbers import plain_numbers
from tidegate.runs.tuning.rows import PILOT_SHARE, Rows
from tidegate.runs.tuning.steps import Steps, all_steps
from tidegate.runs.tuning.successive import boldest, chosen, hangs_together, outside

FEW = 10_000
"""Items on which the values worth trying are found, where the pilot is smaller."""


@dataclass(frozen=True)
class Job:
    """What is asked: limits, the error probability that each group may spend, and the thresholds to move."""

    limits: tuple[Limit, ...]
    level: float
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """Families with the results of their tests, and the choice that came of them, if any."""

    families: tuple[Family, ...]
    tested: tuple[Chain, ...]
    numbers: Mapping[str, float] | None = None
    at: tuple[int, ...] = ()
    """Which candidate of each family it stands for."""

    @property
    def lacking(self) -> list[tuple[Family, Chain]]:
        """Families of which no set with items is certified."""
        pairs = zip(self.families, self.tested, strict=True)
        return [(one, result) for one, result in pairs if not something(one.items, result.certified)]


@dataclass(frozen=True)
class Search:
    """All that candidates are made of and tested with.

    Attributes:
        plain: the numbers as they are. moved: what each does.
        whole: the board; items, labelled: its rows that are items, and labels.
        used: (labels,) those to certify with; the others have a say in the order of candidates.
    """

    job: Job
    rows: Rows
    plain: Mapping[str, float]
    moved: Sequence[Steps]
    pilot: Pilot
    whole: Board
    items: Numbers
    labelled: Numbers

    def steps(self, limit: Limit) -> list[Steps]:
        """What a limit moves."""
        return [one for one in self.moved if (one.acts if limit.about_overkill else one.passes)]

    def speaks_for(self) -> tuple[str, ...]:
        """The numbers that decide what is limited, whether they were moved or not.

        Two limits are about all that is decided without a person, and so about every number. Of one limit
        those are left out that only decide what it is not about.
        """
        if len(self.job.limits) > 1:
            return tuple(self.plain)
        asked = {one.name for one in self.moved}
        rest = [name for name in self.plain if name not in asked]
        still = all_steps(self.pilot.board, self.plain, rest)
        about_overkill = self.job.limits[0].about_overkill
        deciding = {one.name for one in (*self.moved, *still) if (one.acts if about_overkill else one.passes)}
        return tuple(name for name in self.plain if name in deciding)

    @property
    def used(self) -> Bools:
        ordered = any(len(self.steps(limit)) > 1 for limit in self.job.limits)
        return ~self.rows.pilot if ordered else np.ones_like(self.rows.pilot)

    def family(self, limit: Limit, base: Mapping[str, float]) -> Family:
        mine = self.steps(limit)
        return family(limit, mine, path(limit, mine, base, self.pilot), self.whole, self.items, self.labelled)

    def tests(self, families: Sequence[Family]) -> tuple[Sample, list[tuple[Sets, Limit]]]:
        """The labels to certify with, and the sets of each family as these labels see them."""
        used = self.used
        thinned = 1.0 if used.all() else 1 - PILOT_SHARE
        p, whole = self.rows.p * thinned, self.rows.whole_p * thinned
        sets = [Sets(ground(p, one.items, whole), one.labels[:, used]) for one in families]
        limits = [tightened(one.limit) for one in families]
        sample = Sample(self.rows.label_p[used] * thinned, self.rows.violates[used])
        return sample, list(zip(sets, limits, strict=True))

    def attempt(self) -> Attempt:
        # What the other limit moves stays as it is, so that its rules leave this one's sets what they do now.
        families = tuple(self.family(limit, self.plain) for limit in self.job.limits)
        if len(families) == 2:
            acting, passing = sorted(families, key=lambda one: not one.limit.about_overkill)
            if hangs_together(self.whole, self.plain, acting, passing, self.items):
                return self._successively(acting, passing)
        tested = tuple(chains(*self.tests(families), self.job.level))
        found = Attempt(families, tested)
        choice = None if found.lacking else choose(self.whole, self.plain, families, tested, self.items)
        return found if choice is None else replace(found, numbers=choice[0], at=choice[1])

    def _successively(self, acting: Family, passing: Family) -> Attempt:
        """See `successive`."""
        share = self.job.level / 2
        sample, ((acts, on_acts), (passes, on_passes)) = self.tests([acting, passing])
        first = chain(sample, passes, on_passes, share)
        before = Attempt((acting, passing), (chain(sample, acts, on_acts, share), first))
        if not something(passing.items, first.certified):
            return before
        best = chosen(passing, first)
        again = self.family(acting.limit, passing.choices[best])
        fresh = outside(again, passing, first)
        sample, [(acts, on_acts)] = self.tests([fresh])
        second = chain(sample, acts, on_acts, share)
        found = Attempt((fresh, passing), (second, first))
        if found.lacking:
            return found
        at = boldest(self.whole, fresh, np.flatnonzero(second.certified).tolist(), passing, best, self.items)
        return found if at is None else replace(found, numbers=dict(fresh.choices[at]), at=(at, best))


def search_of(trial: Trial, rows: Rows, job: Job) -> Search:
    plain = plain_numbers(trial.bench.strategy.text)
    # Most labelled items are among the items; each is decided once.
    union = np.unique(np.concatenate([rows.items, rows.labelled]))
    items, labelled = np.searchsorted(union, rows.items), np.searchsorted(union, rows.labelled)
    whole = board(trial, union)
    few = max(FEW - int(rows.pilot.sum()), 0)
    small = whole.part(np.concatenate([labelled[rows.pilot], items[:few]]))
    pilot = Pilot(small, 1 / rows.label_p[rows.pilot], rows.violates[rows.pilot])
    moved = all_steps(small, plain, job.only or tuple(plain))
    return Search(job, rows, plain, moved, pilot, whole, items, labelled)
