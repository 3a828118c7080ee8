"""The page of figures: leakage and overkill of what the service decides, as it stands today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import polars as pl
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tidegate.measure import estimate
from tidegate.server.figures.charts import intervals, lines
from tidegate.server.figures.panels import Panel
from tidegate.server.figures.population import SLICES, Measured, measured
from tidegate.server.figures.wording import MEANINGS, MEASURES, WEIGHTS, in_percent, sentence
from tidegate.server.people.access import Standing, open_to
from tidegate.server.zones.scope import SITE

DAYS = (7, 28, 91)
SLICE_NAMES = {
    "language": gettext_lazy("Language"),
    "policy": gettext_lazy("Policy"),
    "rule": gettext_lazy("Rule"),
    "market": gettext_lazy("Market"),
    "surface": gettext_lazy("Surface"),
    "kind": gettext_lazy("Kind"),
    "queue": gettext_lazy("Queue"),
}
ALL = ""
CELLS = ("label", "estimate", "low", "high", "labels", "items")
ROWS_SHOWN = 100
"""Values of a slice in a table; those with the most items."""


class Asked(forms.Form):
    """What the figures are of."""

    zone = forms.ChoiceField(label=gettext_lazy("Zone"), required=False)
    days = forms.TypedChoiceField(
        label=gettext_lazy("Days"), coerce=int, choices=[(days, str(days)) for days in DAYS]
    )
    weight = forms.ChoiceField(label=gettext_lazy("Weight"), choices=list(WEIGHTS.items()))
    by = forms.ChoiceField(
        label=gettext_lazy("Slices"), choices=[(name, SLICE_NAMES[name]) for name in SLICES]
    )

    def __init__(self, *arguments: Any, zones: Iterable[str], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["zone"].choices = [(ALL, _("all of yours")), *((zone, zone) for zone in zones)]


FIRST = {"zone": ALL, "days": 28, "weight": "item", "by": "language"}


@open_to("see_figures")
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The four measures with their intervals, their trend, and one slice of them."""
    standing: Standing = request.standing  # type: ignore[attr-defined]
    zones = sorted(standing.zones - {SITE})
    form = Asked(request.GET if "days" in request.GET else FIRST, zones=zones)
    if not form.is_valid():
        return render(request, "figures/figures.html", {"form": form})
    asked = form.cleaned_data
    chosen = [asked["zone"]] if asked["zone"] else zones
    found = measured(chosen, timezone.now() - timedelta(days=asked["days"]))
    return render(request, "figures/figures.html", {"form": form, **_told(found, asked)})


def _told(found: Measured, asked: Mapping[str, Any]) -> dict[str, Any]:
    trend = "day" if asked["days"] <= DAYS[0] else "week"
    rows = estimate(found.population, found.labels, by=[trend, asked["by"]], weights=[asked["weight"]])
    return {
        "items": len(found.population),
        "labels": found.labels["item_id"].n_unique(),
        "cut": found.cut,
        "overall": [
            {"name": MEASURES[row["measure"]], "meaning": MEANINGS[row["measure"]], **in_percent(row)}
            for row in rows.filter(pl.col("slice").is_null()).iter_rows(named=True)
        ],
        "trends": _panels(rows, trend, _("Day") if trend == "day" else _("Week"), across=True),
        "slices": _panels(rows, asked["by"], str(SLICE_NAMES[asked["by"]]), across=False),
    }


def _panels(rows: pl.DataFrame, name: str, along: str, *, across: bool) -> list[Panel]:
    """For each measure its chart, its sentence and its table, of one slice."""
    heads = [along, _("Estimate"), _("From"), _("To"), _("Labels"), _("Items")]
    panels = []
    for measure, title in MEASURES.items():
        mine = rows.filter((pl.col("slice") == name) & (pl.col("measure") == measure))
        mine = mine.sort("value") if across else mine.sort("items", descending=True).head(ROWS_SHOWN)
        told = [_row(row) for row in mine.iter_rows(named=True)]
        # A slice without any label says nothing: its interval is all there is.
        known = [row for row in told if row["labels"]]
        marks = [_mark(row) for row in known]
        panels.append(
            Panel(
                title=title,
                meaning=MEANINGS[measure],
                chart=lines(marks, names=(along, None), share=True) if across else intervals(marks),
                sentence=sentence(known),
                heads=heads,
                rows=[[row[cell] for cell in CELLS] for row in told],
            )
        )
    return panels


def _mark(row: Mapping[str, Any]) -> dict[str, Any]:
    raw = row["raw"]
    return {"label": row["label"], "value": raw["estimate"], "low": raw["low"], "high": raw["high"]}


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    label = _("(none)") if row["value"] is None else row["value"]
    return {"label": label, "raw": row, **in_percent(row)}
