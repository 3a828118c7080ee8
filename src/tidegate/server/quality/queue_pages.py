"""The page of queues: how they stand, what the next day brings, and reserving tasks for somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import RunError
from tidegate.server.people.access import Standing, open_to
from tidegate.server.quality import assigning
from tidegate.server.quality.health import DAYS, Health, health
from tidegate.server.quality.queue_panels import panels, spread
from tidegate.server.quality.who import reviewers_beside
from tidegate.server.quality.wording import hours, length
from tidegate.server.review.clock import now
from tidegate.server.review.policies import written

LIKELY, POSSIBLE = 0.5, 0.05
"""Chances of being late from which a queue is marked."""


@open_to("see_figures")
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every queue of one's zones, those likeliest to be late first, and one of them in figures."""
    who = _standing(request)
    found = health()
    context: dict[str, Any] = {
        "rows": [_row(one) for one in found],
        "in_danger": sum(one.late > 0 or _chance(one) >= LIKELY for one in found),
        "days": DAYS,
    }
    if found:
        shown = next((one for one in found if _name(one) == request.GET.get("of")), found[0])
        context |= {"of": _name(shown), "panels": panels(shown, now())}
    if who.may("assign"):
        context |= {
            "assign": True,
            "queues": sorted(map(_name, found)),
            "people": reviewers_beside(who.zones),
            "policies": list(written()),
            "most": assigning.MOST,
        }
    return render(request, "quality/queues.html", context)


@open_to("assign")
@require_POST
def reserve(request: HttpRequest) -> HttpResponse:
    """Reserve tasks of the queue that was chosen for whom was chosen."""
    who, given = _standing(request), request.POST
    zone, _slash, queue = given.get("queue", "").partition(" / ")
    to = reviewers_beside(who.zones).filter(username=given.get("to", "")).first()
    number = given.get("most", "")
    most = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
    try:
        if to is None:
            raise RunError(_("there is nobody of this name here"))
        some = assigning.Some(zone, queue, most, given.get("policy", ""), given.get("language", "").strip())
        done = assigning.reserve(some, to, who.person)
    except RunError as error:
        messages.error(request, f"{error.what}. {error.remedy or ''}")
    else:
        said = _("Reserved for %(name)s: %(number)s.")
        messages.success(request, said % {"number": done, "name": to.username})
    return redirect("queues")


def _name(one: Health) -> str:
    """A queue of a zone, as the page calls it."""
    return f"{one.zone} / {one.queue}"


def _chance(one: Health) -> float:
    return one.outlook.chance if one.outlook else 0.0


def _row(one: Health) -> dict[str, Any]:
    tone = "grave" if one.late else "warn" if _chance(one) >= POSSIBLE else "good"
    outlook = one.outlook
    return {
        "health": one,
        "name": _name(one),
        "came": one.came[-1],
        "answered": one.answered[-1],
        "sla": length(one.sla),
        "oldest": "–" if one.oldest is None else length(one.oldest),
        "tone": tone if outlook or one.late else "",
        "outlook": None
        if outlook is None
        else {
            "chance": f"{100 * outlook.chance:.0f} %",
            "late": spread(outlook.late),
            "begins": None if outlook.begins is None else hours(timedelta(hours=outlook.begins)),
            "is_late": outlook.chance >= POSSIBLE,
        },
    }


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
