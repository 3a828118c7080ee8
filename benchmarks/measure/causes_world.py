"""Real posts with planted causes of error, for `bench_causes`: nothing of their text is ever shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.data import DATA
from tidegate.measure.causes import Predicates, predicates
from tidegate.runs.causes.tokens import words

CORPORA = (
    "text_davidson_hate_offensive",
    "text_hatexplain",
    "text_edos_sexism",
    "text_cold_zh",
    "text_germeval2018_offensive",
    "text_told_br",
)
SMALLEST, LARGEST = 0.005, 0.05
BASE = 0.04
UPLIFT = (2.0, 5.0)

Members = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Labelled items: `fields` and their `clauses`, and the words of each."""

    fields: pl.DataFrame
    words: pl.Series
    clauses: Predicates

    def where(self, kept: Members) -> World:
        """Some of the items, with clauses of their own."""
        fields, said = self.fields.filter(kept), self.words.filter(kept)
        return World(fields, said, predicates(fields, said))


@dataclass(frozen=True)
class Plant:
    """A slice in which errors are `uplift` times as frequent, of one of three kinds."""

    kind: str
    members: Members
    uplift: float


def world(items: int, seed: int = 0) -> World:
    """Posts of six published corpora, in four languages: language and length are real, the rest generated."""
    posts = pl.concat([pl.read_parquet(DATA / f"{name}.parquet").select("text", "lang") for name in CORPORA])
    posts = posts.sample(items, seed=seed, shuffle=True)
    rng = np.random.default_rng(seed)
    fields = pl.DataFrame(
        {
            "language": posts["lang"],
            "length": posts["text"].str.len_chars(),
            "market": rng.choice(["A", "B", "C", "D", "E", "F"], items, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05]),
            "surface": rng.choice(["feed", "comment", "search", "live"], items, p=[0.5, 0.3, 0.15, 0.05]),
            "detector_version": rng.choice(["1", "2", "3"], items, p=[0.75, 0.2, 0.05]),
            "rule": rng.choice([f"rule-{i}" for i in range(8)], items),
        }
    )
    said = words(posts["text"])
    return World(fields, said, predicates(fields, said))


def plants(of: World, number: int, seed: int = 1) -> list[Plant]:
    """A third each: a word, a word within a field's value or range, and two fields. Sizes are log-uniform."""
    rng = np.random.default_rng(seed)
    pools = {"word": _words(of), "word × field": [], "field × field": []}
    ranges = [_field(of, rng) for _ in range(400)]
    alone = _words(of, largest=0.3)
    for _ in range(3000):
        one, other = ranges[rng.integers(len(ranges))], ranges[rng.integers(len(ranges))]
        word = alone[rng.integers(len(alone))][1]
        pools["word × field"].append(("", word & one[1]))
        if one[0] != other[0]:
            pools["field × field"].append(("", one[1] & other[1]))
    sized = {
        kind: [(m.mean(), m) for _, m in pool if SMALLEST <= m.mean() <= LARGEST]
        for kind, pool in pools.items()
    }
    found = []
    for turn in range(number):
        kind = list(sized)[turn % 3]
        target = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))
        nearest = sorted(sized[kind], key=lambda one: abs(np.log(one[0] / target)))[:10]
        found.append(Plant(kind, nearest[rng.integers(len(nearest))][1], rng.uniform(*UPLIFT)))
    return found


def errors(plant: Plant, rng: np.random.Generator) -> Members:
    return np.asarray(rng.random(len(plant.members)) < BASE * np.where(plant.members, plant.uplift, 1.0))


def _words(of: World, largest: float = LARGEST) -> list[tuple[str, Members]]:
    items = len(of.words)
    table = pl.DataFrame({"word": of.words, "row": np.arange(items)}).explode("word").drop_nulls()
    groups = table.group_by("word").agg("row").sort("word")
    share = pl.col("row").list.len() / items
    found = []
    for word, rows in groups.filter(share.is_between(SMALLEST, largest)).iter_rows():
        members = np.zeros(items, dtype=bool)
        members[rows] = True
        found.append((word, members))
    return found


def _field(of: World, rng: np.random.Generator) -> tuple[str, Members]:
    """A value of a text field, or a range of the length from or to any place: not only where we cut."""
    name = of.fields.columns[rng.integers(of.fields.width)]
    values = of.fields[name].to_numpy()
    if name != "length":
        return name, np.asarray(values == rng.choice(np.unique(values)))
    cut = np.quantile(values, rng.uniform(0.02, 0.98))
    return name, np.asarray(values >= cut if rng.random() < 0.5 else values < cut)
