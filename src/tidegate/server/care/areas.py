"""Which harm area a task is of, by the policy that is suspected, and which areas are severe here."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from tidegate.policy.harms import HARM_AREAS
from tidegate.policy.model import Severity
from tidegate.server.review.policies import written
from tidegate.server.review.priority import SEVERITY

NONE = ""
"""Where no area is suspected."""
AREAS = (*(area.key for area in HARM_AREAS), NONE)


@cache
def _by_policy() -> dict[str, str]:
    """The starter's policies are known by name even where a workspace does not have them any more."""
    return {area.policy: area.key for area in HARM_AREAS} | {one.id: one.harm for one in written().values()}


def area_of(policy: str | None) -> str:
    """The harm area of a policy; NONE where it names none that is known."""
    return NONE if policy is None else _by_policy().get(policy, NONE)


def policies_of(areas: Collection[str]) -> list[str]:
    """Every policy of these areas."""
    return [policy for policy, area in _by_policy().items() if area in areas]


@cache
def weight_of(area: str) -> int:
    """What the gravest policy of an area weighs here; 0 where the workspace has none of it."""
    return max((SEVERITY[one.severity] for one in written().values() if one.harm == area), default=0)


def is_severe(area: str) -> bool:
    return weight_of(area) >= SEVERITY[Severity.HIGH]


def is_critical(area: str) -> bool:
    return weight_of(area) >= SEVERITY[Severity.CRITICAL]
