"""Leakage share and overkill share as they would be without reviewers' mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.measure.reviewers.corrected import Corrected, corrected_rate
from tidegate.measure.reviewers.rogan_gladen import luck, rogan_gladen
from tidegate.measure.reviewers.skill import Skill, mid_p_limits

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Items of one outcome: how many there are, and the share of them that labels call violating (or fine).

    `apparent` is estimate, low and high of that share; None without labels.
    """

    items: int
    apparent: tuple[float, float, float] | None


def corrected_share(
    inside: str,
    parts: Mapping[str, Part],
    skill: Skill,
    *,
    confidence: float = 0.95,
    about_fine: bool = False,
) -> Corrected:
    """The share of all violating (or fine) items that lies in one part: V / (V + Σ V of the other parts).

    V is the number of items of a part times its corrected rate. The interval squares and adds how far each
    number moves the share within its own interval, as that of `corrected_rate` does: the apparent rate of
    every part, and sensitivity and specificity, which move all parts at once (R. G. Newcombe 2001; G. Zou and
    A. Donner 2008).

    Args:
        inside: the part asked about.
        parts: all items by outcome, with apparent rates at this confidence.
        skill: of those who gave the labels, taken to be the same in all parts.
        about_fine: the share is of fine items (overkill), and so are the apparent rates.

    Returns:
        The share. No estimate is given where the rate of a part has none; the note says why. Where it is the
        part asked about, a bound from above remains; where it is another, which is named, nothing is known.
    """
    parts = {name: part for name, part in parts.items() if part.items}
    if inside not in parts or len(parts) == 1:
        return Corrected(None, 0.0, 1.0, f"{'all' if inside in parts else 'no'} items were {inside}")
    rates = {name: _rate(part, skill, confidence, about_fine) for name, part in parts.items()}
    refused = {name: rate for name, rate in rates.items() if rate.estimate is None}
    note = "; ".join(
        rate.note if name == inside else f"{name}: {rate.note}" for name, rate in refused.items()
    )
    if refused.keys() - {inside} or (refused and rates[inside].high == 1):
        return Corrected(None, 0.0, 1.0, note)
    middle, low, high = _limits(
        list(parts).index(inside), list(parts.values()), skill, confidence, about_fine
    )
    return Corrected(None, 0.0, high, note) if refused else Corrected(middle, low, high)


def _rate(part: Part, skill: Skill, confidence: float, about_fine: bool) -> Corrected:
    if part.apparent is None:
        return Corrected(None, 0.0, 1.0, "no labels: nothing can be said")
    return corrected_rate(
        part.apparent, skill, items=part.items, confidence=confidence, about_fine=about_fine
    )


def _limits(
    at: int, parts: list[Part], skill: Skill, confidence: float, about_fine: bool
) -> tuple[float, float, float]:
    """Estimate, low and high of the share of part `at`; every part has labels, and the skill is known."""
    items = np.array([part.items for part in parts], dtype=np.float64)
    p, lows, highs = np.array([part.apparent for part in parts]).T
    shares, ends = (
        (skill.sensitivity or 0.0, skill.specificity or 0.0),
        skill.limits(confidence, mid_p_limits),
    )
    (hit, spare), (of_hit, of_spare) = (shares[::-1], ends[::-1]) if about_fine else (shares, ends)

    def share(rates: Floats) -> float:
        found = items * np.clip(rates, 0.0, 1.0)
        return float(found[at] / found.sum()) if found.sum() > 0 else 0.0

    rates = rogan_gladen(p, hit, spare)
    middle = share(rates)
    moved = [[share(rogan_gladen(p, end, spare)) for end in of_hit]]
    moved.append([share(rogan_gladen(p, hit, end)) for end in of_spare])
    for k, part in enumerate(parts):
        one = np.arange(len(parts)) == k
        moved.append([share(np.where(one, rogan_gladen(ends, hit, spare), rates)) for ends in (lows, highs)])
        by_luck = luck(float(rates[k]), hit, spare, part.items, confidence)
        moved.append([share(rates + sign * by_luck * one) for sign in (-1, 1)])
    below = np.sqrt(sum(max(middle - min(both), 0.0) ** 2 for both in moved))
    above = np.sqrt(sum(max(max(both) - middle, 0.0) ** 2 for both in moved))
    return middle, float(max(middle - below, 0.0)), float(min(middle + above, 1.0))
