"""Other choices of what to defer: `python -m benchmarks.signals.deferral SCORES.parquet`.

The file is that of `benchmarks.signals.cascade`, and so are sets, judges, splits and share. All ways are two
thresholds on one score, fitted to the judge's verdicts on the tuning split and tried on the test split; they
differ in the score:

- fixed: the highest signal, around one half; blend: the weighted sum that `tidegate cascade curve` fits;
- calibrated: the same sum of the logits of the signals, so that each is calibrated anew;
- richer: logits, the length, and how far the two models disagree; trees: the same, boosted;
- taught: the richer one, and a linear model of letter n-grams that was taught the judge's verdicts on the
  tuning split (five folds, so that no text is scored by what it taught);
- well taught: the same, taught what the judge says of 12,000 texts of the training split: so many answers
  are paid for once, before the cascade is at work. What the judge has seen of their labels it says there.

With the probability p that the judge says yes, asking is worth p(2 - F) below the threshold and (1 - p)F
above it in F1, to first order: both rise towards the threshold, so what is best to ask is two thresholds on p
again, and only a better p helps. Any monotone recalibration of one score leaves its bands as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmarks.signals.cascade import (
    AT_MOST,
    MARGIN,
    SETS,
    best_threshold,
    highest,
    recorded,
    violating,
)
from tidegate.measure.deferral import best_band, f1_of, fit_blend, symmetric_band
from tidegate.policy.harms import HARM_KEYS

WAYS = ("fixed", "blend", "calibrated", "richer", "trees", "taught", "well taught")
FOLDS, DRAWS = 5, 500
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def main(scores: Path) -> None:
    frame = pl.read_parquet(scores)
    print(f"| set | judge | {' | '.join(WAYS)} | judged | 95 % interval |")
    print("| --- " * (len(WAYS) + 4) + "|")
    for name in SETS:
        for line in lines(name, frame.filter(pl.col("set") == name)):
            print(line, flush=True)


def lines(name: str, frame: pl.DataFrame) -> Iterator[str]:
    """A line per judge; share and interval are those of `well taught`."""
    truth = violating(frame, SETS[name])
    tuning, tried, teaching = ((frame["split"] == split).to_numpy() for split in ("tune", "test", "train"))
    text = highest(frame, "text", SETS[name])
    quick = np.nan_to_num(frame.select([f"quick.{harm}" for harm in HARM_KEYS]).to_numpy())
    both = np.hstack([quick, np.nan_to_num(frame.select([f"text.{harm}" for harm in HARM_KEYS]).to_numpy())])
    threshold = best_threshold(text[tuning], truth[tuning])
    # Apart, so that on the splits that are tried it is the error model of `cascade`.
    error = truth.copy()
    for part in (teaching, ~teaching):
        error[part] = recorded(text[part], truth[part])
    for judge_name, judge, signals in (
        ("text-risk model", text >= threshold, quick),
        ("error model", error, both),
    ):
        found = {}
        for way, score in scored(signals, frame["text"].to_list(), judge, tuning, teaching).items():
            if way == "fixed":
                band = symmetric_band(score[tuning], MARGIN * AT_MOST)
                alone = score >= (band.low + band.high) / 2
                found[way] = np.where(band.judged(score), judge, alone), band.judged(score)
            else:
                band = best_band(score[tuning], judge[tuning], MARGIN * AT_MOST)
                found[way] = band.verdicts(score, judge), band.judged(score)
        kept = {
            way: f1_of(truth[tried], verdicts[tried]) / f1_of(truth[tried], judge[tried])
            for way, (verdicts, _) in found.items()
        }
        verdicts, judged = found[WAYS[-1]]
        low, high = interval(truth[tried], judge[tried], verdicts[tried])
        yield (
            f"| {name} | {judge_name} | {' | '.join(f'{kept[way]:.3f}' for way in WAYS)} "
            f"| {judged[tried].mean():.1%} | {low:.3f} – {high:.3f} |"
        )


def scored(
    signals: Floats, texts: list[str], judge: Bools, tuning: Bools, teaching: Bools
) -> dict[str, Floats]:
    """A score per way, higher where the judge is likelier to say yes."""
    p = np.clip(signals, 1e-4, 1 - 1e-4)
    logits = np.log(p / (1 - p))
    harms = len(HARM_KEYS)
    apart = np.abs(logits[:, :harms] - logits[:, harms:]) if logits.shape[1] > harms else logits[:, :0]
    richer = np.hstack([signals, logits, np.log1p([[len(text)] for text in texts]), apart])
    blend = fit_blend([str(n) for n in range(signals.shape[1])], signals[tuning], judge[tuning])
    pieces = _pieces(texts)
    taught = _by_folds(_linear(10.0), pieces, judge, tuning)
    well = _linear(10.0).fit(pieces[teaching], judge[teaching]).decision_function(pieces)
    trees = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=8, learning_rate=0.08, min_samples_leaf=30, random_state=0
    )
    return {
        "fixed": signals.max(axis=1),
        "blend": blend.scores(signals),
        "calibrated": _fitted(logits, judge, tuning),
        "richer": _fitted(richer, judge, tuning),
        "trees": _by_folds(trees, richer, judge, tuning),
        "taught": _fitted(np.column_stack([richer, taught]), judge, tuning),
        "well taught": _fitted(np.column_stack([richer, well]), judge, tuning),
    }


def interval(truth: Bools, judge: Bools, verdicts: Bools) -> tuple[float, float]:
    """Percentile bootstrap of the share of the judge's F1."""
    chance = np.random.default_rng(0)
    drawn = chance.integers(0, len(truth), (DRAWS, len(truth)))
    ratios = [f1_of(truth[one], verdicts[one]) / f1_of(truth[one], judge[one]) for one in drawn]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def _linear(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=2_000, solver="liblinear")


def _pieces(texts: list[str]) -> Any:
    """Letter pieces, which need no words: Chinese has none between blanks."""
    return HashingVectorizer(
        analyzer="char", ngram_range=(1, 5), n_features=2**18, alternate_sign=False
    ).transform(texts)


def _fitted(x: Floats, judge: Bools, tuning: Bools) -> Floats:
    spread = (x - x[tuning].mean(axis=0)) / (x[tuning].std(axis=0) + 1e-9)
    found: Floats = _linear(0.3).fit(spread[tuning], judge[tuning]).decision_function(spread)
    return found


def _by_folds(model: Any, x: Any, judge: Bools, tuning: Bools) -> Floats:
    """Scores of texts by what other texts taught."""
    found = np.zeros(len(judge))
    how = "decision_function" if hasattr(model, "decision_function") else "predict_proba"
    told = cross_val_predict(model, x[tuning], judge[tuning], cv=FOLDS, method=how)
    fitted = model.fit(x[tuning], judge[tuning])
    rest = getattr(fitted, how)(x[~tuning])
    found[tuning], found[~tuning] = (one if one.ndim == 1 else one[:, 1] for one in (told, rest))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
