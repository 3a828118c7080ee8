"""The detector `evasion`: how much of a text had to be undone before it could be read."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tidegate.signals.detector import Example
from tidegate.signals.normalise import Unmasked, suspicious, unmask
from tidegate.tables import DetectorSpec, SignalField, SignalType

SPEC = DetectorSpec(
    name="evasion",
    version="1",
    fields=(
        SignalField(
            "share", SignalType.NUMBER, "Share of the characters that normalisation touched.", "share, 0 to 1"
        ),
        SignalField(
            "invisible", SignalType.NUMBER, "Invisible characters that are not spelling.", "characters"
        ),
    ),
    cost_ms=0.01,
)

EXAMPLES = (
    Example("See you at the market tomorrow.", {"share": 0.0, "invisible": 0}, tolerance=0),
    Example("b\u200bu\u200by n\u200bo\u200bw", {"share": 0.36, "invisible": 4}, tolerance=0.01),
    Example("c l i c k here", {"share": 0.29, "invisible": 0}, tolerance=0.01),
    Example("加*微*信", {"share": 0.4, "invisible": 0}, tolerance=0.01),
)


@dataclass(frozen=True)
class EvasionDetector:
    """Says nothing about harm: it shows that somebody took pains not to be matched. Null where no text is."""

    spec = SPEC
    examples = EXAMPLES

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        texts = items["text"].fill_null("").to_list()
        plain = Unmasked("")
        found = [plain] * len(texts)
        for i in suspicious(texts):
            found[i] = unmask(texts[i])
        # One character can be touched by more than one step.
        shares = [min(1.0, one.changed / max(1, len(text))) for one, text in zip(found, texts, strict=True)]
        return pl.DataFrame(
            {
                "evasion.share": pl.Series(shares, dtype=pl.Float64),
                "evasion.invisible": pl.Series([one.invisible for one in found], dtype=pl.Float64),
            }
        ).select(pl.when(items["text"].is_not_null()).then(pl.all()))
