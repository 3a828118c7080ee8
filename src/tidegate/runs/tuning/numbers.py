"""The let: numbers of a strategy file as written, and the file with others in their places."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
import yaml
from yaml.nodes import MappingNode, ScalarNode

BOM = "\ufeff"


def plain_numbers(text: str) -> dict[str, float]:
    """The let: entries that are numbers as they stand; arithmetic over other entries is not among them."""
    found = {}
    for name, node in _entries(text).items():
        try:
            number = float(node.value)
        except ValueError:
            continue
        if math.isfinite(number):
            found[name] = number
    return found


def with_numbers(text: str, numbers: Mapping[str, float]) -> str:
    """The file with these let: numbers put in their places, where they are others than before.

    All else stays to the character, except that a comment behind a number keeps its column where it can.

    Raises:
        KeyError: there is no plain let: number of that name.
    """
    mark = BOM if text.startswith(BOM) else ""
    body = text.removeprefix(BOM)
    places = _entries(body)
    for name in sorted(numbers, key=lambda one: places[one].start_mark.index, reverse=True):
        node, number = places[name], written(numbers[name])
        if written(float(node.value)) != number:
            start, end = node.start_mark.index, node.end_mark.index
            body = body[:start] + number + _moved(body[end:], end - start - len(number))
    return mark + body


def written(number: float) -> str:
    """A number as a person would write it: 0.85, never 8.5e-01."""
    return str(np.format_float_positional(number, trim="-"))


def _moved(rest: str, by: int) -> str:
    """What follows a number, its comment moved by so many columns."""
    spaces = re.match(r" +(?=#)", rest)
    return " " * max(spaces.end() + by, 1) + rest[spaces.end() :] if spaces else rest


def _entries(text: str) -> dict[str, ScalarNode]:
    root = yaml.compose(text.removeprefix(BOM), Loader=yaml.SafeLoader)
    if not isinstance(root, MappingNode):
        return {}
    for key, value in root.value:
        if key.value == "let" and isinstance(value, MappingNode):
            return {name.value: node for name, node in value.value if isinstance(node, ScalarNode)}
    return {}
