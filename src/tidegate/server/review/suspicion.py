"""Which harm is suspected of an item: what its decision says, else what its signals say loudest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from tidegate.policy.harms import BY_KEY
from tidegate.server.content.models import Decision

WHISPER = 0.2
"""A score below this suspects nothing."""


def suspected_policy(decision: Decision) -> str | None:
    """The policy that the rule enforces; where it names none, that of the harm with the highest score."""
    if decision.policy is not None:
        return decision.policy
    score, harm = max(scores(decision), default=(0.0, ""))
    return BY_KEY[harm].policy if score >= WHISPER else None


def scores(decision: Decision) -> Iterator[tuple[float, str]]:
    """Every detector's score for a harm area, with the area's key."""
    for _, harm, score in scores_by_detector(decision):
        yield score, harm


def scores_by_detector(decision: Decision) -> Iterator[tuple[str, str, float]]:
    """The same with the detector's name: detector, harm area, score."""
    heard: dict[str, dict[str, Any]] = orjson.loads(decision.signals)
    for detector, fields in heard.items():
        for name, value in fields.items():
            if name in BY_KEY and isinstance(value, int | float) and not isinstance(value, bool):
                yield detector, name, float(value)
