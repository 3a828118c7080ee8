"""The built-in detector `text`: the text-risk model as signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.policy.harms import BY_KEY
from tidegate.signals.detector import Example
from tidegate.signals.text_risk.model import TextRiskModel
from tidegate.tables import DetectorSpec, SignalField, SignalType

DECIMALS = 6
"""To which probabilities are given: more would be noise that every table and record has to carry."""

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
        harms = tuple(
            SignalField(
                harm,
                SignalType.NUMBER,
                f"Probability of {BY_KEY[harm].title[0].lower()}{BY_KEY[harm].title[1:]}.",
                "probability",
                harm=harm,
                threshold=round(float(threshold), 3),
            )
            for harm, threshold in zip(self.model.harms, self.model.threshold, strict=True)
        )
        overall = (
            SignalField("max_risk", SignalType.NUMBER, "The highest of these probabilities.", "probability"),
            SignalField("top_harm", SignalType.TEXT, "The harm area with the highest probability."),
        )
        return DetectorSpec(
            name=self.name,
            version=self.model.version,
            fields=harms + overall,
            cost_ms=0.05,
        )

    @property
    def examples(self) -> Sequence[Example]:
        return EXAMPLES

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        exact = self.model.probabilities(items["text"].fill_null("").to_list())
        probabilities = exact.astype(np.float64).round(DECIMALS)
        told = ~np.isnan(probabilities).any(axis=1)
        top = np.array(self.model.harms)[np.argmax(probabilities, axis=1)]
        columns = {f"{self.name}.{harm}": probabilities[:, i] for i, harm in enumerate(self.model.harms)}
        return (
            pl.DataFrame(columns | {f"{self.name}.max_risk": probabilities.max(axis=1)})
            .with_columns(pl.Series(f"{self.name}.top_harm", top.astype(object), dtype=pl.String))
            .select(pl.when(pl.Series(told)).then(pl.all()))
        )
