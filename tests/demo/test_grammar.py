"""The grammars are whole, and disguises hide a text from filters but not from readers."""

from __future__ import annotations

import random
import unicodedata

import pytest

from tidegate.demo.disguise import CHINESE, ENGLISH, ZERO_WIDTH
from tidegate.demo.grammar import SLOT, grammar_of, write
from tidegate.demo.stream import PREVALENCE

STARTS = {"harmless", "hard", "query", *PREVALENCE}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_slot_is_a_symbol_and_every_symbol_is_used(language):
    grammar = grammar_of(language)
    slots = {slot for texts in grammar.values() for text in texts for slot in SLOT.findall(text)}
    assert slots <= set(grammar)
    assert set(grammar) == slots | STARTS


def test_both_languages_have_the_same_symbols():
    assert set(grammar_of("en")) == set(grammar_of("zh"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("symbol", sorted(STARTS))
def test_a_text_is_filled_in_and_repeats_with_its_seed(language, symbol):
    text = write(grammar_of(language), symbol, random.Random(3))
    assert text
    assert "{" not in text
    assert write(grammar_of(language), symbol, random.Random(3)) == text


@pytest.mark.parametrize("way", [*ENGLISH, *CHINESE], ids=lambda way: way.__name__)
def test_a_disguise_changes_the_text_and_keeps_what_a_reader_sees(way):
    plain = "come to the bakery tomorrow"
    hidden = way(plain)
    assert hidden != plain
    letters = [letter for letter in hidden if letter not in {" ", "·", ZERO_WIDTH}]
    assert len(letters) == len(plain.replace(" ", ""))
    assert all(unicodedata.category(letter)[0] in "LN" for letter in letters)
