"""Pages on which a new version is written and tried, and a published one tried, before it decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tidegate.errors import RunError, TidegateError
from tidegate.server.figures.wording import difference_rows
from tidegate.server.launches.actions import publish
from tidegate.server.launches.decider import checked
from tidegate.server.launches.four_eyes import needs_second
from tidegate.server.launches.models import StrategyVersion
from tidegate.server.launches.pages import said
from tidegate.server.launches.proposals import propose
from tidegate.server.launches.reads import active, version_of
from tidegate.server.launches.trying import SIZES, Trial, try_out
from tidegate.server.launches.versions import chosen
from tidegate.server.people.access import Standing, open_to
from tidegate.server.zones.scope import SITE
from tidegate.strategy.differences import differences

RULES_SHOWN = 30


@open_to("publish_strategies")
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest) -> HttpResponse:
    """A text to change, beginning with the one that decides: tried as often as one likes, then published."""
    now = _now()
    context: dict[str, Any] = {
        "now": now,
        "text": "" if now is None else now.text,
        "four_eyes": needs_second(None),
        **_choices(request),
    }
    if request.method != "POST":
        return render(request, "launches/draft.html", context)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    message = request.POST.get("message", "").strip()
    context |= {"text": text, "message": message}
    try:
        if request.POST.get("do") == "publish":
            return _publish(request, text, message)
        context["said"] = [] if now is None else differences(checked(now.text), checked(text))
        context |= _tried(request, text)
    except TidegateError as error:
        context["problem"] = said(error)
    return render(request, "launches/draft.html", context)


@open_to("see_figures")
@require_POST
def try_version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """A published version on what was decided of late."""
    try:
        version = version_of(name, number)
    except TidegateError:
        return render(request, "404.html", status=404)
    context: dict[str, Any] = {"version": version, **_choices(request)}
    try:
        context |= _tried(request, version.text)
    except TidegateError as error:
        context["problem"] = said(error)
    return render(request, "launches/tried.html", context)


def _publish(request: HttpRequest, text: str, message: str) -> HttpResponse:
    if not message:
        raise RunError(_("Say why: nothing is published without a reason"))
    actor, now = _standing(request).person.actor, "activate" in request.POST
    second = needs_second(None)
    made = publish(text, message, actor=actor, activate=now and not second)
    names = {"name": made.name, "number": made.number}
    messages.success(request, _("%(name)s %(number)s is published.") % names)
    if now and second:
        propose(made.name, made.number, message, actor=actor)
        messages.success(request, _("%(name)s %(number)s waits for a second person.") % names)
    return redirect("launches")


def _choices(request: HttpRequest) -> dict[str, Any]:
    zones = sorted(_standing(request).zones - {SITE})
    return {
        "zones": zones,
        "zone": request.POST.get("zone"),
        "sizes": SIZES,
        "size": request.POST.get("size"),
    }


def _tried(request: HttpRequest, text: str) -> dict[str, Any]:
    """What a template shows of a trial; examples only to those who may see items."""
    standing = _standing(request)
    zone, size = request.POST.get("zone", ""), request.POST.get("size", "")
    if zone not in standing.zones - {SITE} or size not in map(str, SIZES):
        return {"problem": _("Choose a zone, and on how many decisions to try.")}
    trial = try_out(text, zone, int(size), actor=standing.person.actor)
    return {"trial": trial, **_shown(trial, examples=standing.may("see_content"))}


def _shown(trial: Trial, *, examples: bool) -> dict[str, Any]:
    result = trial.result
    totals = result.totals
    decided = totals.items - totals.undetermined
    return {
        "totals": totals,
        "decided": decided,
        "share": f"{totals.flips / decided:.2%}" if decided else "–",
        "reviews": [int(totals.reviews.before), int(totals.reviews.after)],
        "rules": result.rules.head(RULES_SHOWN).to_dicts(),
        "rules_left": max(0, len(result.rules) - RULES_SHOWN),
        "slices": result.slices.to_dicts(),
        "waiting": result.undetermined.to_dicts(),
        "differences": None if result.differences is None else difference_rows(result.differences),
        "examples": result.most_viewed.to_dicts() if examples else [],
    }


def _now() -> StrategyVersion | None:
    found = active()
    return None if found is None else chosen(found[1])


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
