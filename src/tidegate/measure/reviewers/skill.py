"""Sensitivity and specificity of reviewers, from items whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import polars as pl

from tidegate.errors import MeasureError, Where

FEWEST = 20
"""Known answers of one kind below which a share of them says next to nothing."""

Limits = tuple[float, float]
Interval = Callable[[float | None, float, float], Limits]
"""Share, answers and confidence to limits."""


@dataclass(frozen=True)
class Skill:
    """How well reviewers tell violating items from fine ones.

    Attributes:
        sensitivity: share of violating items that they call violating; None where there were none.
        specificity: share of fine items that they call fine; None where there were none.
        of_violating, of_fine: answers that the two shares rest on; for a latent-class model, how many known
            answers would tell as much.
        note: what to bear in mind.
        parts: of a mixture, the share of the labels that each part gave, and its skill.
        single, votes, needed: of a vote, the skill of one reviewer, how many vote, and how many of them must
            call an item violating.
    """

    sensitivity: float | None
    specificity: float | None
    of_violating: float
    of_fine: float
    note: str = ""
    parts: tuple[tuple[float, Skill], ...] = ()
    single: Skill | None = None
    votes: int = 1
    needed: int = 1

    @property
    def enough(self) -> bool:
        return (
            self.sensitivity is not None
            and self.specificity is not None
            and (min(self.of_violating, self.of_fine) >= FEWEST)
        )

    def limits(self, confidence: float, interval: Interval | None = None) -> tuple[Limits, Limits]:
        """Intervals of sensitivity and specificity, `exact_limits` where no other kind is asked for.

        Of a mixture by squaring and adding what each part's limits move (R. G. Newcombe 2001); of a vote
        by carrying the limits of one reviewer over, since more skill of one is more skill of all.
        """
        of_share = interval or exact_limits
        if self.single is not None:
            found, spared = self.single.limits(confidence, of_share)
            low, high = (_voted(*both, self.votes, self.needed) for both in zip(found, spared, strict=True))
            return (low[0], high[0]), (low[1], high[1])
        if self.parts:
            of_parts = [(share, one, one.limits(confidence, of_share)) for share, one in self.parts]
            return (
                _mixed(self.sensitivity, [(w, one.sensitivity, both[0]) for w, one, both in of_parts]),
                _mixed(self.specificity, [(w, one.specificity, both[1]) for w, one, both in of_parts]),
            )
        return (
            of_share(self.sensitivity, self.of_violating, confidence),
            of_share(self.specificity, self.of_fine, confidence),
        )

    def noted(self, note: str) -> Skill:
        return replace(self, note="; ".join(filter(None, (self.note, note))))


def mixture(parts: Sequence[tuple[float, Skill]], whole: Skill) -> Skill:
    """The skill of labels of which each part gave a share; shares add up to 1.

    A part without golds of one kind counts there with the skill of the whole, and with limits from 0 to 1.
    """

    def mean(shares: Sequence[tuple[float, float | None]], otherwise: float | None) -> float | None:
        values = [(w, otherwise if value is None else value) for w, value in shares]
        known = [(w, value) for w, value in values if value is not None]
        return sum(w * value for w, value in known) if len(known) == len(values) else None

    return replace(
        whole,
        sensitivity=mean([(w, one.sensitivity) for w, one in parts], whole.sensitivity),
        specificity=mean([(w, one.specificity) for w, one in parts], whole.specificity),
        parts=tuple(parts),
    )


def _mixed(share: float | None, parts: Sequence[tuple[float, float | None, Limits]]) -> Limits:
    if share is None:
        return 0.0, 1.0
    below = above = 0.0
    for weight, value, (low, high) in parts:
        middle = share if value is None else value
        below += (weight * (middle - low)) ** 2
        above += (weight * (high - middle)) ** 2
    return max(0.0, share - float(np.sqrt(below))), min(1.0, share + float(np.sqrt(above)))


def skill_from_golds(truth: pl.Series, answer: pl.Series) -> Skill:
    """Counted from (answers,) known truth and what reviewers said, both booleans without nulls.

    Sensitivity and specificity are as J. Yerushalmy (1947) has them: the share of violating items called so,
    and of fine items called fine.
    """
    if len(truth) != len(answer) or truth.null_count() or answer.null_count():
        raise MeasureError(
            "each gold answer needs a truth and an answer",
            where=Where(field="truth"),
            remedy="Leave out golds that nobody answered.",
        )
    violating = int(truth.sum())
    fine = len(truth) - violating
    hits, spared = int((truth & answer).sum()), int((~truth & ~answer).sum())
    found = Skill(
        sensitivity=hits / violating if violating else None,
        specificity=spared / fine if fine else None,
        of_violating=violating,
        of_fine=fine,
    )
    if found.enough:
        return found
    counts = f"only {violating} violating and {fine} fine golds were answered"
    return found.noted(f"{counts}: {FEWEST} of each are needed")


def of_majority(one: Skill, votes: int) -> Skill:
    """The skill of a majority of an odd number of such reviewers who err independently.

    The chance that more than half of them are right, by the binomial law (Condorcet 1785).
    """
    if votes == 1 or one.sensitivity is None or one.specificity is None:
        return one
    if votes % 2 == 0:
        raise MeasureError(
            f"a majority of {votes} may be a tie",
            where=Where(field="labeller"),
            remedy="Have every item looked at by an odd number of people, or by one.",
        )
    return of_votes(one, votes, votes // 2 + 1)


def of_votes(one: Skill, votes: int, needed: int) -> Skill:
    """The skill of so many reviewers who err independently, where `needed` of them must say "violating".

    P(Binomial(votes, sensitivity) ≥ needed) and P(Binomial(votes, 1 − specificity) < needed) (Condorcet
    1785). At 2 of 2 the sensitivity is squared and false calls become (1 − specificity)²; at 1 of 2 the other
    way.
    """
    if one.sensitivity is None or one.specificity is None:
        return one
    sensitivity, specificity = _voted(one.sensitivity, one.specificity, votes, needed)
    return replace(
        one, sensitivity=sensitivity, specificity=specificity, single=one, votes=votes, needed=needed
    )


def exact_limits(share: float | None, answers: float, confidence: float) -> Limits:
    """Limits of a share by C. J. Clopper and E. S. Pearson (1934); (0, 1) without answers.

    Quantiles of Beta(k, n − k + 1) and Beta(k + 1, n − k) for k right of n answers, which may be fractional.
    """
    from scipy.special import betaincinv

    if share is None or answers <= 0:
        return 0.0, 1.0
    right, tail = share * answers, (1 - confidence) / 2
    low = betaincinv(right, answers - right + 1, tail) if right > 0 else 0.0
    high = betaincinv(right + 1, answers - right, 1 - tail) if right < answers else 1.0
    return float(low), float(high)


@lru_cache(maxsize=4_096)
def mid_p_limits(share: float | None, answers: float, confidence: float) -> Limits:
    """Limits that count half the chance of what was seen (H. O. Lancaster 1961); as `exact_limits` otherwise.

    They hold on the average instead of for every share, so they are for what is combined with other limits.
    """
    from scipy.special import betainc

    if share is None or answers <= 0:
        return 0.0, 1.0
    right, tail = share * answers, (1 - confidence) / 2

    def more(true: float) -> float:
        """P(more than were seen to be right) + P(as many) / 2, were this the true share."""
        above = betainc(right + 1, answers - right, true) if right < answers else 0.0
        as_many_or_above = betainc(right, answers - right + 1, true) if right > 0 else 1.0
        return float(above + as_many_or_above) / 2

    def where(chance: float) -> float:
        least, most = 0.0, 1.0
        while most - least > 1e-9:
            middle = (least + most) / 2
            least, most = (middle, most) if more(middle) < chance else (least, middle)
        return (least + most) / 2

    return where(tail) if right > 0 else 0.0, where(1 - tail) if right < answers else 1.0


def _voted(sensitivity: float, specificity: float, votes: int, needed: int) -> tuple[float, float]:
    """The chances that `needed` or more call a violating item so, and fewer than that a fine one."""
    from scipy.special import bdtrc

    found, spared = bdtrc(needed - 1, votes, sensitivity), bdtrc(votes - needed, votes, specificity)
    return float(np.clip(found, 0.0, 1.0)), float(np.clip(spared, 0.0, 1.0))
