"""Undo the usual ways of hiding a word from a filter, and leave ordinary writing as it is.

The result is for matching and scoring only; what people are shown is always the original. Each step undoes
one trick and errs on the side of doing nothing. Lower-casing is left to whoever matches.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tidegate.signals.characters import (
    COMPOSED_RANGES,
    EMOJI_RANGES,
    HAN_RANGES,
    HEARTS,
    INVISIBLE_RANGES,
    LETTERS_RANGES,
    MARK_RANGES,
    STYLED_RANGES,
    TO_CYRILLIC,
    TWIN_SCRIPT_RANGES,
    TWINS,
    char_class,
    plain_letters,
)
from tidegate.signals.codepoints import UNICODE_SIZE, code_points, mark, text_of

_PASSES = 8
_LEET = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "|": "i"}
_SHORT_NAMES = frozenset(
    {"w3c", "m4a", "m4v", "h1b", "s3a", "e3d", "f1a", "a1c", "p0p", "g4s", "b1t", "x0r", "h0w"}
)
_SELECTABLE = ("So", "Sk", "Sm", "Nd", "Po")
"""Categories of the characters that have a text and an emoji form, between which a selector chooses."""
_SPACERS = " .-_*~|"
_HAN_SYMBOLS = "*^_|\\※★☆●◆■□○◇"

_LETTER = char_class(LETTERS_RANGES)
_HAN = char_class(HAN_RANGES)
_EMOJI = char_class(EMOJI_RANGES)
_MARK = char_class(MARK_RANGES)

_PROTECTED = re.compile(
    r"(https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+|(?<!\w)@\w+)", re.IGNORECASE
)
_WWW = re.compile(r"www\.", re.IGNORECASE)
_INVISIBLE = re.compile(char_class(INVISIBLE_RANGES) + "+")
_STYLED = re.compile(char_class(STYLED_RANGES) + "+")
_COMPOSABLE = re.compile(char_class(MARK_RANGES, COMPOSED_RANGES))
_STACKED = re.compile(f"{_MARK}{{3,}}")
_OVERLAY = re.compile(r"(?<=[^\W\d_])[\u0334-\u0338\u20d0-\u20dc\u20e5-\u20f0]+")
_TWIN = re.compile(char_class(extra="".join(TWINS)))
_UNTWINNED = re.compile(
    "(?![" + "".join(map(re.escape, TWINS)) + r"])(?=[^\W\d_])" + char_class(TWIN_SCRIPT_RANGES)
)
_LATIN = re.compile("[A-Za-z\u1d00-\u1d22]")
_WORD = re.compile(r"[^\W\d_]+")
_SPLIT_BY_EMOJI = re.compile(f"(?<![^\\W_])([A-Za-z]+)({_EMOJI}{{1,3}})([A-Za-z]+)(?![^\\W_])")
_HEART = re.compile(char_class(HEARTS))
_LEET_WORD = re.compile(r"(?<![\w@$|])(?=[A-Za-z]+[013457@$|])[A-Za-z][A-Za-z013457@$|]*[A-Za-z$](?![\w@$|])")
_LEET_RUN = re.compile(r"[013457@$|]+")
_SHOUTED_I = re.compile(r"(?<![^\W_])([A-Za-z]{1,2})!(?=[a-z])")
_SPACED = re.compile(
    rf"(?<![^\W_])(?<!['’]){_LETTER}([{re.escape(_SPACERS)}]){_LETTER}(?:\1{_LETTER}){{2,}}(?![^\W_])"
)
_SPACED_HAN = re.compile(rf"(?<!{_HAN}){_HAN}(?:[ \u3000.*_\-|~+]{{1,2}}{_HAN}){{2,}}(?!{_HAN})")
_SYMBOL_IN_HAN = re.compile(f"(?<={_HAN})[{re.escape(_HAN_SYMBOLS)}]{{1,2}}(?={_HAN})")
_STRETCHED = re.compile(r"([a-zà-öø-ÿа-яё])\1{2,}|([A-ZÀ-ÖØ-Þ])\2{3,}")


@dataclass(frozen=True)
class Unmasked:
    """The text with its disguises undone; how many characters that touched, and how many were invisible."""

    text: str
    changed: int = 0
    invisible: int = 0


def normalise(text: str) -> str:
    """The text with its disguises undone. Idempotent; plain text comes back unchanged; never raises."""
    return normalise_all([text])[0]


def normalise_all(texts: Sequence[str]) -> list[str]:
    """`normalise` for a batch: only texts that hold something suspicious are looked at one by one."""
    result = list(texts)
    for i in suspicious(texts):
        result[i] = unmask(texts[i]).text
    return result


def unmask(text: str) -> Unmasked:
    """Undo every disguise, again and again until nothing changes (one can hide another)."""
    changed = invisible = 0
    for _ in range(_PASSES):
        before = text
        text, dropped = _without_invisible(text)
        text, touched = _plain_letters(text)
        text, words_touched = _unmask_words(text)
        invisible += dropped
        changed += dropped + touched + words_touched
        if text == before:
            break
    return Unmasked(text, changed, invisible)


Step = tuple[str, int]
"""A text after a step, and how many characters of it the step touched."""


def _without_invisible(text: str) -> Step:
    kept = _INVISIBLE.sub(_kept_invisible, text)
    return kept, len(text) - len(kept)


def _kept_invisible(match: re.Match[str]) -> str:
    """Where an invisible character is spelling: joiners in Persian, Indic and emoji, selectors, flag tags."""
    run = match.group()
    before = match.string[match.start() - 1] if match.start() else ""
    after = match.string[match.end() : match.end() + 1]
    if run in ("\u200c", "\u200d") and _joins(before) and _joins(after):
        return run
    if run in ("\ufe0f", "\ufe0e", "\ufe0f\u200d") and unicodedata.category(before or " ") in _SELECTABLE:
        return run
    if before == "\U0001f3f4" and run[-1] == "\U000e007f":
        return run
    return ""


def _joins(char: str) -> bool:
    return bool(char) and (
        0x0600 <= ord(char) <= 0x0DFF or unicodedata.category(char) in ("So", "Sk") or char == "\ufe0f"
    )


def _plain_letters(text: str) -> Step:
    touched = 0
    if _STYLED.search(text):
        touched += sum(len(match.group()) for match in _STYLED.finditer(text))
        text = _STYLED.sub(lambda match: plain_letters(match.group()), text)
    if _COMPOSABLE.search(text):
        stripped = _OVERLAY.sub("", _STACKED.sub("", text))
        touched += len(text) - len(stripped)
        text = unicodedata.normalize("NFC", stripped)
    return text, touched


def _unmask_words(text: str) -> Step:
    """The steps that work on words, which leave addresses and mentions alone."""
    touched = 0
    # Looking for addresses costs more than all else here; each holds one of these.
    parts = _PROTECTED.split(text) if "@" in text or "://" in text or _WWW.search(text) else [text]
    may_be_latin = bool(_TWIN.search(text) and _LATIN.search(text)) and not _UNTWINNED.search(text)
    for i in range(0, len(parts), 2):
        part = parts[i]
        if _TWIN.search(part):
            plain = _TWIN.sub(_twin, part) if may_be_latin else _WORD.sub(_one_script, part)
            touched += sum(a != b for a, b in zip(part, plain, strict=True))
            part = plain
        for pattern, undo in _WORD_STEPS:
            plain = pattern.sub(undo, part)
            if plain != part:
                touched += abs(len(part) - len(plain)) or sum(
                    a != b for a, b in zip(part, plain, strict=True)
                )
                part = plain
        parts[i] = part
    return "".join(parts), touched


def _twin(match: re.Match[str]) -> str:
    return TWINS[match.group()]


def _one_script(match: re.Match[str]) -> str:
    """A word of mixed scripts in the script that can spell all of it."""
    word = match.group()
    if not _TWIN.search(word) or not _LATIN.search(word) or len(word) < 3:
        return word
    if all("A" <= char <= "z" or char in TWINS for char in word):
        return _TWIN.sub(_twin, word)
    if all(char in TO_CYRILLIC or "\u0400" <= char <= "\u04ff" for char in word):
        return "".join(TO_CYRILLIC.get(char, char) for char in word)
    return word


def _join_around_emoji(match: re.Match[str]) -> str:
    left, emoji, right = match.groups()
    # "I❤NY" and "so🔥good" are writing; "ha😀te" is not: there, one piece is a scrap of a word.
    if _HEART.search(emoji) or min(len(left), len(right)) > 2 or left.lower() in ("i", "u", "we", "my"):
        return match.group()
    return left + right


def _unleet(match: re.Match[str]) -> str:
    word = match.group()
    letters = sum(char.isalpha() for char in word)
    if (letters < 3 and not word.islower()) or word.lower() in _SHORT_NAMES:
        return word
    if not all(_is_leet(run.group(), run.end() == len(word)) for run in _LEET_RUN.finditer(word)):
        return word
    return _LEET_RUN.sub(lambda run: "".join(_LEET[char] for char in run.group()), word)


def _is_leet(run: str, at_end: bool) -> bool:
    """One sign, or the same one twice: `10` in a word is a number. At the end only `$$` ("US$" is money)."""
    return run == "$$" if at_end else len(run) == 1 or (len(run) == 2 and run[0] == run[1])


def _join_letters(match: re.Match[str]) -> str:
    run, spacer = match.group(), match.group(1)
    letters = run[::2]
    codes = [ord(char) for char in letters.lower()]
    listed = all(b - a == 1 for a, b in pairwise(codes))
    acronym = spacer == "." and letters.isupper()
    return run if listed or acronym or len(set(codes)) == 1 else letters


def _join_han(match: re.Match[str]) -> str:
    return re.sub(f"(?!{_HAN}).", "", match.group(), flags=re.DOTALL)


def _shorten(match: re.Match[str]) -> str:
    """Two of a letter that was held down, inside a word: "hmmm" shrinks, "www" and "AAA" are left."""
    around = match.string[match.start() - 1 : match.start()] + match.string[match.end() : match.end() + 1]
    return match.group()[:2] if any(char.isalpha() for char in around) else match.group()


_WORD_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_SPLIT_BY_EMOJI, _join_around_emoji),
    (_LEET_WORD, _unleet),
    (_SHOUTED_I, lambda match: match.group(1) + "i"),
    (_SPACED, _join_letters),
    (_SPACED_HAN, _join_han),
    (_SYMBOL_IN_HAN, lambda _: ""),
    (_STRETCHED, _shorten),
)

_SPECIAL, _LETTERS, _LEET_SIGN, _SPACER, _EMOJI_SIGN, _HAN_SIGN, _HAN_GLUE, _BANG = (1 << i for i in range(8))


@cache
def _screen() -> NDArray[np.uint8]:
    """What each code point could be part of, as bits."""
    table = np.zeros(UNICODE_SIZE, np.uint8)
    for ranges in (INVISIBLE_RANGES, MARK_RANGES, COMPOSED_RANGES, STYLED_RANGES):
        mark(table, ranges, _SPECIAL)
    mark(table, LETTERS_RANGES, _LETTERS)
    mark(table, EMOJI_RANGES, _EMOJI_SIGN)
    mark(table, HAN_RANGES, _HAN_SIGN)

    def add(chars: Iterable[str], bit: int) -> None:
        for char in chars:
            table[ord(char)] |= bit

    add(TWINS, _SPECIAL)
    add(_LEET, _LEET_SIGN)
    add(_SPACERS, _SPACER)
    add(_HAN_SYMBOLS + " \u3000.*_-|~+", _HAN_GLUE)
    add("!", _BANG)
    table[ord("$")] |= _LETTERS  # "a$$" ends on one
    return table


def suspicious(texts: Sequence[str]) -> list[int]:
    """Positions of the texts that `normalise` could change; all others are sure to be plain."""
    batch = code_points(texts)
    points = np.concatenate([batch.points, np.zeros(4, np.uint32)])
    kinds = _screen()[points]
    n = len(batch.points)
    here, next_, after = kinds[:n], kinds[1 : n + 1], kinds[2 : n + 2]
    letter, letter_after = (here & _LETTERS) != 0, (after & _LETTERS) != 0

    hit = (here & _SPECIAL) != 0
    hit |= letter & (points[:n] == points[1 : n + 1]) & (points[:n] == points[2 : n + 2])
    hit |= letter & ((next_ & _LEET_SIGN) != 0) & ((after & (_LETTERS | _LEET_SIGN)) != 0)
    hit |= letter & ((next_ & _BANG) != 0) & letter_after
    hit |= letter & ((next_ & _EMOJI_SIGN) != 0)
    spaced = letter & ((next_ & _SPACER) != 0) & letter_after
    four = np.concatenate([spaced, np.zeros(4, bool)])
    hit |= spaced & four[2 : n + 2] & four[4 : n + 4]
    hit |= ((here & _HAN_SIGN) != 0) & ((next_ & _HAN_GLUE) != 0)
    found: list[int] = np.unique(text_of(batch.starts, np.flatnonzero(hit))).tolist()
    return found
