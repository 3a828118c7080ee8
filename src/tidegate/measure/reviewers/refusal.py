"""What to do where mistakes alone could make up what was found: more golds, or a second look."""

from __future__ import annotations

import numpy as np

from tidegate.measure.reviewers.rogan_gladen import luck, rogan_gladen, square_and_add
from tidegate.measure.reviewers.skill import Skill, exact_limits, mid_p_limits, of_votes

MOST_GOLDS = 200_000
MOST_LABELS = 1e9


def what_would_help(
    apparent: tuple[float, float, float],
    skill: Skill,
    items: int | None,
    confidence: float,
    about_fine: bool,
) -> str:
    """The note of a rate that is refused; arguments as those of `corrected_rate`."""
    found, spared = ("fine", "violating") if about_fine else ("violating", "fine")
    spare = (skill.sensitivity if about_fine else skill.specificity) or 0.0
    lead = f"mistakes alone may make up what was found: {1 - spare:.2%} of {spared} items are called {found}"
    second = _second_look(apparent, skill, items, confidence, about_fine)
    golds = _golds_needed(spare, apparent[1], confidence)
    if golds is None:
        return f"{lead}. No number of golds mends this; {second}"
    return (
        f"{lead}, known from few golds. Have {golds:,} {spared} golds answered as well as these, or {second}"
    )


def _second_look(
    apparent: tuple[float, float, float],
    skill: Skill,
    items: int | None,
    confidence: float,
    about_fine: bool,
) -> str:
    """What becomes of the skill if two people must agree, and roughly what limit would be printed."""
    found, spared = ("fine", "violating") if about_fine else ("violating", "fine")
    both = of_votes(skill, 2, needed=1 if about_fine else 2)
    one, two = (_roles(each, about_fine) for each in (skill, both))
    name = "specificity" if about_fine else "sensitivity"
    after = (
        f"{_percent(1 - two[1])} of {spared} items would still be called {found}, "
        f"{name} falls from {_percent(one[0])} to {_percent(two[0])}"
    )
    labels = _labels_behind(apparent, confidence)
    if labels is not None:
        r = float(np.clip(rogan_gladen(apparent[0], *one), 0.0, 1.0))
        p = r * two[0] + (1 - r) * (1 - two[1])
        of_hit, of_spare = both.limits(confidence, mid_p_limits)
        limits = (of_spare, of_hit) if about_fine else (of_hit, of_spare)
        if limits[0][0] + limits[1][0] > 1:
            again = (p, *exact_limits(p, labels, confidence))
            by_luck = 0.0 if items is None else luck(r, *two, items, confidence)
            _, _, high = square_and_add(again, two, limits, by_luck)
            limit = _percent(min(max(high, 0.0), 1.0), digits=2)
            after += f", and the upper limit of the rate would be about {limit}"
    return f"have every '{found}' looked at by a second person (both must agree: {after})"


def _percent(share: float, digits: int = 3) -> str:
    return f"{share * 100:.{digits}g}%"


def _roles(skill: Skill, about_fine: bool) -> tuple[float, float]:
    shares = (skill.sensitivity or 0.0, skill.specificity or 0.0)
    return shares[::-1] if about_fine else shares


def _labels_behind(apparent: tuple[float, float, float], confidence: float) -> float | None:
    """How many labels of a simple sample would put the upper limit where it is; None where none would."""
    p, _, high = apparent
    if not p < high < 1:
        return MOST_LABELS if p == high < 1 else None
    few, many = 0.0, float(np.log(MOST_LABELS))
    while many - few > 0.01:
        middle = (few + many) / 2
        wide = exact_limits(p, float(np.exp(middle)), confidence)[1] > high
        few, many = (middle, many) if wide else (few, middle)
    return float(np.exp(many))


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
