"""Which words moved a score: held against the models themselves, with the weights that ship."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals import build_detectors
from tidegate.signals.influence import MOST, Explains, Influence
from tidegate.signals.places import places
from tidegate.signals.prepare import prepared
from tidegate.signals.quick_text.influence import score_shares
from tidegate.signals.quick_text.model import QuickTextModel
from tidegate.signals.quick_text.model import load_model as load_quick
from tidegate.signals.text_risk.influence import MOST_RUNS

INSULT = "You are a stupid, worthless idiot and everybody hates you."
HARSH = {"stupid", "worthless", "idiot", "hates"}


@pytest.fixture(scope="module")
def detectors() -> dict[str, Explains]:
    return build_detectors({"quick": {}, "text": {}}, base=Path("."))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def quick() -> QuickTextModel:
    return load_quick()


def strongest(detector: Explains, text: str, harm: str = "harassment") -> list[str]:
    found = detector.influence(text, [harm])
    return [text[begin:end] for begin, end in found.strongest(harm)]


def probability(detector: Explains, text: str, harm: str = "harassment") -> float:
    frame = detector.detect(pl.DataFrame({"text": [text]}))  # type: ignore[attr-defined]
    return float(frame[f"{detector.spec.name}.{harm}"][0])  # type: ignore[attr-defined]


@settings(deadline=None, max_examples=30)
@given(text=st.one_of(st.text(max_size=80), st.text("abcd e你好坏.😀&@", max_size=60)))
def test_the_shares_of_the_quick_model_add_up_to_its_score(quick: QuickTextModel, text: str) -> None:
    scores, _ = quick.scores([text])
    shares, spans = score_shares(quick, text)
    assert len(shares) == len(spans)
    assert all(0 <= begin <= end <= len(text) for begin, end in spans)
    if np.isnan(scores).any():
        assert spans == []
    else:
        np.testing.assert_allclose(shares.sum(axis=0), scores[0], atol=1e-3)


def test_the_shares_of_a_long_text_are_those_of_its_worst_window(quick: QuickTextModel) -> None:
    text = "The library opens at nine in the morning. " * 60 + INSULT
    np.testing.assert_allclose(
        score_shares(quick, text)[0].sum(axis=0), quick.scores([text])[0][0], atol=1e-3
    )


@pytest.mark.parametrize("name", ["quick", "text"])
def test_the_words_that_insult_are_what_an_insult_goes_by(detectors: dict[str, Explains], name: str) -> None:
    words = strongest(detectors[name], INSULT)
    assert words
    assert len(words) <= MOST
    assert len(HARSH & set(words)) >= min(2, len(words))


@pytest.mark.parametrize("name", ["quick", "text"])
def test_leaving_these_words_out_lowers_the_score_more_than_leaving_out_others(
    detectors: dict[str, Explains], name: str
) -> None:
    detector = detectors[name]
    texts = [
        INSULT,
        "You are a liar and a disgusting pig.",
        "Du bist ein dummer Idiot.",
        "你真是个白痴，滚开。",
    ]
    drops = []
    for text in texts:
        found = detector.influence(text, ["harassment"])
        chosen = found.strongest("harassment")
        rest = [(int(a), int(b)) for a, b in found.spans if not any(c <= a < d for c, d in chosen)]
        without = "".join(c for i, c in enumerate(text) if not any(a <= i < b for a, b in chosen))
        others = "".join(c for i, c in enumerate(text) if not any(a <= i < b for a, b in rest[: len(chosen)]))
        whole = probability(detector, text)
        assert whole > 0.5
        drops.append((whole - probability(detector, without), whole - probability(detector, others)))
    assert all(named > other for named, other in drops), drops
    assert min(named for named, _ in drops) > 0.2


@pytest.mark.parametrize("name", ["quick", "text"])
def test_a_disguised_word_is_marked_as_it_was_written(detectors: dict[str, Explains], name: str) -> None:
    words = strongest(detectors[name], "See www.example.com &amp; know: you ｓｔｕｐｉｄ 1d\u200biot")
    assert {"ｓｔｕｐｉｄ", "1d\u200biot"} & set(words)


def test_chinese_is_marked_by_the_pieces_that_the_model_reads(detectors: dict[str, Explains]) -> None:
    text = "你真是个白痴，滚开。"
    found = detectors["text"].influence(text, ["harassment"])
    read = [text[begin:end] for begin, end in found.spans]
    assert "".join(read) == text.replace("，", "").replace("。", "")
    assert 4 <= len(read) < 8  # 真是 is one piece
    assert strongest(detectors["text"], text)


@pytest.mark.parametrize("name", ["quick", "text"])
@pytest.mark.parametrize("text", ["", " \u200b\n", "!!!", "😀", "idiot", "@someone https://example.com"])
def test_a_text_of_no_or_one_word_has_an_answer(detectors: dict[str, Explains], name: str, text: str) -> None:
    found = detectors[name].influence(text, ["harassment", "hate"])
    assert found.effects.shape == (len(found.spans), 2)
    assert np.isfinite(found.effects).all()


@pytest.mark.parametrize("sentences", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_what_a_long_text_costs_is_bounded_and_its_worst_window_is_what_is_told(
    detectors: dict[str, Explains], sentences: int
) -> None:
    calm = "The library opens at nine in the morning. " * sentences
    text = calm + INSULT + " " + calm
    found = detectors["text"].influence(text, ["harassment"])
    assert len(found.spans) <= MOST_RUNS
    (best, *_) = found.spans[np.argsort(-found.effects[:, 0])]
    assert text.index(INSULT) <= best[1]
    assert best[0] <= text.index(INSULT) + len(INSULT)


def test_only_what_raises_a_score_is_strong() -> None:
    def told(effects: Sequence[float]) -> list[tuple[int, int]]:
        spans = np.array([(3 * at, 3 * at + 2) for at in range(len(effects))], np.int64)
        return Influence(("hate",), spans, np.array(effects, np.float32)[:, None]).strongest("hate")

    assert told([]) == told([0.1, -3.0]) == []
    assert told([2.0, 0.3, 0.9, -1.0]) == [(0, 2), (6, 8)]
    assert len(told([1.0] * 20)) == MOST
    together = Influence(("hate",), np.array([(0, 1), (1, 2), (5, 6)], np.int64), np.ones((3, 1), np.float32))
    assert together.strongest("hate") == [(0, 2), (5, 6)]


@settings(deadline=None)
@given(text=st.one_of(st.text(max_size=60), st.text("aAbI1@$. ﬁ你*\u200b\u0301&;İ", max_size=40)))
def test_every_character_that_is_read_has_a_place(text: str) -> None:
    (plain,) = prepared([text])
    found = places(text, plain)
    assert found.shape == (len(plain), 2)
    assert (found[:, 0] <= found[:, 1]).all()
    assert (np.diff(found, axis=0) >= 0).all()
    assert not len(found) or (found.min() >= 0 and found.max() <= len(text))
