"""One's own exposure in figures, of days that are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from tidegate.server.care.wording import area_name
from tidegate.server.figures.charts import bars, lines
from tidegate.server.figures.panels import Panel
from tidegate.server.figures.wording import extremes

DAY = timedelta(days=1)


def panels(days: Sequence[Mapping[str, Any]], areas: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The rows of `looking_back.by_day` and `by_area` as figures; none where there are no days."""
    return [_of_days(days), _of_areas(areas)] if days else []


def _of_days(days: Sequence[Mapping[str, Any]]) -> Panel:
    """Days without anything are shown too, so that a rest is seen as one."""
    known = {one["day"]: one for one in days}
    span = (max(known) - min(known)).days
    every = [min(known) + number * DAY for number in range(span + 1)]
    rows = [
        (f"{day:%Y-%m-%d}", *((known[day]["tasks"], known[day]["points"]) if day in known else (0, 0)))
        for day in every
    ]
    marks = [{"label": label[5:], "value": points} for label, _tasks, points in rows]
    sums = {"number": len(days), "sum": sum(row[2] for row in rows), "most": max(row[2] for row in rows)}
    said = _("Days with items: %(number)s. Points: %(sum)s in all, %(most)s on the heaviest day.") % sums
    return Panel(
        title=_("By day"),
        chart=lines(marks, names=(_("Day"), _("Points"))),
        sentence=said,
        heads=[_("Day"), _("Items"), _("Points")],
        rows=rows[::-1],
    )


def _of_areas(areas: Sequence[Mapping[str, Any]]) -> Panel:
    rows = [(str(area_name(one["area"])), one["tasks"], one["points"]) for one in areas]
    marks = [{"label": label, "value": points} for label, _tasks, points in rows]
    return Panel(
        title=_("By harm area that was suspected"),
        chart=bars(marks, names=(None, _("Points"))),
        sentence=extremes(marks),
        heads=[_("Area"), _("Items"), _("Points")],
        rows=rows,
    )
