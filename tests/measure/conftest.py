"""Small populations in the shape that measuring takes, and audits of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from tidegate.measure import draw
from tidegate.tables import LABELS

Population = Callable[..., pl.DataFrame]


@pytest.fixture
def population() -> Population:
    def build(outcome: Sequence[str], p: Any = 1.0, **columns: Any) -> pl.DataFrame:
        ids = [f"i{i}" for i in range(len(outcome))]
        probabilities = np.broadcast_to(np.asarray(p, dtype=float), len(outcome))
        columns.setdefault("views", [1] * len(outcome))
        columns.setdefault("audited", draw(pl.Series(ids, dtype=pl.String), probabilities, 0))
        return pl.DataFrame(
            {
                "item_id": pl.Series(ids, dtype=pl.String),
                "outcome": pl.Series(outcome, dtype=pl.String),
                "audit_probability": probabilities,
                **columns,
            }
        )

    return build


@pytest.fixture
def labels() -> Callable[..., pl.DataFrame]:
    def build(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
        """Rows of item_id, violates, and perhaps policy and labeller."""
        names = ("item_id", "violates", "policy", "labeller")
        whole = [dict(zip(names, row, strict=False)) for row in rows]
        return pl.DataFrame(whole, schema={name: LABELS.schema[name] for name in names})

    return build


@pytest.fixture
def figure() -> Callable[..., dict[str, Any]]:
    def find(
        figures: pl.DataFrame, measure: str, weight: str = "item", of: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """The one row of a measure, for everything or for (slice, value)."""
        name, value = of or (None, None)
        return figures.filter(
            pl.col("measure") == measure,
            pl.col("weight") == weight,
            pl.col("slice").eq_missing(pl.lit(name, pl.String)),
            pl.col("value").eq_missing(pl.lit(value, pl.String)),
        ).row(0, named=True)

    return find
