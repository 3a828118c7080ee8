"""The generated stream: the same every time, varied, and as harmful as it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from tidegate.demo import generate, write_stream
from tidegate.demo.stream import MARKETS, PREVALENCE
from tidegate.policy.harms import HARM_AREAS
from tidegate.tables import ITEMS
from tidegate.warehouse import RejectWriter, read_items


@pytest.fixture(scope="module")
def posts() -> pl.DataFrame:
    return pl.concat(generate(20_000, 7))


def test_the_same_seed_gives_the_same_stream_and_another_seed_another(posts):
    assert pl.concat(generate(20_000, 7)).equals(posts)
    assert not pl.concat(generate(100, 8))["text"].equals(pl.concat(generate(100, 7))["text"])


def test_posts_are_items_with_their_truth(posts):
    assert dict(posts.schema) == ITEMS.schema | {"violates": pl.Boolean, "policy": pl.String}
    for column in ITEMS.columns:
        assert column.nullable or posts[column.name].null_count() == 0
    assert posts["id"].is_unique().all()
    assert (posts["policy"].is_not_null() == posts["violates"]).all()
    assert not posts["text"].str.contains(r"[{}]").any()


def test_every_starter_policy_is_violated_about_as_often_as_stated(posts):
    assert set(PREVALENCE) == {area.policy for area in HARM_AREAS}
    assert posts["violates"].mean() == pytest.approx(0.04, abs=0.005)
    counts = dict(posts["policy"].drop_nulls().value_counts().iter_rows())
    for policy, share in PREVALENCE.items():
        assert counts[policy] == pytest.approx(20_000 * share, abs=5 * (20_000 * share) ** 0.5), policy


def test_both_languages_carry_every_harm(posts):
    shares = dict(posts["language"].value_counts(normalize=True).iter_rows())
    assert shares["en"] == pytest.approx(0.6, abs=0.02)
    assert shares["zh"] == pytest.approx(0.4, abs=0.02)
    assert posts.filter("violates").select("language", "policy").n_unique() == 2 * len(PREVALENCE)
    chinese = posts["text"].str.contains(r"\p{Han}")
    assert (chinese == (posts["language"] == "zh")).mean() > 0.99


def test_texts_are_mostly_unlike_each_other(posts):
    assert posts["text"].n_unique() > 0.93 * len(posts)


def test_the_week_is_in_order_and_busy_in_the_evening(posts):
    times = posts["created_at"]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    assert times.is_sorted()
    assert times.min() >= start
    assert times.max() < start + timedelta(days=7)
    assert times.dt.date().n_unique() == 7
    local = posts.with_columns(
        hour=(
            pl.col("created_at").dt.hour()
            + pl.col("market").replace_strict({m: h for m, (*_, h) in MARKETS.items()})
        )
        % 24
    )
    by_hour = dict(local["hour"].value_counts().iter_rows())
    assert by_hour[20] > 5 * by_hour[3]


def test_views_and_authors_are_heavy_tailed(posts):
    views = posts["views"].sort(descending=True)
    assert views.min() >= 0
    assert views.head(200).sum() > 0.25 * views.sum()
    by_author = posts["author_id"].value_counts(sort=True)["count"]
    assert by_author.head(len(by_author) // 10).sum() > 0.33 * len(posts)


def test_no_text_both_violates_and_does_not(posts):
    harmful = posts.filter("violates")["text"]
    assert not posts.filter(~pl.col("violates"))["text"].is_in(harmful.implode()).any()


def test_the_stream_is_read_back_whole(tmp_path, posts):
    write_stream(tmp_path / "posts.parquet", 20_000, 7)
    with RejectWriter(tmp_path / "rejected.jsonl") as rejects:
        batches = list(
            read_items(tmp_path / "posts.parquet", rejects=rejects, truth="violates", truth_policy="policy")
        )
    assert rejects.count == 0
    assert pl.concat(batch.items for batch in batches).equals(posts.select(ITEMS.names))
    truth = pl.concat(batch.truth for batch in batches)
    assert truth.select("violates", "policy").equals(posts.select("violates", "policy"))
