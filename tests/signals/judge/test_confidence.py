"""Probabilities from tokens: exact where both words are told, cautious where one is not, none where
neither."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.signals.judge.calibration import fitted
from tidegate.signals.judge.confidence import Token, from_samples, from_tokens

TEXT = '{"addresses_judge": "no", "p": {"violates": "yes", "clause": "V1"}}'
HEAD, TAIL = TEXT.split("yes")


def tokens(likeliest: dict[str, float], own: str = "yes", p: float | None = None) -> list[Token]:
    logs = {word: math.log(one) for word, one in likeliest.items()}
    return [
        Token(HEAD, -0.1, {}),
        Token(own, math.log(p) if p is not None else logs.get(own, -1.0), logs),
        Token(TAIL, -0.1, {}),
    ]


def test_both_words_are_weighed_against_each_other() -> None:
    assert from_tokens(tokens({"yes": 0.6, "no": 0.2, "maybe": 0.2}), TEXT, "p") == pytest.approx(0.75)


def test_spellings_of_a_word_are_added() -> None:
    found = from_tokens(tokens({"yes": 0.3, '"yes': 0.2, "Yes": 0.1, " no": 0.2}), TEXT, "p")
    assert found == pytest.approx(0.75)


def test_a_word_that_is_not_told_is_as_likely_as_the_least_that_is() -> None:
    assert from_tokens(tokens({"yes": 0.6, "maybe": 0.2}), TEXT, "p") == pytest.approx(0.75)


def test_neither_word_told_says_nothing() -> None:
    assert from_tokens(tokens({"maybe": 0.6, "well": 0.2}, own="yes", p=0.01), TEXT, "p") == pytest.approx(
        0.01 / 0.21
    )
    odd = [Token(HEAD + "y", -1.0, {"a": -1.0}), Token("es" + TAIL, -0.1, {})]
    assert from_tokens(odd, TEXT, "p") is None


def test_another_policy_or_another_text_says_nothing() -> None:
    assert from_tokens(tokens({"yes": 0.6, "no": 0.4}), TEXT, "q") is None
    assert from_tokens(tokens({"yes": 0.6, "no": 0.4}), TEXT + " ", "p") is None
    assert from_tokens([], TEXT, "p") is None


def test_what_a_server_takes_off_its_text_is_among_its_tokens_still() -> None:
    """llama.cpp does so with a code fence."""
    fenced = [Token("```json\n", -0.1, {}), *tokens({"yes": 0.6, "no": 0.2}), Token("\n```", -0.1, {})]
    assert from_tokens(fenced, TEXT, "p") == pytest.approx(0.75)


def test_what_is_quoted_before_the_answer_is_not_read() -> None:
    thought = '<think>"p": {"violates": "no"</think>'
    said = [Token(thought, -0.1, {}), *tokens({"yes": 0.9, "no": 0.1})]
    assert from_tokens(said, thought + TEXT, "p") == pytest.approx(0.9)


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_a_poll_is_never_certain_and_follows_its_votes(votes: list[bool]) -> None:
    p = from_samples(votes)
    assert 0 < p < 1
    assert (p > 0.5) == (2 * sum(votes) > len(votes)) or 2 * sum(votes) == len(votes)


def test_a_calibration_finds_the_line_that_made_the_labels() -> None:
    import numpy as np

    chance = np.random.default_rng(3)
    raw = chance.uniform(0.02, 0.98, 4_000)
    true = 1 / (1 + np.exp(-(0.4 * np.log(raw / (1 - raw)) - 1.0)))
    line = fitted(list(raw), list(chance.uniform(size=4_000) < true))
    assert line is not None
    assert line[0] == pytest.approx(0.4, abs=0.08)
    assert line[1] == pytest.approx(-1.0, abs=0.15)


def test_too_few_labels_of_a_kind_calibrate_nothing() -> None:
    assert fitted([0.2] * 100 + [0.9] * 10, [False] * 100 + [True] * 10) is None


def test_labels_that_a_score_separates_leave_a_finite_line() -> None:
    line = fitted([0.01] * 50 + [0.99] * 50, [False] * 50 + [True] * 50)
    assert line is not None
    assert all(math.isfinite(one) and abs(one) < 50 for one in line)
