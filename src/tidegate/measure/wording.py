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
    digits = _digits(row["high"] - row["low"], row["estimate"])
    low, high = (_percent(row[side], digits, signed=difference) for side in ("low", "high"))
    interval = f"{low}{' to ' if difference else '–'}{high} {unit}"
    labels = f"{row['labels']:,} label{'' if row['labels'] == 1 else 's'}"
    if row["estimate"] is None:
        return f"unknown ({interval}, {labels})"
    return f"{_percent(row['estimate'], digits, signed=difference)} {unit} ({interval}, {labels})"


def _digits(width: float, estimate: float | None) -> int:
    """Decimals of a percentage that show two figures of the interval's width, and of the estimate."""
    sizes = [100 * abs(size) for size in (width, estimate) if size]
    return min(max(0, *(1 - math.floor(math.log10(size)) for size in sizes)), 8) if sizes else 2


def _percent(value: float, digits: int, *, signed: bool) -> str:
    return f"{100 * value:{'+' if signed else ''}.{digits}f}"
