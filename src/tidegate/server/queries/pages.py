"""The page of queries: SQL in, a table, a chart and a file out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from typing import Any

import polars as pl
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from tidegate.errors import RunError
from tidegate.server.days import between, day_field
from tidegate.server.figures.charts import MOST_MARKS, bars, lines
from tidegate.server.figures.wording import extremes
from tidegate.server.people.access import Standing, open_to
from tidegate.server.queries.asking import LONGEST_S, MOST_ROWS, Answer, ask
from tidegate.server.queries.tables import columns
from tidegate.server.zones.scope import SITE
from tidegate.warehouse import guarded

WEEK = timedelta(days=7)
SHOWN = 200
CELL = 200
"""Rows, and characters of a cell, that the page shows; the file has all of them."""
LARGEST = 100_000
OF_A_CELL = 30
"""Bytes of a table on the page, and of the marks around a cell."""
FIRST = "select action, count(*) as decisions\nfrom decisions\ngroup by action\norder by decisions desc"
BARS, LINE = "bars", "line"


class Query(forms.Form):
    """A query, and what it is asked of. Days are those of whoever asks."""

    sql = forms.CharField(
        label="SQL",
        max_length=20_000,
        widget=forms.Textarea({"rows": 10, "class": "code", "spellcheck": "false"}),
    )
    since = day_field(_("From"))
    until = day_field(_("Up to and with"))
    chart = forms.ChoiceField(
        label=_("Chart"), required=False, choices=[("", _("none")), (BARS, _("bars")), (LINE, _("a line"))]
    )

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        since, until = told.get("since"), told.get("until")
        if since and until and since > until:
            raise forms.ValidationError(_("The last day is before the first."))
        return told


@open_to("query")
@require_http_methods(["GET", "HEAD", "POST"])
def queries(request: HttpRequest) -> HttpResponse:
    """The form, and the answer. A query is sent as a form, so that it stands in no address and no log."""
    who: Standing = request.standing  # type: ignore[attr-defined]
    today = timezone.localdate()
    form = Query(request.POST or None, initial={"sql": FIRST, "since": today - WEEK, "until": today})
    context: dict[str, Any] = {
        "form": form,
        "tables": list(columns().items()),
        "most": MOST_ROWS,
        "longest": int(LONGEST_S),
        "shown": SHOWN,
    }
    if request.method == "POST" and form.is_valid():
        try:
            found = _asked(form.cleaned_data, who)
        except RunError as error:
            context["problem"] = " ".join(filter(None, [f"{error.what}.", error.remedy]))
        else:
            if request.POST.get("do") == "csv":
                return _file(found)
            context |= _told(found, form.cleaned_data["chart"])
    return render(request, "queries/queries.html", context)


def _asked(asked: Mapping[str, Any], who: Standing) -> Answer:
    since, until = between(asked["since"], asked["until"])
    return ask(asked["sql"], who.zones - {SITE}, since, until, actor=who.person.actor)


def _file(found: Answer) -> HttpResponse:
    times = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
    # What has parts of its own is written as JSON, as is what CSV has no form for.
    nested = [
        name
        for name, dtype in found.frame.schema.items()
        if dtype.is_nested() or dtype in (pl.Object, pl.Binary)
    ]
    flat = found.frame.with_columns(times).with_columns(
        pl.Series(
            name, [None if one is None else str(one) for one in found.frame[name].to_list()], dtype=pl.String
        )
        for name in nested
    )
    response = HttpResponse(guarded(flat).write_csv(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="answer.csv"'
    return response


def _told(found: Answer, chart: str) -> dict[str, Any]:
    frame = found.frame
    rows = _shown(frame.head(SHOWN))
    return {
        "answer": found,
        "names": frame.columns,
        "heads": [(name, dtype.is_numeric()) for name, dtype in frame.schema.items()],
        "rows": rows,
        "shown": len(rows),
        "count": len(frame),
        "wants_chart": bool(chart),
        **_charted(frame, chart),
    }


def _shown(head: pl.DataFrame) -> list[list[tuple[str, bool]]]:
    """Cells, each with whether it is a number; so many rows that the page stays small."""
    rows: list[list[tuple[str, bool]]] = []
    left = LARGEST
    for row in head.iter_rows():
        cells = [(_cell(value), dtype.is_numeric()) for value, dtype in zip(row, head.dtypes, strict=True)]
        left -= sum(len(text.encode()) + OF_A_CELL for text, _number in cells)
        if left < 0 and rows:
            break
        rows.append(cells)
    return rows


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL else f"{text[:CELL]}…"


def _charted(frame: pl.DataFrame, chart: str) -> dict[str, Any]:
    """The second column, where it is of numbers, by the first one, as a chart and as a sentence."""
    if not chart or frame.width < 2 or not frame.dtypes[1].is_numeric():
        return {"chart": None}
    rows = [
        {"label": _cell(label), "value": float(value) if value is not None and isfinite(value) else None}
        for label, value in frame.head(MOST_MARKS).select(frame.columns[:2]).iter_rows()
    ]
    draw = lines if chart == LINE else bars
    drawn = draw(rows, names=(frame.columns[0], frame.columns[1]))
    return {"chart": drawn, "sentence": extremes(rows), "marks": len(rows)}
