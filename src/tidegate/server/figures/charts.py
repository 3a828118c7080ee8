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
ROOM = 12
"""Pixels around a chart: the reader's font may be wider than the one by which it was laid out."""
MOST_MARKS = 60
"""Rows that a chart shows; the table has them all."""


Rows = Sequence[Mapping[str, Any]]


def lines(rows: Rows, *, names: tuple[str, str | None], share: bool = False) -> str | None:
    """Lines from left to right as SVG, with intervals where the rows have them.

    Args:
        rows: label; value (None leaves a gap); low and high, or neither; `of`, the name of the line, where
            there are several: these differ in their dashes too, so that no reader needs the colours.
        names: what labels and values are, in the reader's language.
        share: whether values are shares, to be written in percent.

    Returns:
        None where there is nothing to draw, or Altair or vl-convert is not installed.
    """
    alt = _altair(rows)
    if alt is None:
        return None
    shown = list(rows)
    labels = list(dict.fromkeys(row["label"] for row in shown))
    if len(labels) > MOST_MARKS:
        labels = labels[-MOST_MARKS:]
        shown = [row for row in shown if row["label"] in set(labels)]
    base = alt.Chart(alt.InlineData(values=shown))
    axis = alt.Axis(labelAngle=-45 if len(labels) > 6 else 0, labelOverlap=True)
    x = alt.X("label:O", sort=labels, title=names[0], axis=axis)
    y = _quantity(alt, "value:Q", names[1], shown, share=share)
    several = list(dict.fromkeys(row["of"] for row in shown if "of" in row))
    marked = base.mark_line(color=SEA, point=alt.OverlayMarkDef(color=SEA, size=50)).encode(x=x, y=y)
    if several:
        colour = alt.Color("of:N", sort=several, scale=alt.Scale(range=[SEA, INK]), legend=None)
        legend = alt.Legend(title=None, orient="top", symbolStrokeColor=INK)
        look = {"color": colour, "strokeDash": alt.StrokeDash("of:N", sort=several, legend=legend)}
        marked = base.mark_line(strokeWidth=2).encode(x=x, y=y, **look)
    layers = [marked]
    if any("low" in row for row in shown):
        low = _quantity(alt, "low:Q", names[1], shown, share=share)
        colour = {"color": look["color"]} if several else {}
        rule = base.mark_rule(color=SEA, strokeWidth=3, opacity=0.5)
        layers.insert(0, rule.encode(x=x, y=low, y2="high:Q", **colour))
    return svg(alt.layer(*layers).properties(width=560, height=200))


def intervals(rows: Rows) -> str | None:
    """Shares with their intervals as SVG, one row beneath the other.

    Args:
        rows: label, value (None where nothing can be said), low and high.

    Returns:
        None as for `lines`.
    """
    alt = _altair(rows)
    if alt is None:
        return None
    shown = list(rows[:MOST_MARKS])
    base = alt.Chart(alt.InlineData(values=shown))
    y = alt.Y("label:N", sort=[row["label"] for row in shown], title=None)
    low = _quantity(alt, "low:Q", None, shown, share=True, flat=True)
    value = _quantity(alt, "value:Q", None, shown, share=True, flat=True)
    rule = base.mark_rule(color=SEA, strokeWidth=3, opacity=0.5).encode(y=y, x=low, x2="high:Q")
    point = base.mark_point(color=SEA, filled=True, size=60, opacity=1).encode(y=y, x=value)
    return svg(alt.layer(rule, point).properties(width=560, height=28 * len(shown) + 12))


def bars(rows: Rows, *, names: tuple[str | None, str]) -> str | None:
    """Numbers as SVG: bars, one beneath the other.

    Args:
        rows: label and value (a number, or None). names: what the two are.

    Returns:
        None as for `lines`.
    """
    alt = _altair(rows)
    if alt is None:
        return None
    shown = list(rows[:MOST_MARKS])
    order = list(dict.fromkeys(row["label"] for row in shown))
    y = alt.Y("label:N", sort=order, title=names[0])
    marked = alt.Chart(alt.InlineData(values=shown)).mark_bar(color=SEA)
    drawn = marked.encode(y=y, x=_quantity(alt, "value:Q", names[1], shown, share=False, flat=True))
    return svg(drawn.properties(width=560, height=24 * len(order) + 8))


def _altair(rows: Rows) -> Any:
    """Altair, where there is something to draw and something to draw with."""
    if not rows:
        return None
    try:
        import altair
    except ImportError:
        return None
    return altair


def _quantity(alt: Any, field: str, title: str | None, rows: Rows, *, share: bool, flat: bool = False) -> Any:
    """The axis of the numbers, from 0 on where they are shares or nothing lies below."""
    values = [row[name] for row in rows for name in ("value", "low", "high") if row.get(name) is not None]
    channel = alt.X if flat else alt.Y
    if not share:
        return channel(field, title=title, axis=alt.Axis(tickMinStep=1 if _whole(values) else alt.Undefined))
    scale = alt.Scale(domain=[0, max(values, default=0) or 1.0])
    return channel(field, title=title, axis=alt.Axis(format="~%", tickCount=4), scale=scale)


def _whole(values: Sequence[float]) -> bool:
    return all(float(value).is_integer() for value in values)


def svg(chart: alt.TopLevelMixin) -> str | None:
    """A chart as an SVG element in the colours of the page; None where vl-convert is not installed."""
    dressed = (
        chart.configure(background="transparent", font=FONT, padding=ROOM, aria=False)
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
        .configure_legend(labelColor=INK, labelFontSize=12, symbolSize=400)
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
