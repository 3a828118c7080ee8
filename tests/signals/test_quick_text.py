"""The quick text model: what it reads, what it promises about its weights, and how it is trained."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.signals.training_data import DATA, needs_data

from tidegate.errors import SignalError
from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.prepare import prepared
from tidegate.signals.quick_text.features import batch_of, neighbour_hashes, piece_hashes, tokens_of
from tidegate.signals.quick_text.model import BATCH_CHARACTERS, WEIGHTS, WINDOW, QuickTextModel, load_model
from tidegate.signals.text_corpus.corpus import (
    AUTHORED,
    RECIPE,
    authored_frame,
    load_corpus,
    load_recipe,
    variants,
)


@pytest.fixture(scope="module")
def model() -> QuickTextModel:
    return load_model()


def words_of(text: str) -> list[str]:
    batch = batch_of([text])
    tokens = tokens_of(batch)
    return [text[s : s + n] for s, n in zip(tokens.start, tokens.length, strict=True)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("two words", ["two", "words"]),
        ("don't stop-now_ok", ["don", "t", "stop", "now", "ok"]),
        ("今天ok吗", ["今", "天", "ok", "吗"]),
        ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        ("مرحبا بك", ["مرحبا", "بك"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("wow😀😀", ["wow", "😀", "😀"]),
        ("  !? ", []),
        ("", []),
    ],
)
def test_a_token_is_a_word_an_ideograph_or_an_emoji(text: str, tokens: list[str]) -> None:
    assert words_of(text) == tokens


def test_a_token_never_reaches_into_the_next_text() -> None:
    tokens = tokens_of(batch_of(["ab", "", "cd", "", ""]))
    assert (tokens.text.tolist(), tokens.start.tolist(), tokens.length.tolist()) == ([0, 2], [0, 2], [2, 2])


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=5), st.integers(0, 4))
def test_features_do_not_depend_on_the_rest_of_the_batch(texts: list[str], pick: int) -> None:
    def features(batch_texts: list[str], which: int) -> list[int]:
        batch = batch_of(batch_texts)
        tokens = tokens_of(batch)
        found = tokens.hash[tokens.text == which].tolist()
        for hashes, owner in piece_hashes(batch, tokens.start, tokens.length):
            found += hashes[tokens.text[owner] == which].tolist()
        for hashes, token in neighbour_hashes(tokens):
            found += hashes[tokens.text[token] == which].tolist()
        return sorted(found)

    which = pick % len(texts)
    assert features(texts, which) == features([texts[which]], 0)


def test_preparation_drops_addresses_and_mentions_and_undoes_disguises() -> None:
    assert prepared(["@User l00k &amp; see https://x.example/a ＮＯＷ"])[0].split() == [
        "look",
        "&",
        "see",
        "now",
    ]


def test_probabilities_have_one_row_per_text_and_are_probabilities(model: QuickTextModel) -> None:
    found = model.probabilities(["A quiet day.", "", "今天很好"])
    assert found.shape == (3, len(HARM_KEYS))
    assert np.isnan(found[1]).all()
    assert ((found[[0, 2]] >= 0) & (found[[0, 2]] <= 1)).all()


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=40), max_size=6))
def test_a_score_does_not_depend_on_the_rest_of_the_batch(model: QuickTextModel, texts: list[str]) -> None:
    together = model.probabilities(texts)
    alone = [model.probabilities([text])[0] for text in texts]
    np.testing.assert_allclose(together, np.array(alone).reshape(together.shape), atol=1e-5)


def test_disguised_words_score_like_plain_ones(model: QuickTextModel) -> None:
    plain, disguised = model.probabilities(["you stupid idiot", "you ｓｔｕｐｉｄ 1d\u200biot"])
    np.testing.assert_allclose(plain[HARM_KEYS.index("harassment")], 1, atol=0.5)
    assert plain.argmax() == disguised.argmax() or abs(plain.max() - disguised.max()) < 0.3


def test_the_worst_window_of_a_long_text_counts(model: QuickTextModel) -> None:
    harmless = "The library opens at nine in the morning. " * (3 * WINDOW // 40)
    insult = "You are a stupid worthless idiot. " * (WINDOW // 34)
    harm = HARM_KEYS.index("harassment")
    calm, mixed = model.probabilities([harmless, harmless + insult + harmless])[:, harm]
    assert calm < 0.3
    assert mixed > 0.5


def test_memory_is_bounded_by_characters_not_texts(model: QuickTextModel) -> None:
    import tracemalloc

    text = "word " * (3 * BATCH_CHARACTERS // 5)
    model.probabilities(["warm up " * 1000])
    tracemalloc.start()
    model.probabilities([text])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500 * BATCH_CHARACTERS


def test_the_weights_are_small_and_verified(tmp_path: Path) -> None:
    assert WEIGHTS.stat().st_size <= 5_000_000
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


def test_scoring_needs_neither_scipy_nor_scikit_learn() -> None:
    code = (
        "import sys; from tidegate.signals.quick_text.model import load_model;"
        "load_model().probabilities(['hello']);"
        "print({'scipy', 'sklearn', 'duckdb'} & {name.partition('.')[0] for name in sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_the_recipe_refuses_a_licence_that_forbids_shipping(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        RECIPE.read_text(encoding="utf-8").replace('"CC0-1.0"', '"CC-BY-SA-4.0"'), encoding="utf-8"
    )
    with pytest.raises(SignalError, match=r"under CC-BY-SA-4\.0, so its weights may not be shipped"):
        load_recipe(recipe)


def test_the_recipe_refuses_an_unknown_harm(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        RECIPE.read_text(encoding="utf-8").replace("\nhate = ", "\nhat = ", 1), encoding="utf-8"
    )
    with pytest.raises(SignalError) as caught:
        load_recipe(recipe)
    assert "Did you mean 'hate'?" in str(caught.value)


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="the set 'davidson' is not there"):
        load_corpus(load_recipe(RECIPE), tmp_path)


def test_an_authored_line_without_a_sign_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hate.en.txt"
    path.write_text("# fine\n- fine\nnot fine\n", encoding="utf-8")
    with pytest.raises(SignalError) as caught:
        authored_frame(path, 2)
    assert "hate.en.txt:3" in str(caught.value)


def test_templates_are_filled_in_differently_and_always_the_same_way() -> None:
    found = variants("{a|b} and {c|d}", 3)
    assert found == variants("{a|b} and {c|d}", 3)
    assert len(set(found)) == 3
    assert variants("no slots", 8) == ["no slots"]


def test_every_harm_has_authored_texts_of_both_kinds_in_english_and_chinese() -> None:
    for harm in HARM_KEYS:
        for language in ("en", "zh"):
            frame = authored_frame(AUTHORED / f"{harm}.{language}.txt", 2)
            assert frame[harm].sum() >= 15, (harm, language)
            assert (~frame[harm]).sum() >= 15, (harm, language)


def test_variants_of_a_template_stay_in_one_split() -> None:
    frame = authored_frame(AUTHORED / "ordinary.en.txt", 8)
    assert 1 < frame["split"].n_unique() <= 3
    train, rest = frame.filter(pl.col("split") == "train"), frame.filter(pl.col("split") != "train")
    assert not set(train["text"]) & set(rest["text"])


@needs_data
@pytest.mark.slow
def test_no_text_is_in_two_splits_and_unlabelled_harms_are_null() -> None:
    corpus, sources = load_corpus(load_recipe(RECIPE), DATA)
    assert (
        corpus.filter(~pl.col("set").str.starts_with("authored"))
        .group_by("text")
        .agg(pl.col("split").n_unique())["split"]
        .max()
        == 1
    )
    assert corpus.filter(pl.col("set") == "edos")["sexual"].null_count() > 0
    assert {source.licence for source in sources} <= {"MIT", "CC0-1.0", "CC-BY-4.0", "Apache-2.0"}


@needs_data
@pytest.mark.slow
def test_training_is_repeatable_and_its_model_learns(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="needs the extra `train`")
    from tidegate.signals.card import card
    from tidegate.signals.quick_text.train import train

    recipe = tmp_path / "recipe.toml"
    text = (
        RECIPE.read_text(encoding="utf-8")
        .replace("bits = 20", "bits = 16")
        .replace("iterations = ", "iterations = 10 # ")
    )
    start, end = text.index("[set.hatexplain]"), text.index("[authored]")
    recipe.write_text(text[:start] + text[end:], encoding="utf-8")
    first = train(DATA, tmp_path / "a", recipe=recipe)
    second = train(DATA, tmp_path / "b", recipe=recipe)
    assert (
        hashlib.sha256(first.path.read_bytes()).digest() == hashlib.sha256(second.path.read_bytes()).digest()
    )
    rows = [
        line.split(" | ")
        for line in card(first.model, first.corpus, first.sources).splitlines()
        if line.startswith("| Harassment and bullying")
    ]
    assert max(float(row[4]) for row in rows) > 0.8


@needs_data
@pytest.mark.slow
def test_ordinary_posts_seldom_alarm(model: QuickTextModel) -> None:
    posts = pl.read_parquet(DATA / "text_context_toxicity_small.parquet").filter(
        pl.col("label_with_context") == 0
    )
    assert (np.nanmax(model.probabilities(posts["text"].to_list()), axis=1) >= 0.5).mean() < 0.05
