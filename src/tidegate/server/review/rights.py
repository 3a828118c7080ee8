"""Who may be asked what."""

from __future__ import annotations

from tidegate.server.review.models import Kind

RIGHT = {
    Kind.DECIDE: "decide",
    Kind.AUDIT: "label_audits",
    Kind.GOLD: "label_audits",
    Kind.APPEAL: "decide_appeals",
    Kind.ARBITRATE: "arbitrate",
}
ASKED = tuple(dict.fromkeys(RIGHT.values()))
"""Whoever has one of these rights has a place in the console."""
