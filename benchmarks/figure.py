"""One measured figure, as every benchmark yields it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`ratio` is value against `against`'s value, both taken in the same run; > 1 means more of `unit`."""

    name: str
    value: float
    unit: str
    against: str | None = None
    ratio: float | None = None
