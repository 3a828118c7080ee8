"""What the generated functions call: the few operations for which Python has no expression of its own."""

from __future__ import annotations

import math
from string import ascii_lowercase, ascii_uppercase

from tidegate.strategy.magnitude import LARGEST, SMALLEST

nan = math.nan
ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def number(value: object) -> float:
    """What is no float already: NaN for NULL, or a whole number.

    Raises:
        TypeError: it is neither, so the values are cleaned first.
    """
    if value is None:
        return nan
    if type(value) is int:
        return value
    raise TypeError


def bounded(value: float) -> float:
    """A number as arithmetic takes it: see `magnitude`."""
    size = abs(value)
    if size <= LARGEST:
        return value if size >= SMALLEST else 0.0
    return nan


def greatest(*values: float) -> float:
    return max((value for value in values if value == value), default=nan)


def least(*values: float) -> float:
    return min((value for value in values if value == value), default=nan)


def length(value: str | None) -> float:
    return nan if value is None else float(len(value))


def lower(value: str | None) -> str | None:
    return None if value is None else value.translate(ASCII_LOWER)


NAMES: dict[str, object] = {
    "nan": nan,
    "unset": object(),
    "number": number,
    "bounded": bounded,
    "greatest": greatest,
    "least": least,
    "length": length,
    "lower": lower,
}
