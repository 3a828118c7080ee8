"""A figure of a page: a title, a chart, the chart in a sentence, and all its numbers as a table.

`figures/panels.html` shows a list of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Panel:
    """One figure.

    Attributes:
        chart: SVG; None where there is nothing to draw, or nothing to draw with: the rest says it all.
        sentence: what the chart shows, for those who do not see it, and for those in a hurry.
        heads: of the columns. All but the first are of numbers.
        rows: a cell for each head.
    """

    title: Any
    chart: str | None
    sentence: str
    heads: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    meaning: Any = ""
