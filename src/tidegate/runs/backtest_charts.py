"""The two charts of a backtest report, as SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import polars as pl

from tidegate.errors import RunError
from tidegate.runs.backtest_words import MEASURES, compact

UNDETERMINED = "undetermined"
WIDTH = 340
"""Outer width in pixels, so that type keeps its size on a telephone of 390."""

INK, SOFT, RULE, TIDE = "var(--ink)", "var(--soft)", "var(--rule)", "var(--tide)"
BETTER, WORSE = "var(--better)", "var(--worse)"


def check_installed() -> None:
    """Raise before any work is done where charts cannot be drawn.

    Raises:
        RunError: Altair or vl-convert is not installed.
    """
    if not (find_spec("altair") and find_spec("vl_convert")):
        raise RunError(
            "the report's charts need Altair and vl-convert, which are not installed",
            remedy='pip install "tidegate[charts]"',
        )


def differences_svg(differences: pl.DataFrame) -> str:
    """Each difference with its interval, in points, and the line at zero; the truth as a small bar."""
    import altair as alt

    rows = differences.filter(pl.col("low").is_not_null()).select(
        measure=pl.col("measure").replace_strict(MEASURES),
        weight="weight",
        low=pl.col("low") * 100,
        high=pl.col("high") * 100,
        estimate=pl.col("estimate") * 100,
        truth=pl.col("truth") * 100,
        verdict=pl.when(pl.col("high") < 0)
        .then(pl.lit("better"))
        .when(pl.col("low") > 0)
        .then(pl.lit("worse"))
        .otherwise(pl.lit("open")),
    )
    verdicts = alt.Scale(domain=["better", "worse", "open"], range=[BETTER, WORSE, SOFT])
    colour = alt.Color("verdict:N", scale=verdicts, legend=None)
    base = alt.Chart(rows).encode(
        y=alt.Y("weight:N", sort=["item", "view"], title=None, axis=None, scale=alt.Scale(paddingOuter=0.3))
    )
    zero = base.mark_rule(color=INK, strokeWidth=1).encode(x=alt.datum(0), y=alt.Y())
    span = base.mark_rule(strokeWidth=2, strokeCap="round").encode(
        x=alt.X("low:Q", title=None, axis=alt.Axis(tickCount=4, labelFlush=False)), x2="high:Q", color=colour
    )
    filled = base.transform_filter("datum.weight == 'item'").mark_point(size=55, filled=True, opacity=1)
    hollow = base.transform_filter("datum.weight == 'view'").mark_point(
        size=45, filled=False, fill="var(--paper)", strokeWidth=2, opacity=1
    )
    truth = base.mark_tick(color=INK, thickness=2, height=11)
    layers = [
        zero,
        span,
        filled.encode(x="estimate:Q", color=colour),
        hollow.encode(x="estimate:Q", color=colour),
    ]
    if rows["truth"].null_count() < len(rows):
        layers.append(truth.encode(x="truth:Q"))
    # Each error on a scale of its own: shares and rates may differ a hundredfold.
    return _svg(
        alt.layer(*layers, data=rows)
        .properties(width=WIDTH - 126, height=36)
        .facet(
            row=alt.Row(
                "measure:N",
                sort=list(MEASURES.values()),
                header=alt.Header(title=None, labelAngle=0, labelAlign="left", labelOrient="left"),
            ),
            spacing=12,
        )
        .resolve_scale(x="independent")
    )


def matrix_svg(matrix: pl.DataFrame, actions: Sequence[str]) -> str:
    """From → to with counts; flips are tinted by how many they are, the rest is grey."""
    import altair as alt

    cells = matrix.select(
        "action",
        pl.col("action_after").fill_null(UNDETERMINED),
        "items",
        label=pl.col("items").map_elements(compact, return_dtype=pl.String),
        flips=(pl.col("action") != pl.col("action_after")).fill_null(False),
    )
    most = cells.filter("flips")["items"].max() or 1
    cells = cells.with_columns(tint=0.15 + 0.6 * (pl.col("items") / most).sqrt())
    rows = [a for a in actions if a in set(cells["action"])]
    columns = [a for a in (*actions, UNDETERMINED) if a in set(cells["action_after"])]
    side = min(64, (WIDTH - 108) // max(len(columns), 1))
    base = alt.Chart(cells).encode(
        x=alt.X(
            "action_after:N",
            sort=columns,
            title="after",
            axis=alt.Axis(orient="top", labelAngle=-40, ticks=False, domain=False, grid=False),
        ),
        y=alt.Y(
            "action:N",
            sort=rows,
            title="before",
            axis=alt.Axis(titlePadding=16, ticks=False, domain=False, grid=False),
        ),
    )
    grounds = base.mark_rect(fill=RULE, opacity=0.6, stroke="var(--paper)", strokeWidth=2)
    tints = (
        base.transform_filter("datum.flips")
        .mark_rect(fill=TIDE, stroke="var(--paper)", strokeWidth=2)
        .encode(opacity=alt.Opacity("tint:Q", scale=None))
    )
    counts = base.mark_text(fontSize=11, color=INK).encode(text="label:N")
    return _svg(
        alt.layer(grounds, tints, counts).properties(width=side * len(columns), height=34 * len(rows))
    )


def _svg(chart: Any) -> str:
    import vl_convert

    styled = (
        # The page's own type may be wider than the one that is measured with here.
        chart.configure(
            background="transparent",
            font="sans-serif",
            aria=False,
            padding={"left": 18, "right": 8, "top": 6, "bottom": 4},
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=SOFT,
            titleFontWeight="normal",
            labelFontSize=11,
            titleFontSize=11,
            gridColor=RULE,
            domainColor=RULE,
            tickColor=RULE,
        )
    )
    svg: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return svg
