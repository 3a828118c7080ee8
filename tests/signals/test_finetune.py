"""How the text-risk model is made: pieces that are kept, the exported encoder against plain arithmetic,
calibration.

Training itself needs torch and is tried where weights are made; everything around it is tried here.
"""

import math

import numpy as np
import onnxruntime
import pytest
import sentencepiece
from numpy.typing import NDArray

from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.text_risk.calibration import FEWEST, THRESHOLD_RANGE, calibrated, thresholds
from tidegate.signals.text_risk.finetune.base import Base
from tidegate.signals.text_risk.finetune.batches import (
    FILLING,
    Texts,
    filled,
    hidden,
    joined,
    like_lengths,
)
from tidegate.signals.text_risk.finetune.export import encoder_file
from tidegate.signals.text_risk.finetune.resume import encoder_of
from tidegate.signals.text_risk.finetune.vocabulary import SPECIAL, UNKNOWN, kept_pieces, piece_model
from tidegate.signals.text_risk.model import OTHER, Head
from tidegate.signals.text_risk.pieces import WINDOW

Floats = NDArray[np.float32]
WIDTH, INNER, LAYERS, HEADS, WORDS = 16, 32, 2, 4, 50
LAYER_PARTS = [f"{part}.{kind}" for part in ("q", "k", "v", "ao", "fi", "fo", "aln", "oln") for kind in "wb"]


def random_arrays(seed: int) -> dict[str, Floats]:
    chance = np.random.default_rng(seed)

    def some(*shape: int) -> Floats:
        return chance.normal(scale=0.3, size=shape).astype(np.float32)

    arrays = {
        "word": some(WORDS, WIDTH),
        "pos": some(20, WIDTH),
        "eln.w": some(WIDTH) + 1,
        "eln.b": some(WIDTH),
    }
    sizes = {"qkv": (3 * WIDTH, WIDTH), "ao": (WIDTH, WIDTH), "fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}
    for layer in range(LAYERS):
        for part, (outputs, inputs) in sizes.items():
            arrays |= {f"l{layer}.{part}.w": some(outputs, inputs), f"l{layer}.{part}.b": some(outputs)}
        for part in ("aln", "oln"):
            arrays |= {f"l{layer}.{part}.w": some(WIDTH) + 1, f"l{layer}.{part}.b": some(WIDTH)}
    return arrays


def by_hand(arrays: dict[str, Floats], ids: list[int]) -> Floats:
    """The encoder in plain NumPy, as the papers write it."""

    def norm(x: Floats, name: str) -> Floats:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
        return (x - x.mean(axis=-1, keepdims=True)) / spread * arrays[f"{name}.w"] + arrays[f"{name}.b"]

    def product(x: Floats, name: str) -> Floats:
        return x @ arrays[f"{name}.w"].T + arrays[f"{name}.b"]

    x = norm(arrays["word"][ids] + arrays["pos"][: len(ids)], "eln")
    for layer in range(LAYERS):
        parts = np.split(product(x, f"l{layer}.qkv"), 3, axis=1)
        q, k, v = (part.reshape(len(ids), HEADS, -1).transpose(1, 0, 2) for part in parts)
        weight = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(WIDTH / HEADS))
        mixed = (weight / weight.sum(axis=-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), WIDTH)
        x = norm(x + product(mixed, f"l{layer}.ao"), f"l{layer}.aln")
        inner = product(x, f"l{layer}.fi")
        gelu = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + product(gelu, f"l{layer}.fo"), f"l{layer}.oln")
    return np.concatenate([x.mean(axis=0), x.max(axis=0)])


@pytest.mark.parametrize("seed", range(3))
def test_the_exported_encoder_computes_what_the_papers_say(seed: int) -> None:
    arrays = random_arrays(seed)
    session = onnxruntime.InferenceSession(encoder_file(arrays, LAYERS, HEADS))
    for ids in ([0, 7, 2], [0, *range(4, 16), 2]):
        (found,) = session.run(None, {"ids": np.array([ids])})
        exact = by_hand(arrays, ids)
        # Eight bits: within a few hundredths of the numbers' own spread.
        assert np.abs(found[0] - exact).max() < 0.1 * exact.std()


def test_the_same_arrays_give_the_same_file() -> None:
    assert encoder_file(random_arrays(1), LAYERS, HEADS) == encoder_file(random_arrays(1), LAYERS, HEADS)


def test_a_file_gives_back_what_it_was_made_of_so_that_training_can_go_on() -> None:
    file = encoder_file(random_arrays(2), LAYERS, HEADS)
    base = encoder_of(file)
    assert (base.layers, base.heads) == (LAYERS, HEADS)
    again = {"word": base.tensors["word"], "pos": base.tensors["pos"]}
    again |= {f"eln.{kind}": base.tensors[f"eln_{kind}"] for kind in "wb"}
    for layer in range(LAYERS):
        of = {name: base.tensors[f"l{layer}.{name}"] for name in LAYER_PARTS}
        joined_up = {
            f"qkv.{kind}": np.concatenate([of.pop(f"{part}.{kind}") for part in "qkv"]) for kind in "wb"
        }
        again |= {f"l{layer}.{name}": value for name, value in (of | joined_up).items()}
    assert encoder_file(again, base.layers, base.heads) == file


def little_base() -> Base:
    letters = [f"▁{letter}" for letter in "abcdefgh"] + list("abcdefgh")
    pieces = (*SPECIAL, "▁head", "▁bead", "ad", *letters, "ad", "<mask>")
    scores = np.concatenate([np.zeros(4), [-3, -3, -4], np.full(len(letters), -6.0), [-9, 0]])
    return Base(pieces, scores.astype(np.float32), LAYERS, HEADS, {})


def test_pieces_that_texts_use_are_kept_and_letters_first_of_all() -> None:
    base = little_base()
    kept = kept_pieces(base, ["head head head", "bead", "cab"], 8)
    names = [base.pieces[i] for i in kept]
    assert tuple(names[:4]) == SPECIAL
    assert {"▁c", "a", "b"} < set(names)
    assert "▁head" in names
    assert "▁bead" not in names


def test_a_word_that_lost_its_piece_falls_apart_and_strange_signs_are_unknown() -> None:
    base = little_base()
    kept = np.array([i for i, piece in enumerate(base.pieces[:-2]) if piece != "▁bead"])
    pieces = sentencepiece.SentencePieceProcessor(model_proto=piece_model(base, kept))
    assert pieces.encode("head", out_type=str) == ["▁head"]
    assert pieces.encode("bead", out_type=str) == ["▁b", "e", "ad"]
    assert pieces.encode("ｈｅａｄ", out_type=str) == ["▁head"]
    assert UNKNOWN in pieces.encode("z")


def some_texts() -> Texts:
    labels = np.array([[1.0, 0], [0, 0], [np.nan, 0], [0, np.nan]], np.float32)
    ids = [np.arange(10, 10 + n) for n in (3, 9, 5, 4)]
    return Texts(ids, labels, np.ones(4, np.float32), np.zeros(4, np.int64), np.zeros(4, np.int64))


def test_batches_hold_every_text_once_and_keep_to_their_size() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 500)
    for chance in (None, np.random.default_rng(1)):
        batches = like_lengths(lengths, np.arange(500), 300, chance)
        assert sorted(np.concatenate(batches)) == list(range(500))
        assert all(lengths[batch].max() * len(batch) <= 300 for batch in batches)


def test_filling_is_marked_and_no_mark_or_filling_is_ever_hidden() -> None:
    ids, seen = filled([np.array([10, 11]), np.array([12])])
    assert ids.tolist() == [[0, 10, 11, 2], [0, 12, 2, FILLING]]
    assert seen.tolist() == [[True] * 4, [True, True, True, False]]
    assert hidden(ids, seen, 1.0, np.random.default_rng(0)).tolist() == [
        [0, UNKNOWN, UNKNOWN, 2],
        [0, UNKNOWN, 2, FILLING],
    ]


def test_joined_texts_are_harmful_if_either_is_and_unknown_if_that_cannot_be_told() -> None:
    texts = some_texts()
    # With this seed each is joined with the other, and none with itself.
    found = joined(texts, np.array([0, 2]), 1.0, np.random.default_rng(6))
    assert [len(ids) for ids in found.ids] == [8, 8]
    np.testing.assert_array_equal(found.labels, [[1, 0], [1, 0]])
    found = joined(texts, np.array([1, 2]), 1.0, np.random.default_rng(6))
    assert [len(ids) for ids in found.ids] == [14, 14]
    np.testing.assert_array_equal(found.labels, [[np.nan, 0], [np.nan, 0]])


def test_texts_that_are_not_joined_are_as_they_were_and_no_longer_than_a_window() -> None:
    texts = some_texts()
    found = joined(texts, np.array([3, 1]), 0.0, np.random.default_rng(0))
    assert [len(ids) for ids in found.ids] == [4, 9]
    np.testing.assert_array_equal(found.labels, texts.labels[[3, 1]])
    long = Texts(
        [np.arange(4, 400)],
        *(column[:1] for column in (texts.labels, texts.weights, texts.sets, texts.languages)),
    )
    assert len(joined(long, np.array([0]), 0.0, np.random.default_rng(0)).ids[0]) == WINDOW


LANGUAGES = ("en", "zh", "de", OTHER)


def plain_head() -> Head:
    """One harm's score is a probability's log-odds, as nothing is fitted yet."""
    harms = len(HARM_KEYS)
    ones = np.ones((len(LANGUAGES), harms), np.float32)
    return Head(HARM_KEYS, LANGUAGES, np.ones((harms, 2), np.float32), ones[0], ones, ones, -ones, ones[0])


def posts(
    chance: np.random.Generator, n: int, share: float, slope: float
) -> tuple[Floats, NDArray[np.float64]]:
    """Scores and labels of one harm: the odds that a score s tells are e^(slope s) times those of `share`."""
    harms = len(HARM_KEYS)
    scores, labels = np.zeros((n, harms), np.float32), np.full((n, harms), np.nan)
    labels[:, 0] = chance.random(n) < share
    scores[:, 0] = np.where(labels[:, 0] == 1, 0.5, -0.5) * slope + chance.normal(size=n)
    return scores, labels


def test_calibrated_probabilities_are_right_per_language_for_texts_as_they_are() -> None:
    chance = np.random.default_rng(4)
    english, chinese = posts(chance, 20_000, 0.3, 2.0), posts(chance, 20_000, 0.5, 1.0)
    scores, labels = (np.concatenate(both) for both in zip(english, chinese, strict=True))
    languages = ["en"] * 20_000 + ["zh"] * 20_000
    weights = np.where(np.array(languages) == "en", 1.0, 5.0)
    p = calibrated(plain_head(), scores, labels, weights, languages).probabilities(scores, languages)[:, 0]
    for language in ("en", "zh"):
        for low, high in ((0.2, 0.4), (0.6, 0.8)):
            here = (np.array(languages) == language) & (p > low) & (p < high)
            assert labels[here, 0].mean() == pytest.approx(p[here].mean(), abs=0.03)


def test_one_half_decides_as_in_a_mix_with_a_third_of_harm_and_only_there_are_probabilities_moved() -> None:
    # Given one harmful text in twenty, so that texts between both decisions are many.
    scores, labels = posts(np.random.default_rng(5), 40_000, 0.05, 2.0)
    languages = ["en"] * len(scores)
    fitted = calibrated(plain_head(), scores, labels, np.ones(len(scores)), languages)
    p = fitted.probabilities(scores, languages)[:, 0]
    # Then what decides is the score whose odds are even where harm is a third, e^(2 s) / 2 ...
    decision = fitted.decision[0, 0]
    assert decision == pytest.approx(math.log(2) / 2, abs=0.05)
    np.testing.assert_array_equal(p >= 0.5, scores[:, 0] >= decision)
    # ... the order of texts stays, and so do odds of e^(2 s) / 19 wherever they agree with the decision.
    assert (np.diff(p[np.argsort(scores[:, 0])]) >= 0).all()
    exact = 1 / (1 + 19 * np.exp(-2 * scores[:, 0]))
    agrees = (exact >= 0.5) == (p >= 0.5)
    np.testing.assert_allclose(p[agrees], exact[agrees], atol=0.03)
    assert (~agrees).sum() > 1_000
    assert (p[~agrees] < 0.53).all()


def test_a_line_that_decides_by_itself_is_a_plain_sigmoid() -> None:
    head = plain_head()
    scores = np.random.default_rng(6).normal(size=(50, len(HARM_KEYS))).astype(np.float32) * 5
    p = head.probabilities(scores, ["en"] * 50)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-(scores + 1))), rtol=1e-5)
    assert np.isnan(head.probabilities(np.full((1, len(HARM_KEYS)), np.nan, np.float32), [None])).all()


def test_a_language_with_few_texts_decides_like_all_and_leans_on_their_line() -> None:
    chance = np.random.default_rng(0)
    common, other = posts(chance, 40 * FEWEST, 0.4, 1.0), posts(chance, FEWEST, 0.4, 3.0)

    def line(german: int) -> tuple[Head, float]:
        scores, labels = (np.concatenate([one, two[:german]]) for one, two in zip(common, other, strict=True))
        languages = ["en"] * len(common[0]) + ["de"] * german
        head = calibrated(plain_head(), scores, labels, np.ones(len(scores)), languages)
        return head, float(head.slope[2, 0])

    head, few = line(8)
    assert head.decision[2, 0] == head.decision[3, 0]
    assert head.slope[2, 0] != head.slope[3, 0]
    _, none = line(0)
    _, many = line(FEWEST)
    assert none < few < many
    assert none == pytest.approx(1.0, abs=0.1)
    assert many == pytest.approx(3.0, abs=0.8)


def test_a_threshold_is_where_one_in_a_hundred_harmless_texts_would_alarm() -> None:
    p = np.linspace(0, 1, 1001, dtype=np.float32)[:, None]
    harmless = np.zeros((1001, 1))
    assert thresholds(p * 0.7, harmless)[0] == pytest.approx(0.693, abs=0.001)
    assert thresholds(p * 0.1, harmless)[0] == np.float32(THRESHOLD_RANGE[0])
    assert thresholds(p, harmless)[0] == np.float32(THRESHOLD_RANGE[1])
    assert thresholds(p, harmless, (0.1, 0.9))[0] == np.float32(0.9)
