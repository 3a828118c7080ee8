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
    """A page in the bar: the name of its route, what it is called, the right that opens it, and what one
    does there, for those who see the bar for the first time."""

    route: str
    title: str | Promise
    right: str
    about: str | Promise


PLACES = (
    Place("review", _("Review"), "review", _("Decide what waits for people.")),
    Place("care", _("Care"), "review", _("Step away, breaks, how things are shown, your own exposure.")),
    Place(
        "care_team",
        _("Care for others"),
        "run_trials",
        _("Limits on exposure, and trials of how items are shown."),
    ),
    Place(
        "cases",
        _("Cases"),
        "see_content",
        _("Find items: why they were decided as they were, and what happened since."),
    ),
    Place(
        "queues",
        _("Queues"),
        "see_figures",
        _("How much waits, what will be late, and tasks for somebody."),
    ),
    Place("reviewers", _("Reviewers"), "see_people", _("How people's answers fare, with intervals.")),
    Place(
        "figures",
        _("Figures"),
        "see_figures",
        _("Leakage and overkill: how much harm got through, how much good content was stopped."),
    ),
    Place("policies", _("Policies"), "see_content", _("What people and models judge by.")),
    Place(
        "queries",
        _("Queries"),
        "query",
        _("SQL over items, decisions, events and answers, with chart and file."),
    ),
    Place(
        "golds",
        _("Golds"),
        "mark_golds",
        _("Items whose answer is known, mixed in to tell how well others are answered."),
    ),
    Place("people", _("People"), "see_people", _("Who may sign in, with which roles, for which zones.")),
    Place(
        "keys",
        _("Keys"),
        "manage_integrations",
        _("Keys by which platforms send items and fetch decisions."),
    ),
    Place("ledger", _("Ledger"), "read_ledger", _("Every act: who did what, when.")),
    Place(
        "launches",
        _("Launches"),
        "stop_everything",
        _("Which strategy decides, kill switches, new versions."),
    ),
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
                "about": place.about,
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
