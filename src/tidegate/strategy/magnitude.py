"""How large or small the result of arithmetic can get, so that no engine ever meets an overflow.

PostgreSQL raises on overflow and underflow where Python and DuckDB go on, so both are ruled out beforehand:
in arithmetic a signal beyond 1e100 in size counts as NULL and one below 1e-100 as zero, and expressions
whose result could still leave the range of a double are refused at load time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tidegate.strategy.nodes import Arithmetic, Call, Constant, Signal, Value

LARGEST = 1e100
SMALLEST = 1e-100
DOUBLE_RANGE = (-300.0, 300.0)
CANCELLED = 16.0
"""Subtracting nearly equal doubles loses at most 16 decimal digits."""


@dataclass(frozen=True)
class Magnitude:
    """Powers of ten between which the size of a value lies, where it is neither zero nor NULL."""

    low: float
    high: float

    def fits(self) -> bool:
        return self.low >= DOUBLE_RANGE[0] and self.high <= DOUBLE_RANGE[1]


def magnitude(value: Value) -> Magnitude:
    """Bounds on the size of a number."""
    match value:
        case Signal():
            return Magnitude(-100, 100)
        case Constant(float() as number) if number != 0:
            return Magnitude(math.floor(math.log10(abs(number))), math.ceil(math.log10(abs(number))))
        case Constant():
            return Magnitude(0, 0)
        case Arithmetic(operator, left, right):
            return _combined(operator, magnitude(left), magnitude(right))
        case Call("length"):
            return Magnitude(0, 10)
        case Call(_, arguments):
            bounds = [magnitude(argument) for argument in arguments]
            return Magnitude(min(b.low for b in bounds), max(b.high for b in bounds))


def _combined(operator: str, left: Magnitude, right: Magnitude) -> Magnitude:
    match operator:
        case "*":
            return Magnitude(left.low + right.low, left.high + right.high)
        case "/":
            return Magnitude(left.low - right.high, left.high - right.low)
        case _:
            return Magnitude(min(left.low, right.low) - CANCELLED, max(left.high, right.high) + 1)
