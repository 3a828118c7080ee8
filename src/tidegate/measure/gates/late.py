"""Labels that come late: what may be said before they are all there.

Easy items are labelled first, so the labels that have come are not a fair sample of those that were drawn.
Nothing is assumed about who is slow, and why. Items count in the order in which they were decided; one whose
label is still awaited counts as no error for the evidence to roll back, and as an error for the evidence to
advance. Both are then at most what they will be when the label has come, which is what makes them safe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from tidegate.measure.gates.evidence import Evidence, Stakes, starts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """Where the evidence stands: natural logarithms of the e-values.

    Attributes:
        roll_back: the largest so far, so that a roll back stands once it is reached.
        worst: the label at which it was the largest.
        since: labels before the stretch, up to `worst`, that speaks loudest for it; 0 for all of them.
        advance: of today, at the place that `today` finds.
        counted: labels up to that place.
    """

    roll_back: float
    worst: int
    since: int
    advance: float
    counted: int


def standing(stakes: Stakes, x: Floats, a: Floats) -> Standing:
    """Where a gate stands with (n,) labels x in the order of decision, NaN where awaited, of weights a."""
    back, advance = courses(stakes, x[None], a[None])
    best = int(today(stakes, np.isnan(x)[None], advance)[0])
    worst = int(np.argmax(back[0]))
    return Standing(
        roll_back=float(np.log(back[0, worst])),
        worst=worst,
        since=_loudest_start(stakes, np.nan_to_num(x[:worst], nan=0.0), a[:worst]),
        advance=float(np.log(max(advance[0, best], 1e-300))),
        counted=best,
    )


def courses(stakes: Stakes, x: Floats, a: Floats) -> tuple[Floats, Floats]:
    """(paths, n + 1) e-values (roll back, advance) before the first label, after it, after the second, …"""
    one = np.ones((len(x), 1))
    fewest, most = np.nan_to_num(x, nan=0.0), np.nan_to_num(x, nan=1.0)
    back, advance = Evidence(stakes, len(x)).take(fewest.T, most.T, a.T)
    return np.hstack([one, back.T]), np.hstack([one, advance.T])


def today(stakes: Stakes, awaited: npt.NDArray[np.bool_], advance: Floats) -> npt.NDArray[np.int64]:
    """(paths,) the place up to which the labels say most to advance, as things are today.

    Of the places at or after the first awaited label, those after which no more than a memory of labels has
    come: one label that is lost for good must not keep the gate at what it said long ago.
    """
    paths, n = awaited.shape
    first = np.where(awaited.any(axis=1), awaited.argmax(axis=1), n) if n else np.zeros(paths)
    come = np.hstack([np.zeros((paths, 1)), np.cumsum(~awaited, axis=1)])
    recent = come[:, -1:] - come <= stakes.memory
    allowed = recent & (np.arange(n + 1) >= first[:, None])
    best: npt.NDArray[np.int64] = np.argmax(np.where(allowed, advance, -1.0), axis=1)
    return best


def _loudest_start(stakes: Stakes, x: Floats, a: Floats) -> int:
    """The start whose capital, weighted by its prior, is the largest after all these labels."""
    if not len(x):
        return 0
    logs = np.log(stakes.above.factors(x, a))
    since = np.cumsum(logs[:, ::-1], axis=1)[:, ::-1]
    capital = logsumexp(since, axis=0, b=stakes.above.prior[:, None])
    return int(np.argmax(capital + np.log(starts(stakes, len(x)))))
