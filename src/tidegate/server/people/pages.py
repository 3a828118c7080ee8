"""Pages of people: where one lands, one's own account, and who there is."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.server.content.models import Item
from tidegate.server.people.access import ACCOUNT, SIGNED_IN, Standing, open_to
from tidegate.server.people.managing import shared
from tidegate.server.people.persons import Change, set_person
from tidegate.server.people.wording import ROLE_NAMES
from tidegate.server.zones.scope import SITE


@open_to(SIGNED_IN)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """One's roles and zones, and what one may open from here."""
    found: Standing = request.standing  # type: ignore[attr-defined]
    counts = {zone: Item.objects.filter(zone=zone).count() for zone in sorted(found.zones - {SITE})}
    roles = [ROLE_NAMES[role] for role in sorted(found.roles)]
    return render(request, "people/home.html", {"counts": counts, "roles": roles})


class Profile(forms.Form):
    """How pages speak to somebody."""

    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name) for name in sorted(available_timezones())]
    )


@open_to(ACCOUNT)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """One's own language and time zone, and the way to password and second factor."""
    found: Standing = request.standing  # type: ignore[attr-defined]
    person = found.person
    given: Any = {"language": person.language, "time_zone": person.time_zone}
    form = Profile(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        set_person(person.username, Change(**form.cleaned_data), actor=person.actor)
        translation.activate(form.cleaned_data["language"] or translation.get_language_from_request(request))
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
    return render(request, "people/account.html", {"form": form, "lacks": found.lacks_second_factor})


@open_to("see_people")
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Those who share a zone with whoever asks, with the shared zones only."""
    found: Standing = request.standing  # type: ignore[attr-defined]
    rows = [
        {
            "name": person.username,
            "roles": [ROLE_NAMES[role.name] for role in person.given_roles.all()],
            "zones": sorted({one.zone for one in person.clearances.all()} & found.zones),
            "active": person.is_active,
        }
        for person in shared(found).prefetch_related("given_roles", "clearances").order_by("username")
    ]
    context = {"people": rows, "may_manage": found.may("manage_people")}
    return render(request, "people/people.html", context)
