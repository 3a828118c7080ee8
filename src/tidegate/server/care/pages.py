"""Somebody's own pages: where they stand, how things are shown, what they opted out of, help, trials.

Nothing here shows anything of anybody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.errors import TidegateError
from tidegate.server.care import opting_out, pauses, preferences, trials
from tidegate.server.care.areas import AREAS
from tidegate.server.care.exposure_panels import panels
from tidegate.server.care.looking_back import by_area, by_day
from tidegate.server.care.models import Preview
from tidegate.server.care.preferences import SIZES, SWITCHES, Shown
from tidegate.server.care.settings import care
from tidegate.server.care.state import state
from tidegate.server.care.windows import Window
from tidegate.server.care.wording import LIGHT_ONLY, MEASURES, WHY, WINDOWS, area_name, resources
from tidegate.server.care.wording import SWITCHES as SAID
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.models import User


@open_to("review")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where one stands, the way to step away, and to the other pages."""
    context = {**told(state(_me(request))), "resources": resources()}
    return render(request, "care/home.html", context)


@open_to("review")
@require_safe
def standing(request: HttpRequest) -> HttpResponse:
    """`state.state`, for the screen."""
    return JsonResponse(state(_me(request)))


@open_to("review")
@require_POST
def away(request: HttpRequest) -> HttpResponseBase:
    """Step away at once. The screen, which asks for JSON, is told where one stands then."""
    pauses.step_away(_me(request))
    return _there(request)


@open_to("review")
@require_POST
def back(request: HttpRequest) -> HttpResponseBase:
    """Come back."""
    pauses.come_back(_me(request))
    return _there(request)


@open_to("review")
@require_http_methods(["GET", "HEAD", "POST"])
def showing(request: HttpRequest) -> HttpResponse:
    """How items of each harm area are shown."""
    person = _me(request)
    if request.method == "POST":
        wanted = {area: _shown(request, area or "none") for area in AREAS}
        preferences.choose(person, wanted)
        messages.success(request, _("Saved."))
        return redirect("care_showing")
    chosen = preferences.chosen(person)
    rows = [
        {
            "key": area or "none",
            "name": area_name(area),
            "switches": [(name, SAID[name], getattr(chosen[area], name)) for name in SWITCHES],
            "preview": chosen[area].preview,
        }
        for area in AREAS
    ]
    context = {"rows": rows, "sizes": Preview.choices, "trial": trials.part_of(person) is not None}
    return render(request, "care/showing.html", context)


@open_to("review")
@require_http_methods(["GET", "HEAD", "POST"])
def areas(request: HttpRequest) -> HttpResponse:
    """Which harm areas one is not to be given."""
    person = _me(request)
    if request.method == "POST":
        try:
            opting_out.opt_out(person, request.POST.getlist("area"))
        except TidegateError as error:
            messages.error(request, f"{error.what}. {error.remedy}")
        else:
            messages.success(request, _("Saved."))
        return redirect("care_areas")
    out = opting_out.opted_out(person)
    rows = [{"key": area, "name": area_name(area), "out": area in out} for area in AREAS[:-1]]
    return render(request, "care/areas.html", {"rows": rows, "step": care().least_group})


@open_to("review")
@require_safe
def exposure(request: HttpRequest) -> HttpResponse:
    """What one has been given, for oneself."""
    person = _me(request)
    context = {**told(state(person)), "panels": panels(by_day(person), by_area(person))}
    return render(request, "care/exposure.html", context)


@open_to("review")
@require_http_methods(["GET", "HEAD", "POST"])
def taking_part(request: HttpRequest) -> HttpResponse:
    """The trial that runs, whether one takes part, what one says of the day, and earlier results."""
    person = _me(request)
    if request.method == "POST":
        try:
            _act(request, person)
        except TidegateError as error:
            messages.error(request, " ".join(filter(None, [f"{error.what}.", error.remedy])))
        return redirect("care_trials")
    running, part = trials.running(), trials.part_of(person)
    today = None if part is None else part.said.filter(day=timezone.localdate()).first()
    context = {
        "trial": None if running is None else described(running),
        "part": part,
        "today": today,
        "numbers": range(trials.HEAVIEST_DAY + 1),
        "ended": [described(one) for one in trials.ended()],
        "least": care().trial_group,
    }
    return render(request, "care/trials.html", context)


def told(found: dict[str, Any]) -> dict[str, Any]:
    """A state in words, for pages."""
    until = found["break"]["until"] or found["next_free_at"]
    return {
        "windows": [
            {"name": WINDOWS[Window(one["window"])], "used": one["used"], "limit": one["limit"]}
            for one in found["windows"]
        ],
        "why": WHY.get(found["why"]),
        "light": LIGHT_ONLY if found["light_only"] and found["why"] in tuple(Window) else None,
        "until": None if until is None or found["why"] is None else datetime.fromisoformat(until),
        "pause": found["break"],
        "away": found["away"],
    }


def described(trial: Any) -> dict[str, Any]:
    """A trial in words: what it changes, where, and what came of it."""
    return {
        "name": trial.name,
        "setting": SAID[trial.setting],
        "areas": [area_name(area) for area in trial.areas],
        "begun_at": trial.begun_at,
        "ended_at": trial.ended_at,
        "results": [{"said": MEASURES[name], **found} for name, found in (trial.result or {}).items()],
    }


def _act(request: HttpRequest, person: User) -> None:
    if "join" in request.POST:
        trials.take_part(person)
        messages.success(request, _("You take part. You can leave at any moment."))
    elif "leave" in request.POST:
        trials.leave(person)
        messages.success(request, _("You take part no more. What was known of you is deleted."))
    else:
        heavy = request.POST.get("heavy", "")
        trials.say(person, int(heavy) if heavy.isdecimal() and len(heavy) < 3 else -1, timezone.localdate())
        messages.success(request, _("Saved."))


def _shown(request: HttpRequest, key: str) -> Shown:
    size = request.POST.get(f"{key}.preview")
    on = {name: f"{key}.{name}" in request.POST for name in SWITCHES}
    return Shown(**on, preview=size if size in SIZES else SIZES[0])


def _there(request: HttpRequest) -> HttpResponseBase:
    if request.accepts("text/html"):
        return redirect("care")
    return JsonResponse(state(_me(request)))


def _me(request: HttpRequest) -> User:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found.person
