"""Pages on which admins manage people: invite them, give and take roles and zones, let them in or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import RunError, TidegateError
from tidegate.server.people import persons
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.managing import difference, managed, may_manage, shared
from tidegate.server.people.models import User
from tidegate.server.people.wording import ROLE_NAMES


class Powers(forms.Form):
    """Which roles somebody has, and for which zones they are cleared."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), required=False, widget=forms.CheckboxSelectMultiple
    )
    zones = forms.MultipleChoiceField(
        label=gettext_lazy("Zones"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, who: Standing, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["roles"].choices = list(ROLE_NAMES.items())  # type: ignore[attr-defined]
        self.fields["zones"].choices = [(zone, zone) for zone in sorted(who.zones)]  # type: ignore[attr-defined]


class Invitation(Powers):
    """Somebody new."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=150)
    email = forms.CharField(
        label=gettext_lazy("Email address, for single sign-on"), required=False, max_length=254
    )
    field_order = ("name", "email", "roles", "zones")


@open_to("manage_people")
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Add somebody, and show the link by which they choose a password: this once."""
    who = _standing(request)
    form = Invitation(who, request.POST)
    if not form.is_valid():
        return render(request, "people/invite.html", {"form": form}, status=422)
    said = form.cleaned_data
    try:
        change = difference(User(), who, said["roles"], said["zones"])
        person = persons.add_person(
            said["name"],
            persons.Change(change.roles, zones=change.zones, email=said["email"] or None),
            actor=who.person.actor,
        )
    except TidegateError as error:
        form.add_error(None, _told(error))
        return render(request, "people/invite.html", {"form": form}, status=422)
    return _link(request, person)


@open_to("manage_people")
@require_safe
def invitation(request: HttpRequest) -> HttpResponse:
    """The form by which somebody is invited."""
    return render(request, "people/invite.html", {"form": Invitation(_standing(request))})


@open_to("manage_people")
@require_safe
def person(request: HttpRequest, name: str) -> HttpResponse:
    """What somebody may do, and how to change that."""
    who, found = _standing(request), _find(request, name)
    given = {
        "roles": [role.name for role in found.given_roles.all()],
        "zones": sorted({one.zone for one in found.clearances.all()} & who.zones),
    }
    context = {
        "person": found,
        "roles": [ROLE_NAMES[role] for role in given["roles"]],
        "zones": given["zones"],
        "form": Powers(who, initial=given),
        "may_manage": may_manage(who, found),
    }
    return render(request, "people/person.html", context)


@open_to("manage_people")
@require_POST
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Give and take roles and zones until they are those that were chosen."""
    who = _standing(request)
    form = Powers(who, request.POST)

    def work(found: User) -> str:
        if not form.is_valid():
            raise RunError(_("There is no such role or zone."))
        said = form.cleaned_data
        persons.set_person(name, difference(found, who, said["roles"], said["zones"]), actor=who.person.actor)
        return _("Saved.")

    return _done(request, name, work)


@open_to("manage_people")
@require_POST
def let_in(request: HttpRequest, name: str) -> HttpResponse:
    """Let somebody in again (`active` is yes), or sign them out and let them in no more (no)."""
    said = request.POST.get("active")

    def work(found: User) -> str:
        if said not in ("yes", "no"):
            raise RunError(_("Say whether to let this person in."))
        active = persons.Change(active=said == "yes")
        persons.set_person(found.username, active, actor=_standing(request).person.actor)
        return _("Saved.")

    return _done(request, name, work)


@open_to("manage_people")
@require_POST
def forget_second_factors(request: HttpRequest, name: str) -> HttpResponse:
    """Remove the second factors of somebody who has lost them."""

    def work(found: User) -> str:
        persons.forget_second_factors(found, actor=_standing(request).person.actor)
        return _("The second factors are removed; another is added at the next sign-in.")

    return _done(request, name, work)


@open_to("manage_people")
@require_POST
def new_link(request: HttpRequest, name: str) -> HttpResponse:
    """Forget somebody's password, and show the link by which they choose another: this once."""
    found = _find(request, name)
    try:
        managed(_standing(request), found)
    except TidegateError as error:
        messages.error(request, _told(error))
        return redirect("person", name)
    return _link(request, found)


def _link(request: HttpRequest, found: User) -> HttpResponse:
    link = persons.welcome_link(found, actor=_standing(request).person.actor)
    return render(request, "people/link.html", {"person": found, "link": link})


def _done(request: HttpRequest, name: str, work: Callable[[User], str]) -> HttpResponseRedirect:
    """Do it to somebody whom whoever asks may manage, and go back to their page, or to all people."""
    who, found = _standing(request), _find(request, name)
    try:
        messages.success(request, work(managed(who, found)))
    except TidegateError as error:
        messages.error(request, _told(error))
    return redirect("person", name)


def _find(request: HttpRequest, name: str) -> User:
    """Somebody who shares a zone with whoever asks; all others are not there."""
    found = shared(_standing(request)).filter(username=name).first()
    if found is None:
        raise Http404
    return found


def _told(error: TidegateError) -> str:
    return " ".join(
        filter(None, [error.what if error.what.endswith(".") else f"{error.what}.", error.remedy])
    )


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
