"""The way between the pages: what stands in the bar at the top, for whoever may open it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.server.people.access import Standing


@dataclass(frozen=True)
class Place:
    """A page in the bar: the name of its route, what it is called, and the right that opens it."""

    route: str
    title: str | Promise
    right: str


PLACES = (
    Place("review", _("Review"), "review"),
    Place("care", _("Care"), "review"),
    Place("care_team", _("Care for others"), "run_trials"),
    Place("cases", _("Cases"), "see_content"),
    Place("queues", _("Queues"), "see_figures"),
    Place("reviewers", _("Reviewers"), "see_people"),
    Place("figures", _("Figures"), "see_figures"),
    Place("policies", _("Policies"), "see_content"),
    Place("queries", _("Queries"), "query"),
    Place("golds", _("Golds"), "mark_golds"),
    Place("people", _("People"), "see_people"),
    Place("keys", _("Keys"), "manage_integrations"),
    Place("ledger", _("Ledger"), "read_ledger"),
    Place("launches", _("Launches"), "stop_everything"),
)
"""In the order of the bar. A page that people are to find is listed here."""


def places(request: HttpRequest) -> Mapping[str, Any]:
    """For every template: `places`, of those that whoever asks may open, with what is open now marked."""
    found: Standing | None = getattr(request, "standing", None)
    if found is None:
        return {"places": []}
    addresses = [(place, reverse(place.route)) for place in PLACES if found.may(place.right)]
    return {
        "places": [
            {
                "title": place.title,
                "address": address,
                "here": "page"
                if request.path == address
                else "true"
                if request.path.startswith(address)
                else "",
            }
            for place, address in addresses
        ]
    }
