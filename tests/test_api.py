"""The five calls of a notebook, on frames."""

from __future__ import annotations

import polars as pl
import pytest

import tidegate
from tidegate.demo import write_stream
from tidegate.errors import MeasureError


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("posts") / "posts.parquet"
    write_stream(path, 500, 3)
    return pl.read_parquet(path)


@pytest.fixture(scope="module")
def decisions(posts: pl.DataFrame) -> pl.DataFrame:
    strategy = tidegate.load_strategy()
    return tidegate.decide(posts, tidegate.score(posts, strategy), strategy)


def labels(posts: pl.DataFrame) -> pl.DataFrame:
    return posts.select(item_id="id", violates="violates")


def test_with_the_posts_there_are_figures_by_view_and_by_their_columns(posts, decisions):
    found = tidegate.estimate(decisions, labels(posts), posts=posts, by=["language"])
    assert set(found["value"].drop_nulls()) == {"en", "zh"}
    rates = found.filter(pl.col("measure") == "leakage_rate", pl.col("slice").is_null())
    assert set(rates["weight"]) == {"item", "view"}
    assert rates["estimate"].null_count() == 0


def test_without_the_posts_figures_are_by_item_only(posts, decisions):
    found = tidegate.estimate(decisions, labels(posts), by=["policy"])
    assert set(found["weight"]) == {"item"}
    with pytest.raises(MeasureError, match="no posts were given") as caught:
        tidegate.estimate(decisions, labels(posts), by=["language"])
    assert "posts=posts" in caught.value.remedy
