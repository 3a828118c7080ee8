"""The cost curve as a picture: F1 kept against items judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tidegate.errors import RunError, Where

if TYPE_CHECKING:
    import altair as alt

WORDS = {
    "fixed": "nearest to 0.5",
    "tuned": "two thresholds, one score",
    "blend": "two thresholds, blended score",
    "possible": "best choice of items possible",
}
COLOURS = ("#c2410c", "#7c6f64", "#0b6e99", "#b8c4cc")
SUFFIXES = (".svg", ".png", ".html")
WIDTH, HEIGHT = 480, 300


def write_chart(frame: pl.DataFrame, out: Path) -> None:
    """Draw a curve (`measure.deferral.CURVE`) into an SVG, PNG or HTML file.

    Raises:
        RunError: the extra `charts` is not installed, or the file is of another kind.
    """
    check(out)
    chart = draw(frame)
    if out.suffix == ".html":
        out.write_text(chart.to_html(inline=True), encoding="utf-8")
    else:
        chart.save(str(out), scale_factor=2 if out.suffix == ".png" else 1)


def check(out: Path) -> None:
    """Refuse before any work is done.

    Raises:
        RunError: as `write_chart`.
    """
    from importlib.util import find_spec

    if out.suffix not in SUFFIXES:
        raise RunError(
            "charts are written as SVG, PNG or HTML",
            where=Where(out),
            remedy=f"Name it {out.with_suffix('.svg')}.",
        )
    if not (find_spec("altair") and find_spec("vl_convert")):
        raise RunError("charts need altair", where=Where(out), remedy="pip install 'tidegate[charts]'")


def draw(frame: pl.DataFrame) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    rows = frame.with_columns(name=pl.col("way").replace_strict(WORDS, return_dtype=pl.String))
    data = alt.InlineData(values=rows.select("name", "judged", "of_judge", "low", "high").to_dicts())
    colour = alt.Color(
        "name:N",
        title=None,
        scale=alt.Scale(domain=list(WORDS.values()), range=list(COLOURS)),
        legend=alt.Legend(orient="bottom", columns=2),
    )
    x = alt.X("judged:Q", title="Items judged", axis=alt.Axis(format="~%"))
    y = alt.Y(
        "of_judge:Q", title="F1, of the judge's own", scale=alt.Scale(zero=False), axis=alt.Axis(format="~%")
    )
    base = alt.Chart(data).encode(x=x, color=colour)
    goal = alt.Chart(alt.InlineData(values=[{"goal": 0.99}])).mark_rule(strokeDash=[4, 4], color="#1f2933")
    lines = base.mark_line(point=True).encode(
        y=y,
        tooltip=[
            alt.Tooltip("name:N", title="way"),
            alt.Tooltip("judged:Q", format=".1%"),
            alt.Tooltip("of_judge:Q", title="of the judge's F1", format=".1%"),
        ],
    )
    intervals = (
        base.transform_filter("datum.name == 'two thresholds, blended score'")
        .mark_rule(strokeOpacity=0.4)
        .encode(y=alt.Y("low:Q", title="F1, of the judge's own"), y2="high:Q")
    )
    chart: alt.LayerChart | alt.FacetChart = alt.layer(goal.encode(y="goal:Q"), intervals, lines).properties(
        width=WIDTH, height=HEIGHT
    )
    return chart
