"""What the detectors `text` and `quick` say: one probability per harm area, the highest, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.policy.harms import BY_KEY
from tidegate.tables import DetectorSpec, SignalField, SignalType

DECIMALS = 6
"""To which probabilities are given: more would be noise that every table and record has to carry."""


def risk_spec(
    name: str, version: str, harms: Sequence[str], threshold: NDArray[np.float32], cost_ms: float
) -> DetectorSpec:
    """The spec of a detector of harms; `threshold` is each harm's probability from which a text counts as
    harmful."""
    fields = tuple(
        SignalField(
            harm,
            SignalType.NUMBER,
            f"Probability of {BY_KEY[harm].title[0].lower()}{BY_KEY[harm].title[1:]}.",
            "probability",
            harm=harm,
            threshold=round(float(least), 3),
        )
        for harm, least in zip(harms, threshold, strict=True)
    )
    overall = (
        SignalField("max_risk", SignalType.NUMBER, "The highest of these probabilities.", "probability"),
        SignalField("top_harm", SignalType.TEXT, "The harm area with the highest probability."),
    )
    return DetectorSpec(name=name, version=version, fields=fields + overall, cost_ms=cost_ms)


def risk_frame(name: str, harms: Sequence[str], exact: NDArray[np.float32]) -> pl.DataFrame:
    """The detector's columns from its probabilities, n × harms; rows of NaN become null."""
    probabilities = exact.astype(np.float64).round(DECIMALS)
    told = ~np.isnan(probabilities).any(axis=1)
    top = np.array(harms)[np.argmax(probabilities, axis=1)]
    columns = {f"{name}.{harm}": probabilities[:, i] for i, harm in enumerate(harms)}
    return (
        pl.DataFrame(columns | {f"{name}.max_risk": probabilities.max(axis=1)})
        .with_columns(pl.Series(f"{name}.top_harm", top.astype(object), dtype=pl.String))
        .select(pl.when(pl.Series(told)).then(pl.all()))
    )
