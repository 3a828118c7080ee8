"""Names and numbers as messages say them: did you mean, how many of what, and what was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_QUOTE = 60


def nearest(name: str, known: Iterable[str]) -> str:
    """`"Did you mean 'hate'? "` for the nearest known name, or an empty string where none is near."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'? " if close else ""


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """Such as "1 item" and "2,000 items"; `nouns` where the plural does not end in s alone."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def quoted(value: str) -> str:
    """`value` in quotes, escaped and cut to a length that fits a line."""
    return repr(value if len(value) <= LONGEST_QUOTE else value[: LONGEST_QUOTE - 1] + "…")
