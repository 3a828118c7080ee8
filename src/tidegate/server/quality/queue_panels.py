"""One queue in figures: what waits against its time, what comes and is answered, and the next 24 hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tidegate.planning.backlog import HOURS, Forecast, Spread
from tidegate.server.figures.charts import bars, lines
from tidegate.server.figures.panels import Panel
from tidegate.server.quality.health import BANDS, DAY, DAYS, HOUR, Health


def panels(one: Health, at: datetime) -> list[Panel]:
    """The figures of a queue as it stands at this time."""
    found = [_waiting(one), _rates(one, at)]
    return found if one.outlook is None else [*found, _forecast(one.outlook, at)]


def _waiting(one: Health) -> Panel:
    names = [_("less than %(share)s %%") % {"share": f"{100 * share:.0f}"} for share in BANDS]
    rows = list(zip([*names, _("all: late")], one.used, strict=True))
    tasks, used = _("Tasks"), _("Of the time allowed is used")
    late = _("Of %(all)s that wait, %(late)s are late and %(soon)s have used three quarters of their time.")
    return Panel(
        title=_("What waits, by how much of its time is used"),
        chart=bars([{"label": label, "value": value} for label, value in rows], names=(None, tasks)),
        sentence=late % {"all": one.waiting, "late": one.late, "soon": one.used[-2]},
        heads=[used, tasks],
        rows=rows,
    )


def _rates(one: Health, at: datetime) -> Panel:
    """Since the queue began: days on which there was none would look like quiet ones."""
    first = next((day for day in range(DAYS) if one.came[day] or one.answered[day]), DAYS - 1)
    days = [f"{timezone.localtime(at - (DAYS - 1 - day) * DAY):%m-%d}" for day in range(first, DAYS)]
    came, answered = one.came[first:], one.answered[first:]
    names = {_("Came"): came, _("Answered"): answered}
    marks = [
        {"label": day, "value": value, "of": name}
        for name, values in names.items()
        for day, value in zip(days, values, strict=True)
    ]
    along = _("24 hours until %(time)s on") % {"time": f"{timezone.localtime(at):%H:%M}"}
    said = _("A day on the average of %(days)s: %(came)s came, and %(answered)s were answered.")
    averages = {"came": f"{sum(came) / len(days):.1f}", "answered": f"{sum(answered) / len(days):.1f}"}
    return Panel(
        title=_("What came, and what was answered"),
        chart=lines(marks, names=(along, _("Tasks a day"))),
        sentence=said % {"days": len(days), **averages},
        heads=[along, *names],
        rows=list(zip(days, came, answered, strict=True)),
    )


def _forecast(outlook: Forecast, at: datetime) -> Panel:
    hours = [f"{timezone.localtime(at + (hour + 1) * HOUR):%H:%M}" for hour in range(HOURS)]
    names = {_("Wait"): outlook.waiting_by_hour, _("Late"): outlook.late_by_hour}
    marks = [
        {"label": hour, "of": name, "low": low, "value": middle, "high": high}
        for name, spreads in names.items()
        for hour, (low, middle, high) in zip(hours, spreads, strict=True)
    ]
    said = _("In 24 hours %(waiting)s wait and %(late)s are late; late at all with a chance of %(chance)s.")
    told = {"waiting": spread(outlook.waiting), "late": spread(outlook.late)}
    return Panel(
        title=_("What the next 24 hours are likely to bring"),
        meaning=_("the median of 2,000 plays, and from the 5th to the 95th of 100"),
        chart=lines(marks, names=(_("Time"), _("Tasks"))),
        sentence=said % {"chance": f"{100 * outlook.chance:.0f} %", **told},
        heads=[_("Time"), *names],
        rows=_spreads(hours, *names.values()),
    )


def _spreads(hours: Sequence[str], *spreads: Sequence[Spread]) -> list[list[Any]]:
    return [[hour, *(spread(one) for one in of)] for hour, *of in zip(hours, *spreads, strict=True)]


def spread(one: Spread) -> str:
    """The median, and between which numbers most plays are."""
    low, middle, high = one
    return f"{middle:.0f} ({low:.0f}–{high:.0f})"
