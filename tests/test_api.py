"""The five calls of a notebook, on frames."""

from __future__ import annotations

import polars as pl
import pytest

import tidegate
from tidegate.demo import write_stream
from tidegate.errors import InputError, MeasureError


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


def test_signals_may_stand_in_any_order_and_be_of_more_posts(posts, decisions):
    strategy = tidegate.load_strategy()
    signals = tidegate.score(posts, strategy)
    again = tidegate.decide(posts[100:300], signals.sample(fraction=1, shuffle=True, seed=1), strategy)
    assert again["action"].to_list() == decisions["action"][100:300].to_list()


def test_signals_of_other_posts_are_refused(posts):
    strategy = tidegate.load_strategy()
    signals = tidegate.score(posts[:20], strategy)
    for wrong in (signals[:10], pl.concat([signals, signals[:1]]), signals.drop("item_id")):
        with pytest.raises(InputError) as caught:
            tidegate.decide(posts[:20], wrong, strategy)
        assert "score" in caught.value.remedy


@pytest.mark.parametrize(("column", "value"), [("kind", "Text"), ("views", -5)])
def test_posts_that_no_detector_would_read_are_refused(posts, column, value):
    with pytest.raises(InputError) as caught:
        tidegate.score(posts.with_columns(pl.lit(value).alias(column)), tidegate.load_strategy())
    assert caught.value.where.field == column


def test_labels_and_actions_that_say_something_else_are_refused(posts, decisions):
    with pytest.raises(MeasureError, match="true or false"):
        tidegate.estimate(decisions, labels(posts).with_columns(violates=pl.lit("yes")))
    with pytest.raises(MeasureError, match="no action 'shadow'"):
        tidegate.estimate(decisions.with_columns(action=pl.lit("shadow")), labels(posts))
