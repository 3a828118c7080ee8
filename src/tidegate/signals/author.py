"""The detector `author`: what the service has counted of whoever posted an item.

Only the service keeps count, and answers in this detector's place. Over files nothing is known, so every
signal is null, and a rule that asks for more than some number does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tidegate.signals.detector import Example
from tidegate.tables import DetectorSpec, SignalField, SignalType


def _count(name: str, doc: str) -> SignalField:
    return SignalField(name, SignalType.NUMBER, doc, "items")


SPEC = DetectorSpec(
    name="author",
    version="1",
    fields=(
        _count("items_1h", "Items of the author that arrived in the hour before this one."),
        _count("items_24h", "Items of the author that arrived in the 24 hours before."),
        _count("actioned_30d", "Items of the author that were acted on in the 30 days before."),
        _count("removed_30d", "Items of the author that were removed in the 30 days before."),
    ),
    cost_ms=0.01,
)

EXAMPLES = tuple(
    Example(text, {field.name: None for field in SPEC.fields})
    for text in ("See you at the market tomorrow.", "明天市场见。")
)


@dataclass(frozen=True)
class AuthorDetector:
    """Knows nothing: stands in where no service counts."""

    spec = SPEC
    examples = EXAMPLES

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({SPEC.column(field.name): [None] * len(items) for field in SPEC.fields})
