"""Charts as SVG within the page: drawn here by Altair and vl-convert, so that no script runs in the browser.

Colours are the page's own tokens, so that a chart is light or dark as the page is. A chart is never alone:
the template puts a sentence and a table beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

TOKENS = {"#010101": "--ink", "#020202": "--sea", "#030303": "--line", "#040404": "--faint"}
"""Colours that stand for tokens while the chart is drawn."""
INK, SEA, LINE, FAINT = TOKENS
FONT = "system-ui, sans-serif"
MOST_MARKS = 60
"""Rows that a chart shows; the table has them all."""


def intervals(rows: Sequence[Mapping[str, Any]], *, along: str, across: bool) -> str | None:
    """Points with their intervals as SVG: one a row, across the page or one above the other.

    Args:
        rows: label, estimate (None where nothing can be said), low and high, as shares.
        along: what the labels are, in the reader's language; written beneath a trend.
        across: for a trend, so that time goes from left to right.

    Returns:
        None where there is nothing to draw, or Altair or vl-convert is not installed.
    """
    if not rows:
        return None
    try:
        import altair as alt
    except ImportError:
        return None
    shown = list(rows[-MOST_MARKS:] if across else rows[:MOST_MARKS])
    data = alt.InlineData(values=shown)
    order = [row["label"] for row in shown]
    reach = max(row["high"] for row in shown) or 1.0
    share: dict[str, Any] = {
        "axis": alt.Axis(format="~%", tickCount=4, title=None),
        "scale": alt.Scale(domain=[0, reach]),
    }
    labels: dict[str, Any] = {"sort": order, "title": along if across else None}
    base = alt.Chart(data)
    if across:
        axis = alt.Axis(labelAngle=-45 if len(shown) > 6 else 0)
        x = alt.X("label:O", axis=axis, **labels)
        rule = base.mark_rule(color=SEA, strokeWidth=3, opacity=0.5).encode(
            x=x, y=alt.Y("low:Q", **share), y2="high:Q"
        )
        line = base.mark_line(color=SEA, point=alt.OverlayMarkDef(color=SEA, size=50)).encode(
            x=x, y=alt.Y("estimate:Q", **share)
        )
        size = {"width": 560, "height": 180}
    else:
        y = alt.Y("label:N", **labels)
        rule = base.mark_rule(color=SEA, strokeWidth=3, opacity=0.5).encode(
            y=y, x=alt.X("low:Q", **share), x2="high:Q"
        )
        line = base.mark_point(color=SEA, filled=True, size=60, opacity=1).encode(
            y=y, x=alt.X("estimate:Q", **share)
        )
        size = {"width": 560, "height": 28 * len(shown) + 12}
    return svg(alt.layer(rule, line).properties(**size))


def pairs(rows: Sequence[Mapping[str, Any]], *, names: tuple[str, str], line: bool) -> str | None:
    """Numbers as SVG: bars, one beneath the other, or a line across the page.

    Args:
        rows: label and value (a number, or None). names: what the two are.

    Returns:
        None as for `intervals`.
    """
    if not rows:
        return None
    try:
        import altair as alt
    except ImportError:
        return None
    shown = list(rows[:MOST_MARKS])
    base = alt.Chart(alt.InlineData(values=shown))
    order = list(dict.fromkeys(row["label"] for row in shown))
    if line:
        x = alt.X("label:O", sort=order, title=names[0], axis=alt.Axis(labelAngle=-45))
        mark = base.mark_line(color=SEA, point=alt.OverlayMarkDef(color=SEA, size=50))
        drawn = mark.encode(x=x, y=alt.Y("value:Q", title=names[1])).properties(width=560, height=240)
    else:
        y = alt.Y("label:N", sort=order, title=names[0])
        bars = base.mark_bar(color=SEA).encode(y=y, x=alt.X("value:Q", title=names[1]))
        drawn = bars.properties(width=560, height=24 * len(order) + 8)
    return svg(drawn)


def svg(chart: alt.TopLevelMixin) -> str | None:
    """A chart as an SVG element in the colours of the page; None where vl-convert is not installed."""
    dressed = (
        chart.configure(background="transparent", font=FONT)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            gridColor=LINE,
            domainColor=FAINT,
            tickColor=FAINT,
            labelFontSize=12,
        )
        .configure_view(stroke=None)
        .configure_text(color=INK)
    )
    return _drawn(json.dumps(dressed.to_dict(), sort_keys=True))


@lru_cache(maxsize=128)
def _drawn(chart: str) -> str | None:
    """SVG of a chart's JSON; a quarter of a second each, so those of a page that is read again are kept."""
    try:
        import vl_convert
    except ImportError:
        return None
    drawn: str = vl_convert.vegalite_to_svg(chart)
    for colour, token in TOKENS.items():
        drawn = drawn.replace(f'"{colour}"', f'"var({token})"')
    # The page says what the chart shows; to readers of screens it is one picture.
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', drawn, count=1)
