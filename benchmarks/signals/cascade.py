"""What cascades keep of a judge's F1: `python -m benchmarks.signals.cascade [SCORES.parquet [CHART.svg]]`.

Public sets, on the tuning and test splits that neither embedded model was trained on: thresholds and blend
are chosen on the tuning split, with the judge's verdicts and without people's labels, and tried on the test
split.

(a) Filter: the quick model. Judge: the text-risk model, two hundred times as dear.
(b) Filter: both models. Judge: recorded answers of an error model, not of a language model: it finds 90 % of
    what violates and stops 5 % of what is fine, and errs most where the text-risk model is least sure, since
    what is hard for one reader is hard for another.

Scoring takes minutes; with a name the scores are kept there, and taken from there the next time. The chart is
that of (a) on COLD.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.data import DATA
from tidegate.measure.deferral import CURVE, curve, f1_of
from tidegate.policy.harms import HARM_KEYS
from tidegate.runs.cascading.chart import write_chart
from tidegate.signals import build_detectors
from tidegate.signals.text_corpus.corpus import RECIPE, load_corpus, load_recipe

SETS = {
    "davidson": ("hate", "harassment"),
    "hatexplain": ("hate", "harassment"),
    "cold": ("hate", "harassment"),
    "edos": ("hate",),
}
SHARES = (0.05, 0.10, 0.20, 0.30)
CHARTED = (0.02, 0.05, 0.10, 0.15, 0.20, 0.30, 0.50)
MARGIN = 0.9
"""Of the share that is allowed, so much is used up on the tuning split: on other items it varies."""

FOUND, STOPPED = 0.90, 0.05
"""Of the error model: the share found of what violates, and stopped of what is fine."""

RARE = 0.05
"""The second half of the table: violating texts are thinned to this share, which is nearer to a
platform's."""

GOAL, AT_MOST = 0.99, 0.10

TAUGHT = 12_000
"""Of each set's training split so many texts are scored too. They serve no table here, but a filter can be
taught on what the judge says of them (`deferral`)."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def main(kept: Path | None) -> None:
    frame = tried(scored(kept))
    print(
        "| set | judge | filter | violating | F1 of the judge | of it, filter alone | fixed, 10 % judged "
        "| two thresholds | blended | judged | 95 % interval | best possible | needs for 99 % |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for share in (None, RARE):
        for name in SETS:
            for line in lines(name, frame.filter(pl.col("set") == name), share):
                print(line, flush=True)


def chart(frame: pl.DataFrame, out: Path) -> None:
    harms, signals = SETS["cold"], [f"quick.{harm}" for harm in HARM_KEYS]
    truth, tuning = violating(frame, harms), (frame["split"] == "tune").to_numpy()
    text = highest(frame, "text", harms)
    judge = text >= best_threshold(text[tuning], truth[tuning])
    values = frame.select(pl.col(signals).cast(pl.Float64)).to_numpy()
    write_chart(curve(signals, values, judge, truth, tuning, CHARTED)[0], out)


def lines(name: str, frame: pl.DataFrame, share: float | None) -> Iterator[str]:
    """A line per judge; with a share, of violating texts only so many are left as make it up."""
    harms = SETS[name]
    truth = violating(frame, harms)
    if share is not None:
        left = (
            np.random.default_rng(7).uniform(size=len(truth))
            < share / (1 - share) * (~truth).sum() / truth.sum()
        )
        frame = frame.filter(pl.Series(~truth | left))
        truth = violating(frame, harms)
    tuning = (frame["split"] == "tune").to_numpy()
    text = highest(frame, "text", harms)
    threshold = best_threshold(text[tuning], truth[tuning])
    quick = [f"quick.{harm}" for harm in HARM_KEYS]
    both = quick + [f"text.{harm}" for harm in HARM_KEYS]
    cases = [
        ("text-risk model", "quick", quick, text >= threshold),
        ("error model", "quick + text", both, recorded(text, truth)),
    ]
    for judge_name, filter_name, signals, judge in cases:
        values = frame.select(pl.col(signals).cast(pl.Float64)).to_numpy()
        shares = [MARGIN * share for share in SHARES]
        found, _ = curve(signals, values, judge, truth, tuning, [1e-9, *shares])
        yield told(name, judge_name, filter_name, found, truth[~tuning], judge[~tuning])


def told(name: str, judge: str, filter_name: str, found: pl.DataFrame, truth: Bools, verdicts: Bools) -> str:
    assert set(found.columns) == set(CURVE)

    def at(way: str, share: float) -> dict[str, float]:
        rows = found.filter(pl.col("way") == way, (pl.col("allowed") - share).abs() < 1e-12)
        return rows.row(0, named=True)

    share = MARGIN * AT_MOST
    blend = at("blend", share)
    enough = found.filter(pl.col("way") == "blend", pl.col("of_judge") >= GOAL)["judged"]
    needs = f"{enough.min():.1%}" if len(enough) else f"more than {max(SHARES):.0%}"
    return (
        f"| {name} | {judge} | {filter_name} | {truth.mean():.0%} | {f1_of(truth, verdicts):.3f} "
        f"| {at('blend', 1e-9)['of_judge']:.3f} | {at('fixed', share)['of_judge']:.3f} "
        f"| {at('tuned', share)['of_judge']:.3f} | **{blend['of_judge']:.3f}** | {blend['judged']:.1%} "
        f"| {blend['low']:.3f} – {blend['high']:.3f} | {at('possible', share)['of_judge']:.3f} | {needs} |"
    )


def recorded(text: Floats, truth: Bools) -> Bools:
    """The error model's verdicts."""
    chance = np.random.default_rng(11)
    unsure = 0.25 + 1 - 2 * np.abs(text - 0.5)
    verdict = truth.copy()
    for kind, rate in ((truth, 1 - FOUND), (~truth, STOPPED)):
        wrong = chance.uniform(size=len(text)) < rate * unsure / unsure[kind].mean()
        verdict = np.where(kind & wrong, ~truth, verdict)
    return verdict


def violating(frame: pl.DataFrame, harms: tuple[str, ...]) -> Bools:
    return (
        frame.select(pl.any_horizontal(pl.col(one).fill_null(False) for one in harms)).to_series().to_numpy()
    )


def highest(frame: pl.DataFrame, model: str, harms: tuple[str, ...]) -> Floats:
    values: Floats = (
        frame.select(pl.max_horizontal(f"{model}.{harm}" for harm in harms)).to_series().to_numpy()
    )
    return np.nan_to_num(values.astype(np.float64))


def best_threshold(scores: Floats, truth: Bools) -> float:
    tried = np.quantile(scores, np.linspace(0.01, 0.99, 99))
    return float(max(tried, key=lambda one: f1_of(truth, scores >= one)))


def tried(frame: pl.DataFrame) -> pl.DataFrame:
    """The texts that neither embedded model was trained on."""
    return frame.filter(pl.col("split") != "train")


def scored(kept: Path | None) -> pl.DataFrame:
    if kept is not None and kept.is_file():
        return pl.read_parquet(kept)
    corpus, _ = load_corpus(load_recipe(RECIPE), DATA)
    nth = pl.int_range(pl.len()).over("set", "split")
    frame = corpus.filter(
        pl.col("set").is_in(list(SETS)),
        pl.col("split").is_in(["tune", "test"]) | (nth < TAUGHT),
        pl.col("text") != "",
    )
    for detector in build_detectors({"quick": {}, "text": {}}, Path()).values():
        frame = pl.concat([frame, detector.detect(frame.select("text"))], how="horizontal")
    if kept is not None:
        frame.write_parquet(kept)
    return frame


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    if len(sys.argv) > 2:
        chart(tried(scored(Path(sys.argv[1]))).filter(pl.col("set") == "cold"), Path(sys.argv[2]))
