"""Sensitivity and specificity of reviewers, from items whose answer is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tidegate.errors import MeasureError, Where

FEWEST = 20
"""Known answers of one kind below which a share of them says next to nothing."""

Limits = tuple[float, float]


@dataclass(frozen=True)
class Skill:
    """How well reviewers tell violating items from fine ones.

    Attributes:
        sensitivity: share of violating items that they call violating; None where there were none.
        specificity: share of fine items that they call fine; None where there were none.
        of_violating, of_fine: answers that the two shares rest on; for a latent-class model, how many known
            answers would tell as much.
        note: what to bear in mind.
    """

    sensitivity: float | None
    specificity: float | None
    of_violating: float
    of_fine: float
    note: str = ""

    @property
    def enough(self) -> bool:
        return (
            self.sensitivity is not None
            and self.specificity is not None
            and (min(self.of_violating, self.of_fine) >= FEWEST)
        )

    def limits(self, confidence: float) -> tuple[Limits, Limits]:
        """Intervals of sensitivity and specificity (C. J. Clopper and E. S. Pearson 1934)."""
        return (
            exact_limits(self.sensitivity, self.of_violating, confidence),
            exact_limits(self.specificity, self.of_fine, confidence),
        )

    def noted(self, note: str) -> Skill:
        return replace(self, note="; ".join(filter(None, (self.note, note))))


def skill_from_golds(truth: pl.Series, answer: pl.Series) -> Skill:
    """Counted from (answers,) known truth and what reviewers said, both booleans without nulls."""
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

    The chance that more than half of them are right, by the binomial law (Condorcet 1785); the answers that
    it rests on are those of the single reviewers.
    """
    if votes == 1 or one.sensitivity is None or one.specificity is None:
        return one
    if votes % 2 == 0:
        raise MeasureError(
            f"a majority of {votes} may be a tie",
            where=Where(field="labeller"),
            remedy="Have every item looked at by an odd number of people, or by one.",
        )
    return replace(
        one, sensitivity=_most_right(one.sensitivity, votes), specificity=_most_right(one.specificity, votes)
    )


def exact_limits(share: float | None, answers: float, confidence: float) -> Limits:
    """Clopper and Pearson's limits of a share; (0, 1) without answers. `answers` may be fractional."""
    from scipy.special import betaincinv

    if share is None or answers <= 0:
        return 0.0, 1.0
    right, tail = share * answers, (1 - confidence) / 2
    low = betaincinv(right, answers - right + 1, tail) if right > 0 else 0.0
    high = betaincinv(right + 1, answers - right, 1 - tail) if right < answers else 1.0
    return float(low), float(high)


def _most_right(chance: float, votes: int) -> float:
    from scipy.special import bdtrc

    return float(np.clip(bdtrc(votes // 2, votes, chance), 0.0, 1.0))
