"""Reliability as a picture: a panel per harm and language, what was said against what was found."""

from __future__ import annotations

from pathlib import Path

import polars as pl

SIZE, COLUMNS = 130, 5
POINT, BAND, EVEN = "#0b6e99", "#b8c4cc", "#7c6f64"


def write_reliability(frame: pl.DataFrame, out: Path) -> None:
    """Draw rows of `reliability.reliability` with a column `panel` into an SVG or PNG file, panels in order.

    Needs the extra `charts`.
    """
    import altair as alt

    panels = frame["panel"].unique(maintain_order=True).to_list()
    share = alt.Scale(domain=[0, 1])
    x = alt.X("said:Q", title="said", scale=share, axis=alt.Axis(values=[0, 0.5, 1], format="~%"))
    y = alt.Y("found:Q", title="found", scale=share, axis=alt.Axis(values=[0, 0.5, 1], format="~%"))
    base = alt.Chart().encode(x=x)
    even = alt.Chart().mark_rule(color=EVEN, strokeDash=[3, 3])
    layers = alt.layer(
        even.encode(x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1)),
        base.mark_rule(strokeWidth=5, color=BAND).encode(y=alt.Y("low:Q", title="found"), y2="high:Q"),
        base.mark_circle(color=POINT, opacity=1).encode(
            y=y,
            size=alt.Size(
                "texts:Q", title="texts", scale=alt.Scale(type="log", domain=[1, 10_000], range=[8, 120])
            ),
        ),
        data=alt.InlineData(values=frame.to_dicts()),
    ).properties(width=SIZE, height=SIZE)
    layers.facet(alt.Facet("panel:N", title=None, sort=panels), columns=COLUMNS).save(str(out))
