"""The text-risk model: what it promises about texts of any length and kind, and about its file."""

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.training_data import DATA, needs_data

from tidegate.errors import SignalError
from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.card import labels_of
from tidegate.signals.reliability import calibration_error, error_by_chance
from tidegate.signals.text_corpus.corpus import RECIPE, load_corpus, load_recipe
from tidegate.signals.text_risk.model import TextRiskModel
from tidegate.signals.text_risk.pieces import MOST_WINDOWS, STRIDE, WINDOW, windows_of
from tidegate.signals.text_risk.recalibrate import recalibrate
from tidegate.signals.text_risk.weights import (
    ENCODER,
    WEIGHTS,
    head_of,
    load_model,
    packed,
    parts_of,
    save_model,
)

HARASSMENT = HARM_KEYS.index("harassment")


@pytest.fixture(scope="module")
def model() -> TextRiskModel:
    return load_model()


def test_probabilities_have_one_row_per_text_and_are_probabilities(model: TextRiskModel) -> None:
    found = model.probabilities(["A quiet day.", "", " \u200b\n", "今天很好"])
    assert found.shape == (4, len(HARM_KEYS))
    assert np.isnan(found[[1, 2]]).all()
    assert ((found[[0, 3]] >= 0) & (found[[0, 3]] <= 1)).all()
    assert model.probabilities([]).shape == (0, len(HARM_KEYS))


@settings(deadline=None, max_examples=30)
@given(texts=st.lists(st.text(max_size=40), max_size=5))
def test_a_score_is_the_same_whatever_else_is_in_the_batch(model: TextRiskModel, texts: list[str]) -> None:
    together = model.probabilities(texts)
    alone = [model.probabilities([text])[0] for text in texts]
    np.testing.assert_array_equal(together, np.array(alone, np.float32).reshape(together.shape))


def test_a_text_that_is_sent_a_thousand_times_is_read_once(model: TextRiskModel) -> None:
    features, first = model.features(["the same words"] * 1000)
    assert len(features) == 1000
    assert (features == features[0]).all()
    assert first.tolist() == list(range(1001))


def test_disguised_words_score_like_plain_ones(model: TextRiskModel) -> None:
    plain, disguised = model.probabilities(["you stupid idiot", "you ｓｔｕｐｉｄ 1d\u200biot"])
    np.testing.assert_allclose(plain, disguised, atol=0.15)
    assert min(plain[HARASSMENT], disguised[HARASSMENT]) > 0.85


def test_what_is_said_of_a_word_matters_and_not_the_word_alone(model: TextRiskModel) -> None:
    insult, defence = model.probabilities(
        ["You are a stupid, worthless idiot.", "Nobody should ever call you a stupid, worthless idiot."]
    )[:, HARASSMENT]
    assert insult > defence


def test_windows_overlap_cover_the_text_and_are_bounded(model: TextRiskModel) -> None:
    short, two, endless = windows_of(["word", "word " * 300, "word " * 100_000], model.pieces)
    assert [window.shape for window in short] == [(1, 3)]
    assert [window.shape[1] for window in two] == [WINDOW + 2, 300 - STRIDE + 2]
    assert len(endless) == MOST_WINDOWS
    assert windows_of([""], model.pieces) == [[]]


def test_the_worst_window_of_a_long_text_counts(model: TextRiskModel) -> None:
    harmless = "The library opens at nine in the morning. " * 60
    insult = "You are a stupid worthless idiot and everybody hates you. " * 25
    calm, mixed = model.probabilities([harmless, harmless + insult + harmless])[:, HARASSMENT]
    assert calm < 0.5 < mixed


def test_the_weights_are_small_and_verified(tmp_path: Path) -> None:
    assert WEIGHTS.stat().st_size <= 30_000_000
    for name in (WEIGHTS.name, WEIGHTS.with_suffix(".sha256").name):
        shutil.copy(WEIGHTS.with_name(name), tmp_path)
    copy = tmp_path / WEIGHTS.name
    assert load_model(copy).version == load_model().version
    data = bytearray(copy.read_bytes())
    data[1000] ^= 1
    copy.write_bytes(data)
    with pytest.raises(SignalError, match="not the ones that their checksum names"):
        load_model(copy)
    copy.with_suffix(".sha256").unlink()
    with pytest.raises(SignalError, match="cannot be read"):
        load_model(copy)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(ENCODER, b"not a network")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".sha256").write_text(f"{digest}  mine.zip\n", encoding="ascii")
    with pytest.raises(SignalError, match="this is no text-risk model"):
        load_model(path)


def test_a_model_that_is_written_again_is_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / WEIGHTS.name
    save_model(path, *parts_of(WEIGHTS))
    assert path.read_bytes() == WEIGHTS.read_bytes()


def test_a_head_from_before_decisions_were_kept_apart_decides_where_its_line_is_even() -> None:
    head = parts_of(WEIGHTS)[2]
    former = io.BytesIO()
    with np.load(io.BytesIO(packed(head))) as arrays:
        np.savez(former, **{name: arrays[name] for name in arrays if name != "decision"})
    read = head_of(former.getvalue())
    scores = np.random.default_rng(0).normal(size=(100, len(HARM_KEYS))).astype(np.float32) * 4
    english = HARM_KEYS.index("hate"), head.groups.index("en")
    line = head.slope[english[::-1]] * scores[:, english[0]] + head.shift[english[::-1]]
    found = read.probabilities(scores, ["en"] * 100)[:, english[0]]
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-line)), rtol=1e-4)
    assert (found >= 0.5).sum() < (head.probabilities(scores, ["en"] * 100)[:, english[0]] >= 0.5).sum()


def test_scoring_needs_neither_torch_nor_scipy() -> None:
    code = (
        "import sys; from tidegate.signals.text_risk.weights import load_model;"
        "load_model().probabilities(['hello']);"
        "print({'torch', 'scipy', 'sklearn', 'onnx'} & {name.partition('.')[0] for name in sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_recalibrating_reads_tuning_texts_alone_and_leaves_transformer_and_weights(tmp_path: Path) -> None:
    shutil.copytree(WEIGHTS.parent, tmp_path / "mine")
    path = tmp_path / "mine" / WEIGHTS.name
    texts = [f"{what} number {n}." for what in ("A quiet day", "You stupid idiot") for n in range(12)]
    labels = {harm: pl.Series([None] * 24, dtype=pl.Boolean) for harm in HARM_KEYS}
    labels["harassment"] = pl.Series([n >= 12 for n in range(24)])
    corpus = pl.DataFrame({"text": texts, **labels, "weight": 1.0, "split": "tune"})
    recalibrate(path, corpus)
    alone, before, after = path.read_bytes(), parts_of(WEIGHTS), parts_of(path)
    assert before[:2] == after[:2]
    np.testing.assert_array_equal(before[2].weights, after[2].weights)
    assert (before[2].slope != after[2].slope).any()
    others = corpus.with_columns(~pl.col("harassment"), split=pl.lit("test"))
    recalibrate(path, pl.concat([corpus, others]))
    assert path.read_bytes() == alone


@needs_data
@pytest.mark.slow
def test_what_is_said_of_hate_and_harassment_is_what_people_found(model: TextRiskModel) -> None:
    corpus = load_corpus(load_recipe(RECIPE), DATA)[0]
    for language in ("en", "zh"):
        kept = pl.col("split") == "test", pl.col("language") == language
        texts = corpus.filter(*kept).gather_every(4)
        found, said = labels_of(texts), model.probabilities(texts["text"].to_list()).astype(float)
        for harm in map(HARM_KEYS.index, ("hate", "harassment")):
            known = ~np.isnan(found[:, harm]) & ~np.isnan(said[:, harm])
            y, p = found[known, harm], said[known, harm]
            assert calibration_error(y, p) <= 0.03 + error_by_chance(p)[0]
