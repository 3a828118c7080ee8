"""From scores to probabilities, per harm and language: Platt scaling on texts that training has not seen.

A probability speaks of a mix: that of the corpus, in which each set counts by the square root of its rows,
with harmful texts weighed up to a third at least, or to a twentieth for harms that few texts show. Where harm
is rarer its odds are lower in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.quick_text.fit import Array, fit_sigmoid, with_floor
from tidegate.signals.text_risk.model import OTHER, Head

FEWEST = 100
"""So many harmful texts, and harmless ones, a harm in a language needs for a calibration of its own."""

COMMON_SHARE, RARE_SHARE = 1 / 3, 0.05
"""The least share of harmful texts that probabilities speak of: of harms with texts enough, and of others."""

FALSE_ALARMS = 0.01
"""The share of a harm's harmless texts that may exceed its threshold, within the range below."""

THRESHOLD_RANGE = (0.1, 0.9)


def calibrated(
    head: Head, scores: NDArray[np.float32], labels: Array, weights: Array, languages: Sequence[str | None]
) -> Head:
    """The head with slopes, shifts and thresholds fitted on n texts.

    A harm with few texts in a language shares that of all languages; one with few in all of them shares the
    calibration of all such harms, for a handful of sentences says little about a slope. Where there is
    nothing to learn from, a score's own sigmoid stands.

    Args:
        scores: n × harms. labels: n × harms, NaN where unknown. weights: n.
    """
    known = ~np.isnan(labels) & ~np.isnan(scores)
    groups = np.array([language if language in head.groups else OTHER for language in languages])
    plenty = _plenty(known, labels)
    slope, shift = np.ones_like(head.slope), np.zeros_like(head.shift)
    for h in range(len(head.harms)):
        like = [h] if plenty[h] else [int(rare) for rare in np.flatnonzero(~plenty)]
        least = COMMON_SHARE if plenty[h] else RARE_SHARE
        for g, group in enumerate(head.groups):
            chosen = known[:, like]
            apart = chosen & (groups == group)[:, None]
            if group != OTHER and _plenty(apart, labels[:, like]).all():
                chosen = apart
            if not _both(labels[:, like][chosen]):
                continue
            share = np.column_stack(
                [
                    with_floor(np.where(seen, labels[:, one], np.nan), weights, least)
                    for one, seen in zip(like, chosen.T, strict=True)
                ]
            )
            slope[g, h], shift[g, h] = fit_sigmoid(
                scores[:, like][chosen].astype(float), labels[:, like][chosen], share[chosen]
            )
    fitted = replace(head, slope=slope, shift=shift)
    probability = fitted.probabilities(scores, languages)
    return replace(fitted, threshold=thresholds(probability, labels))


def thresholds(probability: NDArray[np.float32], labels: Array) -> NDArray[np.float32]:
    """Per harm, the probability that `FALSE_ALARMS` of its harmless texts exceed, in `THRESHOLD_RANGE`."""
    found = []
    for h in range(labels.shape[1]):
        harmless = probability[(labels[:, h] == 0) & ~np.isnan(probability[:, h]), h]
        found.append(np.quantile(harmless, 1 - FALSE_ALARMS) if len(harmless) else THRESHOLD_RANGE[1])
    return np.clip(np.array(found, np.float32), *THRESHOLD_RANGE)


def _both(labels: Array) -> bool:
    return bool((labels == 0).any() and (labels == 1).any())


def _plenty(known: NDArray[np.bool_], labels: Array) -> NDArray[np.bool_]:
    """Which harms have enough known texts of both kinds."""
    counts = [((labels == side) & known).sum(axis=0) for side in (0, 1)]
    enough: NDArray[np.bool_] = np.minimum(*counts) >= FEWEST
    return enough
