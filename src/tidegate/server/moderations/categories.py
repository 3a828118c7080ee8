"""The categories of the OpenAI moderation API, and what of Tidegate's harm areas speaks for each.

A category asks for all of its harm areas at once: hate that threatens is hate and violence.
"""

from __future__ import annotations

from collections.abc import Mapping

CATEGORIES: dict[str, tuple[str, ...]] = {
    "harassment": ("harassment",),
    "harassment/threatening": ("harassment", "violence"),
    "hate": ("hate",),
    "hate/threatening": ("hate", "violence"),
    "illicit": ("exploitation",),
    "illicit/violent": ("extremism",),
    "self-harm": ("self_harm",),
    "self-harm/instructions": (),  # no harm area tells instructions or intent apart
    "self-harm/intent": (),
    "sexual": ("sexual",),
    "sexual/minors": ("child_safety",),
    "violence": ("violence",),
    "violence/graphic": ("animal_abuse",),
}
"""Category to harm areas (`policy.harms`); () where nothing here can tell it from its neighbours."""


def scores(harms: Mapping[str, float]) -> dict[str, float]:
    """The score of each category: that of its least likely harm area, 0 where there is none."""
    return {
        category: min((harms.get(harm, 0.0) for harm in areas), default=0.0)
        for category, areas in CATEGORIES.items()
    }


def flags(harms: set[str]) -> dict[str, bool]:
    """The categories all of whose harm areas are among these."""
    return {category: bool(areas) and harms.issuperset(areas) for category, areas in CATEGORIES.items()}
