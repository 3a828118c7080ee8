"""A rate as it would be without reviewers' mistakes, with an interval that carries every uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidegate.measure.reviewers.skill import Skill, exact_limits

MOST_GOLDS = 200_000


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

    The interval squares and adds how far each of p, sensitivity and specificity can move the rate within its
    own interval (R. G. Newcombe 2001, Statistics in Medicine 20, square-and-add; G. Zou and A. Donner 2008),
    towards either side. Intervals of p may come from any audit design.

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
    p, low_p, high_p = apparent
    hit, spare = (
        (skill.specificity, skill.sensitivity) if about_fine else (skill.sensitivity, skill.specificity)
    )
    if hit is None or spare is None or not skill.enough:
        return Corrected(None, 0.0, 1.0, skill.note or "the reviewers' skill is not known")
    of_hit, of_spare = skill.limits(confidence)
    if about_fine:
        of_hit, of_spare = of_spare, of_hit
    if of_hit[0] + of_spare[0] <= 1:
        return Corrected(
            None, 0.0, 1.0, "these reviewers may be no better than chance: train them, or ask others"
        )
    r = _rate(p, hit, spare)
    luck = 0.0 if items is None else _luck(min(max(r, 0.0), 1.0), hit, spare, items, confidence)
    skilled = (_rate(p, of_hit[1], spare), _rate(p, hit, of_spare[0]))
    low = _moved(r, _rate(low_p, hit, spare), *skilled, r - luck, sign=-1)
    unskilled = (_rate(p, of_hit[0], spare), _rate(p, hit, of_spare[1]))
    high = _moved(r, _rate(high_p, hit, spare), *unskilled, r + luck, sign=1)
    if high <= 0:
        fewer = "fewer are called so than such reviewers would by mistake: the golds are unlike these items"
        return Corrected(None, 0.0, 1.0, fewer)
    low, high = (min(max(limit, 0.0), 1.0) for limit in (low, high))
    false_calls = 1 - of_spare[0]
    if false_calls >= low_p:
        return Corrected(None, 0.0, high, _what_would_help(spare, low_p, confidence, about_fine))
    return Corrected(float(np.clip(r, low, high)), low, high)


def _rate(p: float, hit: float, spare: float) -> float:
    return (p + spare - 1) / (hit + spare - 1)


def _luck(r: float, hit: float, spare: float, items: int, confidence: float) -> float:
    """How far the mistakes on these very items may be from those to be expected, said as a rate.

    Each item is mistaken by itself; of a sample of them the interval of p allows for its own share already.
    """
    from scipy.special import ndtri

    mistakes = r * hit * (1 - hit) + (1 - r) * spare * (1 - spare)
    return float(ndtri(0.5 + confidence / 2) * np.sqrt(mistakes / items)) / (hit + spare - 1)


def _moved(r: float, *others: float, sign: int) -> float:
    """The rate moved by the square root of the sum of squares of the moves to this side."""
    return r + sign * float(np.sqrt(sum(max(sign * (other - r), 0.0) ** 2 for other in others)))


def _what_would_help(spare: float, low_p: float, confidence: float, about_fine: bool) -> str:
    found, spared = ("fine", "violating") if about_fine else ("violating", "fine")
    false_calls = 1 - spare
    lead = (
        f"mistakes alone may make up what was found: {false_calls:.2%} of {spared} items are called {found}"
    )
    twice = f"have every '{found}' looked at by a second person (both must agree: {false_calls**2:.3%})"
    golds = _golds_needed(spare, low_p, confidence)
    if golds is None:
        return f"{lead}. No number of golds mends this; {twice}"
    return (
        f"{lead}, known from few golds. Have {golds:,} {spared} golds answered as well as these, or {twice}"
    )


def _golds_needed(spare: float, low_p: float, confidence: float) -> int | None:
    """Golds for which the share of false calls, as it is now, would be bounded below the apparent rate."""
    if 1 - spare >= low_p:
        return None
    few, many = 1, MOST_GOLDS
    if 1 - exact_limits(spare, many, confidence)[0] >= low_p:
        return None
    while many - few > max(1, few // 50):
        middle = (few + many) // 2
        enough = 1 - exact_limits(spare, middle, confidence)[0] < low_p
        few, many = (few, middle) if enough else (middle, many)
    return many
