"""What leads and program managers do for the care of others: lower limits, counts of many, trials."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import RunError, TidegateError, Where
from tidegate.server.care import trials
from tidegate.server.care.areas import AREAS
from tidegate.server.care.lowering import FIELDS, set_limits
from tidegate.server.care.models import Limits
from tidegate.server.care.opting_out import counts
from tidegate.server.care.pages import described
from tidegate.server.care.settings import care
from tidegate.server.care.wording import SWITCHES, area_name
from tidegate.server.people.access import Standing, open_to
from tidegate.server.quality.who import reviewers_beside
from tidegate.server.zones.scope import SITE


@open_to("run_trials")
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    """Limits of single people, how many have opted out of what, the trial that runs, and earlier ones."""
    who, running = _standing(request), trials.running()
    people = list(reviewers_beside(who.zones))
    context = {
        "site": [getattr(care(), name) for name in FIELDS],
        "people": [person.username for person in people],
        "lower": [
            {"name": one.person.username, "limits": [getattr(one, name) for name in FIELDS]}
            for one in Limits.objects.filter(person__in=people).select_related("person")
        ],
        "counts": [
            {"zone": zone, "areas": [(area_name(area), count) for area, count in counts(zone)]}
            for zone in sorted(who.zones - {SITE})
        ],
        "least": care().least_group,
        "trial": None if running is None else described(running),
        "enough": running is not None and trials.is_enough(running),
        "switches": SWITCHES.items(),
        "areas": [(area, area_name(area)) for area in AREAS[:-1]],
        "may_assign": who.may("assign"),
        "rotates": round(100 * care().rotate_from) if care().rotate_from < 1 else None,
        "trial_group": care().trial_group,
        "ended": [described(one) for one in trials.ended()],
    }
    return render(request, "care/team.html", context)


@open_to("assign")
@require_POST
def limits(request: HttpRequest) -> HttpResponse:
    """Set somebody's lower limits."""
    who = _standing(request)

    def work() -> str:
        name = request.POST.get("person", "")
        person = reviewers_beside(who.zones).filter(username=name.replace("\0", "")).first()
        if person is None:
            raise RunError("there is nobody of this name here", where=Where(field="person"))
        set_limits(person, {name: _whole(request, name) for name in FIELDS}, actor=who.person.actor)
        return _("Saved.")

    return _done(request, work)


@open_to("run_trials")
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a trial."""

    def work() -> str:
        name, setting = request.POST.get("name", "").strip(), request.POST.get("setting", "")
        trials.begin(name, setting, request.POST.getlist("area"), actor=_standing(request).person.actor)
        return _("The trial has begun. Tell people; nobody takes part unless they choose to.")

    return _done(request, work)


@open_to("run_trials")
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End the trial."""

    def work() -> str:
        trials.end(request.POST.get("name", ""), actor=_standing(request).person.actor)
        return _("The trial has ended. What single people said is deleted.")

    return _done(request, work)


def _done(request: HttpRequest, work: Any) -> HttpResponse:
    try:
        messages.success(request, work())
    except TidegateError as error:
        messages.error(request, " ".join(filter(None, [f"{error.what}.", error.remedy])))
    return redirect("care_team")


def _whole(request: HttpRequest, name: str) -> int | None:
    told = request.POST.get(name, "").strip()
    if not told:
        return None
    return int(told) if told.isdecimal() and len(told) < 10 else -1


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
