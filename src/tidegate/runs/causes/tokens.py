"""The words of a text as predicates: lower case, and pairs of characters where words are not spaced."""

from __future__ import annotations

import polars as pl

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}"
SPACED_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}']--[{UNSPACED}]]+"
UNSPACED_RUN = rf"[{UNSPACED}]+"


def words(texts: pl.Series) -> pl.Series:
    """The distinct words of each text, in order; an empty list for none.

    Chinese and Japanese give every pair of neighbouring characters: common words are one or two characters
    long, and a longer one shows in its pairs.
    """
    lower = texts.fill_null("").str.to_lowercase()
    spaced = lower.str.extract_all(SPACED_WORD)
    runs = lower.str.extract_all(UNSPACED_RUN).to_list()
    pairs = [[run[i : i + 2] for run in of for i in range(len(run) - 1)] for of in runs]
    both = pl.DataFrame({"spaced": spaced, "pairs": pl.Series(pairs, dtype=pl.List(pl.String))})
    return both.select(words=pl.concat_list("spaced", "pairs").list.unique(maintain_order=True))["words"]
