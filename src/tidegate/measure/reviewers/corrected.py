"""A rate as it would be without reviewers' mistakes, with an interval that carries every uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.reviewers.refusal import what_would_help
from tidegate.measure.reviewers.rogan_gladen import luck, rogan_gladen, square_and_add
from tidegate.measure.reviewers.skill import Skill, mid_p_limits


@dataclass(frozen=True)
class Corrected:
    """A corrected rate; `estimate` is None where no number can be told, and `note` says what would help.

    `high` is a bound from above all the same.
    """

    estimate: float | None
    low: float
    high: float
    note: str = ""


def corrected_rate(
    apparent: tuple[float, float, float],
    skill: Skill,
    *,
    items: int | None = None,
    confidence: float = 0.95,
    about_fine: bool = False,
) -> Corrected:
    """Rogan and Gladen's rate (1978), r = (p + specificity − 1) / (sensitivity + specificity − 1).

    The interval squares and adds how far each of p, sensitivity and specificity can move the rate (see
    `square_and_add`, with mid-P limits). Intervals of p may come from any audit design.

    Args:
        apparent: estimate, low and high of the share that labels call violating (or fine).
        skill: of those who gave the labels.
        items: size of the population that the apparent interval speaks of; None for a stream without end.
            Where all of so many items are labelled, the interval of p is a point, and what the reviewers
            happened to get wrong on just these items is still not known.
        about_fine: the rate is of fine items (overkill), so the two kinds of mistake change places.

    Returns:
        The corrected rate. No estimate is given where the mistakes alone could make up what was found: where
        the upper end of the share of false calls reaches the lower end of the apparent rate.
    """
    shares, limits = (skill.sensitivity, skill.specificity), skill.limits(confidence, mid_p_limits)
    (hit, spare), (of_hit, of_spare) = (shares[::-1], limits[::-1]) if about_fine else (shares, limits)
    if hit is None or spare is None or not skill.enough:
        return Corrected(None, 0.0, 1.0, skill.note or "the reviewers' skill is not known")
    if of_hit[0] + of_spare[0] <= 1:
        return Corrected(
            None, 0.0, 1.0, "these reviewers may be no better than chance: train them, or ask others"
        )
    r = rogan_gladen(apparent[0], hit, spare)
    by_luck = 0.0 if items is None else luck(r, hit, spare, items, confidence)
    r, low, high = square_and_add(apparent, (hit, spare), (of_hit, of_spare), by_luck)
    if high <= 0:
        fewer = "fewer are called so than such reviewers would by mistake: the golds are unlike these items"
        return Corrected(None, 0.0, 1.0, fewer)
    low, high = (min(max(limit, 0.0), 1.0) for limit in (low, high))
    surely_spared = skill.limits(confidence)[0 if about_fine else 1][0]
    if 1 - surely_spared >= apparent[1]:
        return Corrected(None, 0.0, high, what_would_help(apparent, skill, items, confidence, about_fine))
    return Corrected(float(np.clip(r, low, high)), low, high)
