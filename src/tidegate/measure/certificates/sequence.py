"""Which of many candidates may be certified, so that no bad one is among them with probability 1 − level.

The candidates stand in an order that was fixed without their labels, from the most careful to the boldest.
"""

from __future__ import annotations

import numpy as np

from tidegate.errors import MeasureError, Where
from tidegate.measure.certificates.sample import Bools, Floats

FIRST = 2.5
"""Testing begins where this many times the labels are expected that a faultless set needs."""

AGAIN = 3
"""It begins anew at so many times the labels of the start before, with as much less of the level."""


def fallback(p: Floats, weight: Floats, level: float) -> Bools:
    """The fallback procedure: (candidates,) which are certified.

    Each candidate may use its own share of the level, and all that the one before it used successfully. With
    all weight on the first it is fixed-sequence testing. The chance that any candidate whose rate lies above
    the limit is certified is at most `level`, however the p-values depend on one another.

    Sources: B. L. Wiens and A. Dmitrienko (2005), The fallback procedure for evaluating a single family of
    hypotheses; A. N. Angelopoulos, S. Bates, E. J. Candès, M. I. Jordan and L. Lei (2021), Learn
    then Test (fixed-sequence testing with several starts).

    Args:
        p: (candidates,) p-values, in order.
        weight: (candidates,) ≥ 0, adding up to at most 1; may depend on anything but the labels.
        level: the error probability to spend.

    Raises:
        MeasureError: the weights spend more than there is.
    """
    if (weight < 0).any() or weight.sum() > 1 + 1e-9:
        raise MeasureError(
            "the weights of a sequence must not be negative, nor add up to more than 1",
            where=Where(field="weight"),
            remedy="Divide them by their sum.",
        )
    certified = np.zeros(len(p), dtype=bool)
    carried = 0.0
    for at, (value, share) in enumerate(zip(p, weight, strict=True)):
        allowed = carried + share * level
        certified[at] = value <= allowed and allowed > 0
        carried = allowed if certified[at] else 0.0
    return certified


def starts(expected: Floats, needed: float) -> Floats:
    """(candidates,) where testing begins, as weights that add up to 1.

    The first start is where `FIRST` times `needed` labels are expected, or half of those that the largest set
    has: before it, one error too many would end the sequence by bad luck; much later, the best candidates
    could be passed over. Others follow at 3, 9, 27, … times as many labels, each with a third of the share of
    the one before it, for when the most careful candidates are not the best ones, or their rate is nearer to
    the limit than few labels can tell. Several starts: Learn then Test; these places and shares: our own
    simulations (docs/measurement/certificates.md).

    Args:
        expected: (candidates,) labels expected in each set, from the design and not from the sample.
        needed: labels that a set without any error needs.
    """
    weight = np.zeros(len(expected))
    if not len(weight):
        return weight
    most = float(expected.max())
    if not most >= needed:
        weight[int(np.argmax(expected))] = 1.0
        return weight
    labels, share = min(max(most / 2, needed), FIRST * needed), 1.0
    while labels <= most:
        weight[int(np.argmax(expected >= labels))] += share
        labels, share = AGAIN * labels, share / AGAIN
    return np.asarray(weight / weight.sum())


def labels_needed(at_most: float, hoped: float, level: float) -> float:
    """About how many labels certify `at_most` where a share `hoped` of them says "error".

    log(1 / level) / KL(hoped ‖ at_most), by the bound of H. Chernoff (1952) on binomial tails; infinite where
    hoped is not below at_most.
    """
    if hoped >= at_most:
        return float("inf")
    divergence = (1 - hoped) * np.log((1 - hoped) / (1 - at_most))
    if hoped > 0:
        divergence += hoped * np.log(hoped / at_most)
    return float(np.log(1 / level) / divergence)
