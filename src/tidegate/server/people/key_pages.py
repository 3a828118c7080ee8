"""Pages on which admins manage the keys of integrations, of their own zones."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tidegate.errors import TidegateError
from tidegate.server.people.access import Standing, open_to
from tidegate.server.people.keys import make_key, revoke_key
from tidegate.server.people.managing import scopes_to_give, zones_of_keys
from tidegate.server.people.models import ApiKey

MOST = 1_000_000


class NewKey(forms.Form):
    """A key to make."""

    name = forms.SlugField(label=gettext_lazy("Name"), max_length=100)
    zone = forms.ChoiceField(label=gettext_lazy("Zone"))
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), widget=forms.CheckboxSelectMultiple
    )
    per_minute = forms.IntegerField(
        label=gettext_lazy("Items a minute, if limited"), required=False, min_value=1, max_value=MOST
    )

    def __init__(self, who: Standing, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["zone"].choices = [(zone, zone) for zone in zones_of_keys(who)]  # type: ignore[attr-defined]
        self.fields["scopes"].choices = [(one, one) for one in scopes_to_give(who)]  # type: ignore[attr-defined]


@open_to("manage_integrations")
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of one's zones, those in use first, and the form for another."""
    return _shown(request, NewKey(_standing(request)))


@open_to("manage_integrations")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Make a key, and show it: this once."""
    who = _standing(request)
    form = NewKey(who, request.POST)
    if not form.is_valid():
        return _shown(request, form, status=422)
    said = form.cleaned_data
    try:
        key = make_key(
            said["name"],
            said["zone"],
            said["scopes"],
            actor=who.person.actor,
            per_minute=said["per_minute"],
        )
    except TidegateError as error:
        form.add_error("name", f"{error.what}. {error.remedy}")
        return _shown(request, form, status=422)
    return render(request, "people/key.html", {"name": said["name"], "key": key})


@open_to("manage_integrations")
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke the key that `name` names, from its next request on."""
    name = request.POST.get("name", "")
    try:
        revoke_key(name, actor=_standing(request).person.actor)
        messages.success(request, _("%(name)s is revoked.") % {"name": name})
    except TidegateError as error:
        messages.error(request, f"{error.what}.")
    return redirect("keys")


def _shown(request: HttpRequest, form: NewKey, status: int = 200) -> HttpResponse:
    mine = ApiKey.objects.filter(zone__in=_standing(request).zones)
    ordered = mine.order_by(F("revoked_at").asc(nulls_first=True), "name")
    return render(request, "people/keys.html", {"keys": ordered, "form": form}, status=status)


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
