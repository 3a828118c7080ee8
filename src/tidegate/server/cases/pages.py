"""Pages of cases: finding items, and one item as it is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tidegate.server.cases.history import history
from tidegate.server.cases.known import known_names
from tidegate.server.cases.search import EXACT, LONGEST, Wanted, record, search, texts
from tidegate.server.cases.why import version_behind, why
from tidegate.server.content.arrivals import CONTENT
from tidegate.server.content.models import PEOPLE
from tidegate.server.content.reads import see_item
from tidegate.server.cursors import CursorError, cursor, row_of
from tidegate.server.days import between, day_field
from tidegate.server.people.access import Standing, open_to
from tidegate.server.zones.scope import SITE

CASES = "cases"
WEEK = timedelta(days=7)
SNIPPET = 160
"""Characters of a text that a row shows."""


@open_to("see_content")
@require_safe
def item(request: HttpRequest, zone: str, external_id: str) -> HttpResponse:
    """What was sent, what was decided and why, and all that happened since. That it was seen is recorded."""
    who = _standing(request)
    seen = see_item(zone, external_id, actor=who.person.actor)
    if seen is None:
        raise Http404
    one, version, decisions, pending = seen
    stands = decisions[0] if decisions else None
    # What people decide needs no explaining by rules; what a strategy said before them does.
    decided = next((one for one in decisions if one.strategy != PEOPLE), None)
    context = {
        "item": one,
        "content": {name: getattr(version, name) for name in CONTENT},
        "stands": stands,
        "pending": pending,
        "by_person": stands is not None and stands.strategy == PEOPLE,
        "version": None if decided is None else version_behind(decided),
        "why": None if decided is None else why(decided),
        "history": history(one, names=who.may("see_people"), audits=not who.may("label_audits")),
        "may_see_versions": who.may("stop_everything"),
    }
    return render(request, "cases/item.html", context)


class Search(forms.Form):
    """What is searched by. Days are those of whoever asks, in their time zone."""

    text = forms.CharField(label=_("Says"), required=False, max_length=200)
    author = forms.CharField(label=_("Author"), required=False, max_length=500)
    item = forms.CharField(label=_("Item"), required=False, max_length=512)
    rule = forms.CharField(label=_("Rule"), required=False, max_length=200)
    action = forms.CharField(label=_("Action"), required=False, max_length=60)
    policy = forms.CharField(label=_("Policy"), required=False, max_length=200)
    queue = forms.CharField(label=_("Queue"), required=False, max_length=200)
    since = day_field(_("From"))
    until = day_field(_("Up to and with"))
    show = forms.BooleanField(label=_("Show what they say"), required=False)
    before = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        since, until = told.get("since"), told.get("until")
        if since and until and not timedelta() <= until - since <= LONGEST:
            raise forms.ValidationError(
                _("Choose a first and a last day, at most %(days)s days apart."),
                params={"days": LONGEST.days},
            )
        return told

    def wanted(self, zones: frozenset[str]) -> Wanted:
        asked: Mapping[str, Any] = self.cleaned_data
        exact = {name: asked[name] for name in EXACT}
        return Wanted(zones - {SITE}, *between(asked["since"], asked["until"]), asked["text"], exact)


@open_to("see_content")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """The form, and what is found. Texts are shown only to whoever asks for them."""
    who, today = _standing(request), timezone.localdate()
    asked = request.GET if "since" in request.GET else None
    form = Search(asked, initial={"since": today - WEEK, "until": today})
    known = known_names()
    for name in known:
        form.fields[name].widget.attrs["list"] = f"known-{name}"
    context: dict[str, Any] = {"form": form, "asked": asked is not None, "known": known, "people": PEOPLE}
    if asked is not None and form.is_valid():
        wanted = form.wanted(who.zones)
        found = search(wanted, before=_row(form.cleaned_data["before"]))
        shown = form.cleaned_data["show"]
        record(wanted, found, shown=shown, actor=who.person.actor)
        said = texts(found.rows) if shown else {}
        context["rows"] = [(one, _cut(said.get(one.item_id))) for one in found.rows]
        context["shown"] = shown
        if not found.rows:
            context["unknown"] = [
                (form.fields[name].label, form.cleaned_data[name], names)
                for name, names in known.items()
                if form.cleaned_data[name] and form.cleaned_data[name] not in names
            ]
        if found.following is not None:
            again = {name: value for name, value in asked.items() if name != "before"}
            context["following"] = urlencode({**again, "before": cursor(CASES, found.following)})
    return render(request, "cases/cases.html", context)


def _row(place: str) -> int | None:
    """The row that a page ends with. Addresses hold a cursor: the number would tell of other zones."""
    if not place:
        return None
    try:
        return row_of(CASES, place)
    except CursorError as error:
        raise Http404 from error


def _cut(text: str | None) -> str:
    return "" if text is None else text if len(text) <= SNIPPET else f"{text[:SNIPPET]}…"


def _standing(request: HttpRequest) -> Standing:
    found: Standing = request.standing  # type: ignore[attr-defined]
    return found
