"""From scores to probabilities, per harm and language, on texts that training has not seen.

Two questions are asked apart. *Which score decides*, the one whose probability is one half: that of a mix in
which each set counts by the square root of its rows and harmful texts make up a third at least, for a
decision should serve where harm is common too. *What a score means*: of harms with texts enough, the share of
harmful texts among the tuning texts of that language as they are, by Platt scaling that is drawn to the
common line of all languages. The few texts of other harms, most of them ours, have no share of their own that
would mean anything: theirs is that of the mix, with a twentieth of harm at least.

Where harm is rarer its odds are lower in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from tidegate.signals.quick_text.fit import Array, fit_sigmoid, with_floor
from tidegate.signals.text_risk.model import OTHER, Head

FEWEST = 100
"""So many harmful texts, and harmless ones, a harm in a language needs for a decision of its own."""

COMMON_SHARE, RARE_SHARE = 1 / 3, 0.05
"""The least share of harmful texts in the mix: of harms with texts enough, and of others."""

PULL = 1.0
"""How strongly a language's line is drawn to the common one: the precision of a normal prior on how far apart
they are in log-odds. Chosen by cross-validation within the tuning texts."""

FALSE_ALARMS = 0.01
"""The share of a harm's harmless texts that may exceed its threshold, within the range below."""

THRESHOLD_RANGE = (0.1, 0.7)
"""Where harm is as common as among the tuning texts, 0.7 keeps more than half of it within sight."""


def calibrated(
    head: Head, scores: NDArray[np.float32], labels: Array, weights: Array, languages: Sequence[str | None]
) -> Head:
    """The head with slopes, shifts, decisions and thresholds fitted on n texts.

    Args:
        scores: n × harms. labels: n × harms, NaN where unknown. weights: n, of the mix.
    """
    known = ~np.isnan(labels) & ~np.isnan(scores)
    groups = np.array([language if language in head.groups else OTHER for language in languages])
    slope, shift = _of_the_mix(head, scores, labels, known, weights, groups)
    decision = -shift / slope
    for h in np.flatnonzero(_plenty(known, labels)):
        seen = known[:, h]
        slope[:, h], shift[:, h] = _of_the_texts(
            scores[seen, h].astype(float), labels[seen, h], groups[seen], head.groups
        )
    fitted = replace(head, slope=slope, shift=shift, decision=decision)
    probability = fitted.probabilities(scores, languages)
    return replace(fitted, threshold=thresholds(probability, labels))


def _of_the_mix(
    head: Head,
    scores: NDArray[np.float32],
    labels: Array,
    known: NDArray[np.bool_],
    weights: Array,
    groups: NDArray[np.str_],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slopes and shifts, groups × harms, of the weighted mix.

    A harm with few texts in a language shares those of all languages; one with few in all of them shares
    the line of all such harms, for a handful of sentences says little about a slope. Where there is nothing
    to learn from, a score's own sigmoid stands.
    """
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
    return slope, shift


def _of_the_texts(
    scores: Array, labels: Array, groups: NDArray[np.str_], names: Sequence[str]
) -> tuple[Array, Array]:
    """One harm's slopes and shifts, one per group, of the texts as they are."""
    common = np.array(fit_sigmoid(scores, labels, np.ones(len(scores))))
    spread = float(scores.std()) or 1.0
    lines = np.tile(common, (len(names), 1))
    for g, name in enumerate(names):
        # What is left over is no language: the line of all serves best for one that was never seen.
        if name != OTHER and (groups == name).any():
            lines[g] = drawn_line(scores[groups == name], labels[groups == name], common, spread)
    return lines[:, 0], lines[:, 1]


def drawn_line(scores: Array, labels: Array, common: Array, spread: float) -> Array:
    """Slope a and shift c that minimise Σ log loss + PULL ((a - a⁰)² spread² + (c - c⁰)²) / 2.

    The mode of a normal prior about the `common` line (a⁰, c⁰); `spread` puts both differences on the scale
    of log-odds. Few texts leave the common line as it is, many have their own.
    """
    scale = np.array([spread, 1.0])
    design = np.column_stack([scores, np.ones_like(scores)])

    def loss(line: Array) -> tuple[float, Array]:
        z, away = design @ line, (line - common) * scale
        value = float((np.logaddexp(0, z) - labels * z).sum()) + PULL / 2 * float(away @ away)
        return value, design.T @ (1 / (1 + np.exp(-z)) - labels) + PULL * away * scale

    found: Array = scipy.optimize.minimize(
        loss, common, jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)]
    ).x
    return found


def thresholds(
    probability: NDArray[np.float32], labels: Array, within: tuple[float, float] = THRESHOLD_RANGE
) -> NDArray[np.float32]:
    """Per harm, the probability that `FALSE_ALARMS` of its harmless texts exceed, between these two."""
    found = []
    for h in range(labels.shape[1]):
        harmless = probability[(labels[:, h] == 0) & ~np.isnan(probability[:, h]), h]
        found.append(np.quantile(harmless, 1 - FALSE_ALARMS) if len(harmless) else within[1])
    return np.clip(np.array(found, np.float32), *within)


def _both(labels: Array) -> bool:
    return bool((labels == 0).any() and (labels == 1).any())


def _plenty(known: NDArray[np.bool_], labels: Array) -> NDArray[np.bool_]:
    """Which harms have enough known texts of both kinds."""
    counts = [((labels == side) & known).sum(axis=0) for side in (0, 1)]
    enough: NDArray[np.bool_] = np.minimum(*counts) >= FEWEST
    return enough
