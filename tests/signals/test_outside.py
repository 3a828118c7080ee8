"""Sets that no training reads: what is taken of them, and what a card says of a model on them."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.card import alarming, outside_card
from tidegate.signals.text_corpus.corpus import LICENCES, RECIPE, load_recipe
from tidegate.signals.text_corpus.outside import OUTSIDE, load_outside

RECIPE_OUTSIDE = """
[set.elsewhere]
file = "elsewhere.parquet"
licence = "GPL-3.0"
source = "somebody/elsewhere"
[set.elsewhere.label]
hate = "case label when 'bad' then true when 'good' then false end"

[set.absent]
file = "absent.parquet"
licence = "MIT"
source = "somebody/absent"
[set.absent.label]
hate = "true"
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> pl.DataFrame:
    """The set as it is loaded; one of its texts is in the training split, another in the test split."""
    posts = {
        "text": [f"post {n}" for n in range(40)],
        "label": ["bad", "good", "unclear", "good"] * 10,
        "lang": ["en"] * 40,
    }
    pl.DataFrame(posts).write_parquet(tmp_path / "elsewhere.parquet")
    (tmp_path / "outside.toml").write_text(RECIPE_OUTSIDE, encoding="utf-8")
    known = {"set": "ours", "language": "en", "phenomenon": None, "weight": 1.0, **dict.fromkeys(HARM_KEYS)}
    corpus = pl.DataFrame(
        [{**known, "text": "post 0", "split": "train"}, {**known, "text": "post 1", "split": "test"}]
    )
    columns = ["set", "language", "text", *HARM_KEYS, "phenomenon", "split", "weight"]
    typed = corpus.select(columns).with_columns(
        pl.col(HARM_KEYS).cast(pl.Boolean), pl.col("phenomenon").cast(pl.String)
    )
    return load_outside(typed, tmp_path, tmp_path / "outside.toml")


def test_texts_that_training_has_read_and_sets_that_are_not_there_are_left_out(
    elsewhere: pl.DataFrame,
) -> None:
    assert elsewhere["set"].unique().to_list() == ["elsewhere"]
    assert elsewhere["text"].to_list() == [f"post {n}" for n in range(1, 40)]
    assert elsewhere["hate"].head(4).to_list() == [False, None, False, True]
    assert elsewhere["violence"].null_count() == len(elsewhere)


class Knows:
    """A model that is certain of every fourth post."""

    harms, version = HARM_KEYS, "none"
    threshold = np.full(len(HARM_KEYS), 0.5, np.float32)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        found = np.zeros((len(texts), len(HARM_KEYS)), np.float32)
        found[:, HARM_KEYS.index("hate")] = [int(text.split()[1]) % 4 == 0 for text in texts]
        return found


def test_the_card_tells_of_each_set_by_harm_and_of_any_harm(elsewhere: pl.DataFrame) -> None:
    pytest.importorskip("sklearn", reason="needs the extra `train`")
    # Nine harmful posts are too few to be reported on, and what is unclear counts nowhere.
    assert outside_card(Knows(), elsewhere).count("\n") == 1
    twice = pl.concat([elsewhere, elsewhere])
    rows = [line.split(" | ") for line in outside_card(Knows(), twice).splitlines()[2:]]
    assert [row[:6] for row in rows] == [
        ["| Hateful behaviour", "elsewhere, en", "58", "18", "1.000", "1.000"],
        ["| Any harm", "elsewhere, en", "58", "18", "1.000", "1.000"],
    ]


def test_what_is_safe_but_alarming_is_told_with_what_is_seen_of_harm() -> None:
    harmless = [(0.1 * n, "medical", 0) for n in range(10)]
    harmful = [(0.1 * n + 0.05, "request", 1) for n in range(10)]
    everyday = [(0.9, "everyday", 0)] * 5
    chances, names, labels = zip(*harmless, *harmful, *everyday, strict=True)
    languages = np.array(["en"] * len(names), object)
    told = alarming(
        np.array(labels, float)[:, None], np.array(chances)[:, None], np.array(names, object), languages
    )
    assert told.splitlines()[2] == "| en | 10 | 10 | 0.50 | 0.50 | 0.81 | 0.20 |"


def test_no_set_from_elsewhere_may_be_trained_on_but_those_whose_leftover_texts_are_read() -> None:
    outside = tomllib.loads(OUTSIDE.read_text(encoding="utf-8"))["set"]
    assert set(outside) & set(load_recipe(RECIPE)["set"]) == {"japanese"}
    assert not {"GPL-3.0", "CC-BY-SA-4.0"} & LICENCES
