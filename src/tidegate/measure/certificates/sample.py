"""What certificates are made from: labels, and the sets that candidates would give.

A candidate is a choice of thresholds. Of each candidate only two sets matter: the items it would act on, and
those it would let pass. Of a set the labels say how many errors there are; how the items could have been
labelled is known without them, and is worked out once, as its ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.errors import MeasureError, Where
from tidegate.measure.cells import band_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Labels: (labels,) the chance with which each was drawn, and what people said."""

    p: Floats
    violates: Bools

    def __post_init__(self) -> None:
        _check_chances(self.p)
        if self.p.shape != self.violates.shape:
            raise MeasureError(
                f"{len(self.p)} chances do not go with {len(self.violates)} labels",
                where=Where(field="violates"),
                remedy="Give one of each per label.",
            )


@dataclass(frozen=True)
class Ground:
    """How the items of each set could have been labelled, by bands of a = 1 / p, lightest first.

    Attributes:
        items: (sets,) number of items.
        number, chance: (sets, bands) number of items, and total chance of a label.
        heaviest: (bands,) greatest a of any item.
        even: (sets,) whether all items of the set have the same chance.
        effective: (sets,) how many labels of equal chances would tell as much as those expected, by
            L. Kish (1965), Survey Sampling: (Σ w)² / Σ w², w = a, each item expected p times.
    """

    items: Numbers
    number: Floats
    chance: Floats
    heaviest: Floats
    even: Bools
    effective: Floats


@dataclass(frozen=True)
class Sets:
    """One set for each of several candidates, in order: their ground, and (candidates, labels) which labelled
    items are in them."""

    ground: Ground
    labels: Bools


def ground(p: Floats, items: Bools, whole: Floats | None = None) -> Ground:
    """The ground of sets: p is (items,) the chance of a label, items is (sets, items) who is in which set.

    Its effective number is (Σ w)² / Σ w² with w = a, so (Σ p a)² / Σ p a² = n² / Σ a (L. Kish 1965).

    Where these items are a sample, `whole` holds the chances of all of which they are: numbers and chances
    are then scaled up to all, and no item is lighter than the heaviest of all in its band.

    Raises:
        MeasureError: a chance is not in (0, 1].
    """
    _check_chances(p)
    every = p if whole is None else whole
    _check_chances(every)
    scale = len(every) / max(len(p), 1)
    bands, band = np.unique(band_of(1 / p), return_inverse=True)
    number, chance = np.zeros((len(items), len(bands))), np.zeros((len(items), len(bands)))
    heaviness, heaviest = np.zeros(len(items)), np.zeros(len(bands))
    even = np.ones(len(items), dtype=bool)
    for at in range(len(bands)):
        here = np.flatnonzero(band == at)
        inside = items[:, here] if len(bands) > 1 else items
        number[:, at] = np.count_nonzero(inside, axis=1)
        least, most = float(p[here].min()), float(p[here].max())
        heaviest[at] = 1 / least
        if least == most:
            chance[:, at] = number[:, at] * least
            heaviness += number[:, at] / least
        else:
            chance[:, at] = inside @ p[here]
            heaviness += inside @ (1 / p[here])
            even &= number[:, at] == 0
    if whole is not None:
        number, chance, heaviness = scale * number, scale * chance, scale * heaviness
        found, of_all = np.unique(band_of(1 / whole), return_inverse=True)
        most_of_all = np.zeros(len(found))
        np.maximum.at(most_of_all, of_all, 1 / whole)
        # What is heavier than all of the sample counts as the heaviest of it does.
        heaviest = np.maximum(heaviest, most_of_all[np.searchsorted(found, bands)])
        heaviest[-1] = max(float(heaviest[-1]), float(most_of_all[-1]))
    total = number.sum(axis=1)
    even &= np.count_nonzero(number, axis=1) <= 1
    return Ground(
        items=np.ceil(total).astype(np.int64),
        number=number,
        chance=chance,
        heaviest=heaviest,
        even=even,
        effective=total**2 / np.where(heaviness > 0, heaviness, 1.0),
    )


def _check_chances(p: Floats) -> None:
    if not ((p > 0) & (p <= 1)).all():
        raise MeasureError(
            "the chance of a label is missing or not in (0, 1]",
            where=Where(field="p"),
            remedy="Every item needs the chance with which it could have been labelled.",
        )
