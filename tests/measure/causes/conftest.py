"""Labelled items with fields and words, and errors that may be planted in a slice of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tidegate.measure.causes import Predicates, predicates

ITEMS = 3_000


@dataclass(frozen=True)
class Labels:
    """`planted` is the slice of language zh and word w3: 3 % or so of the items."""

    fields: pl.DataFrame
    words: pl.Series
    clauses: Predicates
    planted: NDArray[np.bool_]

    def with_errors(self, base: float, uplift: float, seed: int = 0) -> pl.DataFrame:
        rate = np.where(self.planted, base * uplift, base)
        wrong = np.random.default_rng(seed).random(len(rate)) < rate
        return pl.DataFrame({"item_id": [f"post-{i}" for i in range(len(rate))], "error": wrong})


@pytest.fixture(scope="package")
def labels() -> Labels:
    rng = np.random.default_rng(7)
    words = pl.Series([sorted({f"w{w}" for w in rng.geometric(0.08, 6)}) for _ in range(ITEMS)])
    fields = pl.DataFrame(
        {
            "language": rng.choice(["en", "zh", "de"], ITEMS, p=[0.6, 0.3, 0.1]),
            "surface": rng.choice(["feed", "live"], ITEMS),
            "score": rng.random(ITEMS),
        }
    )
    has = np.array(["w3" in said for said in words.to_list()])
    planted = has & (fields["language"] == "zh").to_numpy()
    return Labels(fields, words, predicates(fields, words), planted)
