"""The built-in detector `text`: the text-risk model as signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tidegate.signals.detector import Example
from tidegate.signals.influence import Influence
from tidegate.signals.risk import risk_frame, risk_spec
from tidegate.signals.text_risk.influence import influence
from tidegate.signals.text_risk.model import TextRiskModel
from tidegate.tables import DetectorSpec

EXAMPLES = (
    Example("The library opens at nine and closes at six.", {"max_risk": 0.0}),
    Example("今天天气很好，我们去公园散步。", {"max_risk": 0.0}),
    Example("You are a stupid, worthless idiot and everybody hates you.", {"harassment": 1.0}),
)


@dataclass(frozen=True)
class TextRisk:
    """One calibrated probability per harm area, the highest, and whose it is. Null without words."""

    model: TextRiskModel
    name: str = "text"

    @property
    def spec(self) -> DetectorSpec:
        return risk_spec(self.name, self.model.version, self.model.harms, self.model.threshold, cost_ms=4.0)

    @property
    def examples(self) -> Sequence[Example]:
        return EXAMPLES

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        texts = items["text"].fill_null("").to_list()
        return risk_frame(self.name, self.model.harms, self.model.probabilities(texts))

    def influence(self, text: str, harms: Sequence[str]) -> Influence:
        """Which words moved the scores of these harms: see `text_risk.influence`."""
        return influence(self.model, text, harms)
