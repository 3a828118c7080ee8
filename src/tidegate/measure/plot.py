"""Estimates as a chart: a point with its interval, and the truth as a mark where it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from tidegate.errors import MeasureError
from tidegate.measure.wording import format_estimate

if TYPE_CHECKING:
    import altair as alt

TITLES = {
    "leakage_rate": "Leakage rate: violating, of what passed",
    "leakage_share": "Leakage share: passed, of what violates",
    "overkill_rate": "Overkill rate: harmless, of what was actioned",
    "overkill_share": "Overkill share: actioned, of what is harmless",
}
WIDTH = 420
INK, ESTIMATE, TRUTH = "#1f2933", "#0b6e99", "#c2410c"


def plot(estimates: pl.DataFrame) -> alt.VConcatChart:
    """One panel per measure and weight, one line per slice value, each with its interval.

    Args:
        estimates: rows of `estimate`; with a column `truth` (join `truth` on measure, weight, slice, value
            with `nulls_equal=True`), the truth is marked too.

    Raises:
        MeasureError: the extra `charts` is not installed.
    """
    try:
        import altair as alt
    except ImportError as error:
        raise MeasureError("charts need altair", remedy="pip install tidegate[charts]") from error

    rows = estimates.with_columns(
        label=pl.when(pl.col("slice").is_null())
        .then(pl.lit("all"))
        .otherwise(pl.col("slice") + pl.lit(": ") + pl.col("value")),
        text=pl.Series([format_estimate(row) for row in estimates.iter_rows(named=True)], dtype=pl.String),
    )
    panels = [
        _panel(part, f"{TITLES[measure]} (per {weight})")
        for (measure, weight), part in rows.partition_by(
            "measure", "weight", as_dict=True, maintain_order=True
        ).items()
    ]
    chart: alt.VConcatChart = (
        alt.vconcat(*panels, spacing=24).resolve_scale(x="independent").configure_view(stroke=None)
    )
    return chart


def _panel(rows: pl.DataFrame, title: str) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    columns = [name for name in ("label", "estimate", "low", "high", "truth", "text") if name in rows.columns]
    data = alt.InlineData(values=rows.select(columns).to_dicts())
    # From 0 to the end of the widest interval, so that slices and panels can be compared by eye.
    reach = max(
        float(value)
        for name in ("high", "truth")
        if name in rows.columns
        for value in rows[name].drop_nulls()
    )
    x = alt.X(
        "low:Q",
        title=None,
        axis=alt.Axis(format="~%", tickCount=5),
        scale=alt.Scale(domain=[0, reach or 1.0]),
    )
    y = alt.Y("label:N", title=None, sort=rows["label"].unique(maintain_order=True).to_list())
    hover = [alt.Tooltip("label:N", title="slice"), alt.Tooltip("text:N", title="estimate")]
    base = alt.Chart(data).encode(y=y, tooltip=hover)
    layers = [
        base.mark_rule(color=ESTIMATE, strokeWidth=3, opacity=0.45).encode(x=x, x2="high:Q"),
        base.mark_point(color=ESTIMATE, filled=True, size=70, opacity=1).encode(x="estimate:Q"),
        base.mark_text(color=INK, align="left", dx=12).encode(x=alt.value(WIDTH), text="text:N"),
    ]
    if "truth" in rows.columns:
        layers.append(
            base.mark_point(color=TRUTH, shape="diamond", size=70, strokeWidth=2).encode(
                x="truth:Q", tooltip=[alt.Tooltip("truth:Q", format=".4~%")]
            )
        )
        title += " — diamond: truth"
    heading = alt.TitleParams(title, anchor="start", fontSize=13, color=INK)
    return alt.layer(*layers).properties(title=heading, width=WIDTH, height=alt.Step(24))
