"""What can be said of an item in one clause, and how often it holds."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tidegate.errors import MeasureError
from tidegate.measure.causes import Predicate, predicates


def test_values_ranges_missing_and_words_are_clauses() -> None:
    items = pl.DataFrame(
        {
            "language": ["en"] * 50 + ["zh"] * 30 + [None] * 20,
            "score": np.arange(100) / 100,
            "reported": [True] * 40 + [False] * 60,
        }
    )
    words = pl.Series([["tide", "gate"] if i % 4 == 0 else ["sea"] if i % 4 == 1 else [] for i in range(100)])
    said = [str(clause) for clause in predicates(items, words).clauses]
    assert {"language is zh", "language is missing", "reported is True", "the text has 'sea'"} <= set(said)
    assert "score ≥ 0.495" in said
    # Both words are in the same items, so there is one clause for the two.
    assert ("the text has 'tide'" in said) != ("the text has 'gate'" in said)


def test_the_matrix_holds_for_the_items_that_a_clause_names() -> None:
    items = pl.DataFrame({"language": ["en"] * 60 + ["zh"] * 40})
    found = predicates(items)
    number = found.clauses.index(Predicate("language", "is", "zh"))
    assert found.matrix.toarray()[:, number].nonzero()[0].tolist() == list(range(60, 100))


def test_what_holds_for_too_few_or_for_all_is_no_clause() -> None:
    items = pl.DataFrame({"kind": ["text"] * 1000, "market": ["US"] * 995 + ["CN"] * 5})
    assert predicates(items, pl.Series([["the"]] * 1000)).clauses == ()


def test_words_of_other_items_are_refused() -> None:
    with pytest.raises(MeasureError, match="the words of 1"):
        predicates(pl.DataFrame({"kind": ["text"] * 20}), pl.Series([["a"]]))


def test_a_column_of_lists_is_refused() -> None:
    with pytest.raises(MeasureError, match="neither text, number nor boolean"):
        predicates(pl.DataFrame({"tags": [["a"]] * 20}))
