"""From what a gate speaks of (a rate, a change per decided item) to what labels show, and back.

Labels become numbers x in [0, 1] with a limit on their mean. A rate of errors q shows as a mean of
hit · q + slip · (1 − q). A disagreement counts d = +1 for an error that only the arm makes, −1 for one that
only the current strategy makes, 0 for neither, and x = (d + 1)/2; over all disagreements the mean of d is
q/share, and shows as (hit − slip) · q/share + slip · net, since false calls fall on both sides.
"""

from __future__ import annotations

import numpy as np

from tidegate.measure.gates.bets import above, below
from tidegate.measure.gates.evidence import Stakes
from tidegate.measure.gates.settings import Criterion

MARGIN = 1e-9
MOST_MEMORY = 10_000_000


def shown(criterion: Criterion, value: float, hit: float, slip: float) -> float:
    """The mean of x for a true value, with reviewers of this hit and slip.

    Of a rate q, hit · q + slip · (1 − q) (W. J. Rogan and B. Gladen 1978); of a change, the difference of
    two.
    """
    if criterion.paired:
        return ((hit - slip) * value / criterion.share + slip * criterion.net + 1) / 2
    return value * hit + (1 - value) * slip


def true(criterion: Criterion, x: float, hit: float, slip: float) -> float:
    """The inverse of `shown`, within what the value can be.

    Of a rate (x − slip) / (hit − slip) (W. J. Rogan and B. Gladen 1978).
    """
    if criterion.paired:
        value = criterion.share * ((2 * x - 1) - slip * criterion.net) / (hit - slip)
    else:
        value = (x - slip) / (hit - slip)
    return float(min(max(value, criterion.lowest), criterion.highest))


def interval(criterion: Criterion, low: float, high: float) -> tuple[float, float]:
    """Limits of the true value from limits of the mean of x: the widest that the reviewers' bounds allow."""
    corners = criterion.reviewers.corners(criterion.about_overkill)
    return (
        min(true(criterion, low, *corner) for corner in corners),
        max(true(criterion, high, *corner) for corner in corners),
    )


def shown_limits(criterion: Criterion) -> tuple[float, float]:
    """The limit as labels show it: for the evidence to advance, and (no lower) for that to roll back."""
    corners = criterion.reviewers.corners(criterion.about_overkill)
    at = [shown(criterion, criterion.at_most, *corner) for corner in corners]
    return _inside(min(at)), _inside(max(at))


def answerable(criterion: Criterion) -> bool:
    """Whether an arm without any error could advance, whatever the reviewers are within their bounds."""
    return max(_flawless(criterion)) < shown_limits(criterion)[0]


def possible(criterion: Criterion, high: float) -> bool:
    """Whether reviewers within their bounds can show a mean of x as low as `high`."""
    return min(_flawless(criterion)) <= high


def _flawless(criterion: Criterion) -> list[float]:
    corners = criterion.reviewers.corners(criterion.about_overkill)
    return [shown(criterion, criterion.lowest, *corner) for corner in corners]


def stakes(criterion: Criterion, to_advance: float, mean_weight: float = 1.0) -> Stakes:
    """The bets of a criterion, aimed at its good and bad arm as middling reviewers would show them.

    The memory is log(1/α) / KL(good ‖ limit), about the labels that a likelihood ratio needs (A. Wald 1945).
    """
    middle = criterion.reviewers.middle(criterion.about_overkill)
    low, high = shown_limits(criterion)
    good = shown(criterion, criterion.aim_good, *middle)
    bad = shown(criterion, criterion.aim_bad, *middle)
    # Reviewers can be so uncertain that the aim is lost between the two limits; then aim just beside them.
    good, bad = min(good, low * (1 - 1 / 8)), max(bad, high + (1 - high) / 64)
    memory = criterion.memory
    if memory is None:
        # Lighter labels say less. By powers of two, so that the memory is the same at almost every look.
        rarer = 2.0 ** np.ceil(np.log2(1 / min(max(mean_weight, 1e-6), 1.0)))
        needed = rarer * np.log(to_advance) / divergence(good, low)
        memory = int(min(max(needed, 1), MOST_MEMORY))
    return Stakes(above(high, bad), below(low, good), memory)


def divergence(p: float, q: float) -> float:
    """How far a coin of chance p is from one of chance q, in nats (S. Kullback and R. A. Leibler 1951).

    p ln(p / q) + (1 − p) ln((1 − p) / (1 − q)).
    """
    out = 0.0
    for a, b in ((p, q), (1 - p, 1 - q)):
        out += a * float(np.log(a / b)) if a > 0 else 0.0
    return out


def _inside(x: float) -> float:
    return min(max(x, MARGIN), 1 - MARGIN)
