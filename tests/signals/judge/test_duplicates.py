"""Fingerprints: what is compared, how near an estimate comes, and which texts are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.signals.judge.duplicates import PIECE, SIGNATURE, Fingerprint, fingerprint, plain

LONG = "The library opens at nine and everybody is welcome to bring a friend and a book"


def of(text: str) -> Fingerprint:
    found = fingerprint(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "other",
    [
        LONG.upper(),
        LONG + " https://example.com/a1",
        "@someone " + LONG + "!!! 123",
        LONG.replace("library", "l1brary"),
        LONG.replace("e", "е"),  # Cyrillic
    ],
)
def test_what_is_not_compared_makes_no_difference(other: str) -> None:
    assert of(LONG).similarity(of(other)) == 1.0


def test_short_texts_have_none() -> None:
    assert fingerprint("The library opens at nine") is None
    assert fingerprint("今天天气很好") is None
    assert fingerprint("!" * 200) is None


def test_chinese_is_compared_letter_by_letter() -> None:
    text = (
        "图书馆早上九点开门欢迎大家带上朋友和书本一起来这里度过一个安静而愉快的下午时光请记得带上借书证和水杯"
    )
    assert of(text).similarity(of(text.replace("九点", "十点"))) > 0.7
    assert of(text).similarity(of(text.replace("欢迎", "不欢迎"))) == 0.0


@given(st.integers(0, 60), st.integers(0, 2**16))
def test_the_estimate_is_near_the_share_of_pieces_in_common(changed: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    letters = list(chance.choice(list("abcdefghijklmnopqrstuvwxyz"), 300))
    other = letters.copy()
    other[:changed] = chance.choice(list("abcdefghijklmnopqrstuvwxyz"), changed)
    texts = "".join(letters), "".join(other)
    pieces = [{text[i : i + PIECE] for i in range(len(text) - PIECE + 1)} for text in map(plain, texts)]
    exact = len(pieces[0] & pieces[1]) / len(pieces[0] | pieces[1])
    error = (exact * (1 - exact) / SIGNATURE) ** 0.5
    first, second = (fingerprint(text) for text in texts)
    assert first is not None
    assert second is not None
    assert abs(first.similarity(second) - exact) <= 5 * error + 1e-9


def test_texts_that_are_alike_share_a_band() -> None:
    chance = np.random.default_rng(2)
    shared = 0
    for _ in range(200):
        letters = list(chance.choice(list("abcdefghijklmnopqrstuvwxyz"), 200))
        other = letters.copy()
        other[:20] = chance.choice(list("abcdefghijklmnopqrstuvwxyz"), 20)
        shared += bool(set(of("".join(letters)).bands) & set(of("".join(other)).bands))
    assert shared == 200


def test_a_word_of_negation_on_one_side_makes_them_strangers() -> None:
    assert of(LONG).similarity(of(LONG.replace("is welcome", "is not welcome"))) == 0.0
    assert of(LONG + " don't").similarity(of(LONG + " don’t")) == 1.0
