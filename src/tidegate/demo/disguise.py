"""How authors hide a text from filters: spaced letters, look-alike characters, invisible characters."""

from __future__ import annotations

import random
from collections.abc import Callable

LOOK_ALIKES = str.maketrans(
    {"a": "а", "e": "е", "o": "о", "i": "і", "c": "с", "p": "р", "A": "А", "E": "Е", "O": "О", "s": "ѕ"}
)
"""Latin letters and the Cyrillic ones that look the same."""

DIGITS = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5"})
ZERO_WIDTH = "\u200b"


def disguise(text: str, language: str, chance: random.Random) -> str:
    """`text` as somebody would write it who wants to slip past a filter."""
    ways = CHINESE if language == "zh" else ENGLISH
    return chance.choice(ways)(text)


def spaced(text: str) -> str:
    """The longest words with a blank between their letters."""
    longest = sorted(text.split(), key=len)[-3:]
    return " ".join(" ".join(word) if word in longest else word for word in text.split())


def look_alike(text: str) -> str:
    return text.translate(LOOK_ALIKES)


def digits(text: str) -> str:
    return text.translate(DIGITS)


def invisible(text: str) -> str:
    """A zero-width space after every second character."""
    return "".join(letter + ZERO_WIDTH * (place % 2) for place, letter in enumerate(text))


def dotted(text: str) -> str:
    """A middle dot between all characters, as is common in Chinese."""
    return "·".join(text)


ENGLISH: tuple[Callable[[str], str], ...] = (spaced, look_alike, digits, invisible)
CHINESE: tuple[Callable[[str], str], ...] = (dotted, invisible)
