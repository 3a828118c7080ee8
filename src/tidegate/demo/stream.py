"""A generated week of posts whose truth is known: who wrote what, where, when, and how often it was seen.

Everything follows from the seed. The texts come from the two grammars; this module mixes them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tidegate.demo.disguise import disguise
from tidegate.demo.grammar import grammar_of, write
from tidegate.tables import ITEMS, TIMESTAMP

BATCH_ROWS = 10_000
START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 7

PREVALENCE = {
    "hateful-behaviour": 0.009,
    "harassment-bullying": 0.009,
    "sexual-content": 0.0055,
    "suicide-self-harm": 0.004,
    "human-exploitation": 0.003,
    "graphic-violence": 0.003,
    "violent-extremism": 0.0025,
    "child-safety": 0.002,
    "animal-abuse": 0.002,
}
"""The share of posts that violate each policy: four in a hundred altogether."""

HARD = 0.08
"""The share of harmless posts that are easily mistaken."""

DISGUISED = 0.12
"""The share of violating posts whose author hides them from filters."""

MARKETS = {
    "US": ("en", 0.26, -6),
    "GB": ("en", 0.15, 0),
    "AU": ("en", 0.08, 10),
    "SG": ("en", 0.11, 8),
    "CN": ("zh", 0.28, 8),
    "MY": ("zh", 0.12, 8),
}
"""Market → its language, its share of the posts, and its hours ahead of UTC."""

SURFACES = {"feed": 0.46, "comment": 0.34, "live": 0.08, "message": 0.06, "search": 0.06}
MEDIAN_VIEWS = {"feed": 120.0, "comment": 25.0, "live": 60.0, "message": 2.0, "search": 1.0}
VIEWS_SPREAD = 1.7
"""Standard deviation of the logarithm of views: the top hundredth of posts gets about a third of them."""

ACTIVITY = (3, 2, 1, 1, 1, 2, 4, 6, 7, 7, 7, 8, 9, 8, 7, 7, 8, 9, 11, 13, 14, 13, 10, 6)
"""How busy each hour of the local day is."""

SCHEMA = {**ITEMS.schema, "violates": pl.Boolean, "policy": pl.String}


def generate(n: int = 20_000, seed: int = 7) -> Iterator[pl.DataFrame]:
    """`n` posts in order of time, in batches: the columns of `tables.ITEMS`, and the truth.

    `violates` is true or false, and `policy` the id of the starter policy that is violated, or null.
    """
    numbers = np.random.default_rng(seed)
    markets = numbers.choice(list(MARKETS), n, p=[share for _, share, _ in MARKETS.values()])
    seconds = _seconds(numbers, markets)
    order = np.argsort(seconds, kind="stable")
    chance = random.Random(seed)
    for start in range(0, n, BATCH_ROWS):
        rows = order[start : start + BATCH_ROWS]
        yield _posts(start, seconds[rows], markets[rows], n, numbers, chance)


def write_stream(path: Path, n: int = 20_000, seed: int = 7) -> None:
    """Write `generate(n, seed)` to the Parquet file `path`."""
    schema = pl.DataFrame(schema=SCHEMA).to_arrow().schema
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for posts in generate(n, seed):
            writer.write_table(posts.to_arrow())


def _seconds(numbers: np.random.Generator, markets: NDArray[np.str_]) -> NDArray[np.float64]:
    """When each post was written, in seconds since the start of the week: busiest in its market's evening."""
    weights = np.array(ACTIVITY) / sum(ACTIVITY)
    local = numbers.choice(len(ACTIVITY), len(markets), p=weights) * 3600 + numbers.uniform(
        0, 3600, len(markets)
    )
    ahead = np.array([MARKETS[str(market)][2] for market in markets]) * 3600
    days = numbers.integers(0, DAYS, len(markets)) * 86_400
    return np.asarray((days + local - ahead) % (DAYS * 86_400), dtype=np.float64)


def _posts(
    first: int,
    seconds: NDArray[np.float64],
    markets: NDArray[np.str_],
    n: int,
    numbers: np.random.Generator,
    chance: random.Random,
) -> pl.DataFrame:
    """The posts of one batch, numbered from `first`, in a stream of `n`."""
    size = len(seconds)
    policies = numbers.choice(
        ["", *PREVALENCE], size, p=[1 - sum(PREVALENCE.values()), *PREVALENCE.values()]
    ).tolist()
    violates = np.array([policy != "" for policy in policies])
    surfaces = _surfaces(numbers, violates)
    languages = [MARKETS[str(market)][0] for market in markets]
    kinds = ["query" if surface == "search" else "text" for surface in surfaces]
    texts = [
        _text(policy, kind, language, chance)
        for policy, kind, language in zip(policies, kinds, languages, strict=True)
    ]
    parents = [
        write(grammar_of(language), "harmless", chance) if surface == "comment" else None
        for surface, language in zip(surfaces, languages, strict=True)
    ]
    times = np.datetime64(START.replace(tzinfo=None), "us") + (seconds * 1e6).astype("timedelta64[us]")
    return pl.DataFrame(
        {
            "id": [f"demo-{number:06d}" for number in range(first, first + size)],
            "kind": kinds,
            "text": texts,
            "media": pl.Series([None] * size, dtype=pl.String),
            "language": languages,
            "market": markets.tolist(),
            "surface": surfaces,
            "author_id": _authors(numbers, violates, n),
            "created_at": pl.Series(times).dt.replace_time_zone("UTC").cast(TIMESTAMP),
            "views": _views(numbers, surfaces),
            "reports": pl.Series([None] * size, dtype=pl.Int64),
            "context": parents,
            "violates": violates,
            "policy": [policy or None for policy in policies],
        },
        schema=SCHEMA,
    )


def _text(policy: str, kind: str, language: str, chance: random.Random) -> str:
    grammar = grammar_of(language)
    if policy:
        text = write(grammar, policy, chance)
        return disguise(text, language, chance) if chance.random() < DISGUISED else text
    if kind == "query":
        return write(grammar, "query", chance)
    return write(grammar, "hard" if chance.random() < HARD else "harmless", chance)


def _surfaces(numbers: np.random.Generator, violates: NDArray[np.bool_]) -> list[str]:
    """Where each post appears. Harm is posted, not searched for."""
    shares = np.array(list(SURFACES.values()))
    names = np.array(list(SURFACES))
    anywhere = numbers.choice(names, len(violates), p=shares)
    posted = numbers.choice(names[:-1], len(violates), p=shares[:-1] / shares[:-1].sum())
    found: list[str] = np.where(violates, posted, anywhere).tolist()
    return found


def _authors(numbers: np.random.Generator, violates: NDArray[np.bool_], n: int) -> list[str]:
    """Who wrote each post: few write much, and half of the harm comes from one author in fifty."""
    everyone = max(1, n // 4)
    author = (everyone * numbers.random(len(violates)) ** 2.5).astype(np.int64)
    offender = numbers.integers(0, max(1, everyone // 50), len(violates)) * 50
    repeated = violates & (numbers.random(len(violates)) < 0.5)
    return [f"author-{one:06d}" for one in np.where(repeated, offender, author).tolist()]


def _views(numbers: np.random.Generator, surfaces: list[str]) -> NDArray[np.int64]:
    medians = np.array([MEDIAN_VIEWS[surface] for surface in surfaces])
    return np.asarray(medians * numbers.lognormal(0.0, VIEWS_SPREAD, len(surfaces)), dtype=np.int64)
