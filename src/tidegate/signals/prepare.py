"""Texts as both text models read them."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from tidegate.signals.normalise import normalise_all

_ADDRESS = re.compile(r"https?://\S+|www\.\S+|@\w+")


def prepared(texts: Sequence[str]) -> list[str]:
    """Disguises undone, addresses and mentions dropped, lower case."""
    plain = [html.unescape(text) if "&" in text and ";" in text else text for text in texts]
    plain = [
        _ADDRESS.sub(" ", text) if "@" in text or "http" in text or "www." in text else text for text in plain
    ]
    return [text.lower() for text in normalise_all(plain)]
