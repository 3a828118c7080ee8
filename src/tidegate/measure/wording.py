"""An estimate in words: never a percentage without its interval and the number of labels behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def format_estimate(row: Mapping[str, Any]) -> str:
    """Such as "0.42 % (0.31–0.58 %, 400 labels)", for a row of `estimate` or `differences`.

    Differences show their sign and are in percentage points: "+0.12 pp (-0.03 to +0.30 pp, 80 labels)".
    """
    difference = "before" in row
    unit = "pp" if difference else "%"
    digits = _digits(row["low"], row["high"])
    low, high = (_percent(row[side], digits, signed=difference) for side in ("low", "high"))
    interval = f"{low}{' to ' if difference else '–'}{high} {unit}"
    labels = f"{row['labels']:,} label{'' if row['labels'] == 1 else 's'}"
    if row["estimate"] is None:
        return f"unknown ({interval}, {labels})"
    return f"{_percent(row['estimate'], digits, signed=difference)} {unit} ({interval}, {labels})"


def _digits(low: float, high: float) -> int:
    """Decimals that show two figures of the interval's width, so no more is claimed than is known."""
    width = 100 * (high - low)
    if width <= 0:
        return 2
    return min(max(1 - math.floor(math.log10(width)), 0), 8)


def _percent(value: float, digits: int, *, signed: bool) -> str:
    return f"{100 * value:{'+' if signed else ''}.{digits}f}"
