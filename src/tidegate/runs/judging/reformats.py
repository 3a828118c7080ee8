"""The same text laid out otherwise: a judge that is to be trusted says the same of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

SENTENCES = re.compile(r"(?<=[.!?。！？])\s*(?=\S)")


def _curly(text: str) -> str:
    return re.sub(r'"([^"]*)"', "“\\1”", text).replace("'", "’")


def _wide(text: str) -> str:
    return text.translate(str.maketrans(",!?:;()", "，！？：；（）"))


REFORMATS: Mapping[str, Callable[[str], str]] = {
    "a sentence a line": lambda text: SENTENCES.sub("\n", text),
    "blank lines around": lambda text: f"\n\n{text}\n\n",
    "double spaces": lambda text: text.replace(" ", "  "),
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "typographic quotes": _curly,
    "wide punctuation": _wide,
    "no full stop": lambda text: text.rstrip(" .。"),
}
"""Each keeps every word, their order, and what is quoted."""


def reformatted(text: str) -> dict[str, str]:
    """The ways in which this text comes out otherwise than it was."""
    found = {name: change(text) for name, change in REFORMATS.items()}
    return {name: other for name, other in found.items() if other != text and other.strip()}
