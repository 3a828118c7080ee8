"""How often the verdict of a near duplicate is the right one: `python -m benchmarks.signals.propagation`.

Public sets in which every text was labelled by people. Texts come in the order of the file; each is compared
with the earlier ones that were "judged" (have their own label), as the judge does, and takes over the label
of the first that is similar enough. Precision is the share of labels taken over that are the text's own.
People label near duplicates differently too: how often two labels of the very same text agree is the ceiling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from benchmarks.data import DATA
from tidegate.measure.agreement import share
from tidegate.signals.judge.duplicates import FEWEST_LETTERS, Fingerprint, fingerprint, plain
from tidegate.signals.text_corpus.corpus import RECIPE, load_recipe

SETS = {
    "davidson": "label <> 'neither'",
    "hatexplain": "label_majority <> 'normal'",
    "cold": "label = 'offensive'",
    "edos": "label_sexist = 'sexist'",
}
THRESHOLDS = (0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Taken:
    texts: int
    taken: int
    right: int


def main() -> None:
    print(
        "| set | texts of 40 letters | similarity | taken over | right | 95 % interval | without the guard |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    total: dict[float, list[int]] = defaultdict(lambda: [0, 0, 0])
    for name, texts, labels in sets():
        prints = [fingerprint(text) for text in texts]
        print(row(name, "the same", same(texts, labels), None))
        blind = [one and replace(one, negations="") for one in prints]
        for threshold in THRESHOLDS:
            found, unguarded = taken(prints, labels, threshold), taken(blind, labels, threshold)
            add(total[threshold], found)
            print(row(name, threshold, found, unguarded))
    for threshold, (texts_of, count, right) in total.items():
        print(row("all", threshold, Taken(texts_of, count, right), None))


def sets() -> Iterator[tuple[str, list[str], list[bool]]]:
    recipe = load_recipe(RECIPE)["set"]
    for name, condition in SETS.items():
        path = DATA / recipe[name]["file"] if name in recipe else None
        if path is None or not path.is_file():
            continue
        frame = pl.read_parquet(path).sql(f"SELECT text, ({condition}) AS label FROM self").drop_nulls()
        yield name, frame["text"].to_list(), frame["label"].to_list()


def taken(prints: Sequence[Fingerprint | None], labels: Sequence[bool], threshold: float) -> Taken:
    by_band: dict[int, list[int]] = defaultdict(list)
    count = right = compared = 0
    for place, own in enumerate(prints):
        if own is None:
            continue
        compared += 1
        near = sorted({other for band in own.bands for other in by_band[band]})
        like = next((other for other in near if own.similarity(prints[other]) >= threshold), None)  # type: ignore[arg-type]
        if like is None:
            for band in own.bands:
                by_band[band].append(place)
        else:
            count += 1
            right += labels[like] == labels[place]
    return Taken(compared, count, right)


def same(texts: Sequence[str], labels: Sequence[bool]) -> Taken:
    """Texts that are one another but for what is not compared: no rule of similarity can do better."""
    first: dict[str, bool] = {}
    count = right = compared = 0
    for text, label in zip(texts, labels, strict=True):
        letters = plain(text)
        if len(letters) >= FEWEST_LETTERS:
            compared += 1
            if letters in first:
                count += 1
                right += first[letters] == label
            else:
                first[letters] = label
    return Taken(compared, count, right)


def add(total: list[int], found: Taken) -> None:
    for place, value in enumerate((found.texts, found.taken, found.right)):
        total[place] += value


def row(name: str, threshold: float | str, found: Taken, unguarded: Taken | None) -> str:
    figure = share(found.right, found.taken)
    interval = f"{figure.low:.3f} – {figure.high:.3f}" if found.taken else ""
    right = f"{figure.estimate:.3f}" if found.taken else ""
    other = (
        f"{unguarded.right / unguarded.taken:.3f} of {unguarded.taken:,}"
        if unguarded and unguarded.taken
        else ""
    )
    return f"| {name} | {found.texts:,} | {threshold} | {found.taken:,} | {right} | {interval} | {other} |"


if __name__ == "__main__":
    main()
